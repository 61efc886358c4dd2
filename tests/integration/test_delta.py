# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Upgrades by deltas: fewer bytes, the same home. Whatever is in doubt, the whole archive comes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conftest import Everywhere, Interpreter, NewHost
from tests.integration.playbook import Controller
from tests.integration.target import Target

PYTHON = "/opt/python/3.12/bin/python3.12"
# Everything in a home but what the interpreter has compiled, and the time and place of the receipt.
_LISTING = """
cd "$(readlink -f "$1")"
find . -name __pycache__ -prune -o -type l -exec stat -c "%A %u:%g %N" {} + | sort
find . -name __pycache__ -prune -o -type d -exec stat -c "%A %u:%g %n" {} + | sort
find . -name __pycache__ -prune -o -type f -exec stat -c "%A %u:%g %s %h %n" {} + | sort
find . -name __pycache__ -prune -o -type f ! -name .fleet-receipt -exec sha256sum {} + | sort
sed "s/\\"installed\\": \\"[^\\"]*\\"//; s/\\"size\\": [0-9]*//" .fleet-receipt
"""


def _home(target: Target) -> list[str]:
    return target.sh(_LISTING, "/opt/python/3.12").splitlines()


def _one(result: dict[str, Any]) -> dict[str, Any]:
    [found] = result["interpreters"]
    return dict(found)


def _deltas(controller: Controller) -> list[str]:
    return [path.name for path in controller.cache.rglob("deltas/*") if path.stat().st_size > 1000]


def _same_home(image: str, new_host: NewHost, everywhere: Everywhere, controller: Controller) -> None:
    """Two hosts are upgraded by one delta; a third, and one that never had the old build, get the archive."""
    by_delta = [new_host(image, name="one"), new_host(image, name="two")]
    whole, fresh = new_host(image, name="whole"), new_host(image, name="fresh")
    old = everywhere([*by_delta, whole], "3.12.2", transfer="push")
    assert all(_one(outcome.ok())["delta_reason"] for outcome in old.values())

    done = everywhere([*by_delta, fresh], "3.12.6", transfer="push", delta="always")
    archive = _one(everywhere([whole], "3.12.6", transfer="push", delta="never")[whole.name].ok())
    assert not archive["delta"]
    assert not _one(done["fresh"].ok())["delta"]
    assert _one(done["fresh"].ok())["sent_bytes"] == archive["sent_bytes"]
    for target in by_delta:
        result = done[target.name].ok()
        assert "warnings" not in result
        found = _one(result)
        assert (found["action"], found["delta"], found["transfer"]) == ("upgraded", True, "push")
        assert found["delta_reason"].endswith("is whole")
        assert found["sent_bytes"] < archive["sent_bytes"] / 2
        assert found["sha256"] == archive["sha256"]
        target.sh('"$1" -c "import ssl, sys; assert sys.version_info[:3] == (3, 12, 6)"', PYTHON)
        assert _home(target) == _home(whole) == _home(fresh)
    assert len(_deltas(controller)) == 1
    again = everywhere(by_delta, "3.12.6", transfer="push", delta="always", verify="deep")
    assert not any(outcome.ok()["changed"] for outcome in again.values())


# In make test, test_named_deltas.py has a delta that is pushed, and one that is pulled.
@pytest.mark.slow
@pytest.mark.parametrize("image", ["alpine", "debian12", "debian12-arm64"])
def test_the_home_is_the_same_on(image: str, new_host: NewHost, everywhere: Everywhere, controller: Controller) -> None:
    _same_home(image, new_host, everywhere, controller)


@pytest.mark.slow
def test_in_doubt_the_archive_comes(new_host: NewHost, interpreter: Interpreter, controller: Controller) -> None:
    target = new_host("alpine")
    interpreter(target, "3.12.2", transfer="push").ok()

    # Nothing says that making one pays.
    found = _one(interpreter(target, "3.12.6", transfer="push").ok())
    assert (found["action"], found["delta"]) == ("upgraded", False)
    assert "there is none yet" in found["delta_reason"]
    assert _deltas(controller) == []
    interpreter(target, "3.12.6", state="absent").ok()
    interpreter(target, "3.12.2", transfer="push", delta="never").ok()

    # Somebody has changed a file, which a quick look does not see. The host could download, but a delta is wanted.
    target.sh('echo "# mine" >>"$(ls -d /opt/python/cpython-3.12.2*)/lib/python3.12/abc.py"')
    result = interpreter(target, "3.12.6", transfer="auto", delta="always").ok()
    assert not _one(result)["delta"]
    assert "the delta did not fit" in _one(result)["delta_reason"]
    [warning] = result["warnings"]
    assert "lib/python3.12/abc.py of the old home has changed since it was installed" in warning
    assert "so the whole archive comes" in warning
    assert len(_deltas(controller)) == 1
    assert not interpreter(target, "3.12.6", verify="deep").ok()["changed"]
    assert target.sh("ls -A /opt/python/.staging 2>/dev/null || :") == ""
