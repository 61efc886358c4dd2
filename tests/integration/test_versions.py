# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which version is in use: kept, upgraded, turned back, repaired; several at once; extra links."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Interpreter, NewHost
from tests.integration.playbook import plannable
from tests.integration.target import Target
from tests.world.server import MirrorServer


def _downloads(mirror: MirrorServer) -> list[str]:
    return [request.path for request in mirror.requests if request.path.endswith(".tar.gz")]


def _version(target: Target, minor: str = "3.12") -> str:
    return target.sh(f"/opt/python/{minor}/bin/python{minor} -V").removeprefix("Python ").strip()


# The others' links are turned and turned back in test_rollout.py.
@pytest.mark.parametrize(
    "image", ["debian12", *(pytest.param(name, marks=pytest.mark.slow) for name in ("alpine", "debian12-python3"))]
)
def test_the_link_follows_what_is_asked_for(
    image: str, new_host: NewHost, interpreter: Interpreter, mirror: MirrorServer
) -> None:
    target = new_host(image)

    def ask(version: str, state: str = "present") -> tuple[bool, str, str]:
        result = interpreter(target, version, state=state).ok()
        assert result["interpreter"] == "/opt/python/3.12/bin/python3.12"
        return result["changed"], result["interpreters"][0]["action"], _version(target)

    assert ask("3.12.2") == (True, "installed", "3.12.2")
    assert ask("3.12") == (False, "kept", "3.12.2")
    assert ask("3.12", "latest") == (True, "upgraded", "3.12.6")
    assert ask("3.12", "latest") == (False, "kept", "3.12.6")
    assert ask("3.12") == (False, "kept", "3.12.6")
    mirror.requests.clear()
    assert ask("3.12.2") == (True, "rolled_back", "3.12.2")
    assert _downloads(mirror) == []
    assert interpreter(target, "3.12", state="absent").ok()["changed"]
    assert not target.look.file("/opt/python").exists


def test_several_at_once_with_links(new_host: NewHost, interpreter: Interpreter) -> None:
    target = new_host("debian12")
    before = target.state()
    minors = ["3.11", "3.12", "3.13"]
    links = [f"/usr/local/bin/python{minor}" for minor in minors]

    result = interpreter(target, minors, links=links).ok()
    assert [each["request"] for each in result["interpreters"]] == minors
    assert [each["action"] for each in result["interpreters"]] == ["installed"] * 3
    for minor, link in zip(minors, links, strict=True):
        # Not linked_to, which goes on to the last link's target.
        assert target.sh('readlink "$1"', link).strip() == f"/opt/python/{minor}/bin/python{minor}"
        assert target.sh(f'{link} -c "import ssl, sys; print(sys.version)"').startswith(f"{minor}.")
    assert not interpreter(target, minors, links=links).ok()["changed"]

    # One goes with its link, and the others stay.
    assert interpreter(target, "3.12", state="absent").ok()["changed"]
    assert not target.look.file(links[1]).exists
    assert target.look.run(f"{links[0]} -V && {links[2]} -V").rc == 0

    assert interpreter(target, ["3.11", "3.13"], state="absent").ok()["changed"]
    assert target.state() == before


def test_two_requests_for_one_build(new_host: NewHost, interpreter: Interpreter, mirror: MirrorServer) -> None:
    target = new_host("alpine")
    result = interpreter(target, ["3.13", ">=3.13,<3.14"], transfer="pull").ok()
    assert [each["request"] for each in result["interpreters"]] == ["3.13", ">=3.13,<3.14"]
    assert len({each["home"] for each in result["interpreters"]}) == 1
    assert len(_downloads(mirror)) == 1
    assert not interpreter(target, ["3.13", ">=3.13,<3.14"]).ok()["changed"]


# A host with a Python is repaired in test_hostile_values.py, and one of musl too.
@pytest.mark.parametrize(
    "image", ["debian12", *(pytest.param(name, marks=pytest.mark.slow) for name in ("alpine", "debian12-python3"))]
)
def test_damage_is_repaired(image: str, new_host: NewHost, interpreter: Interpreter) -> None:
    target = new_host(image)
    before = target.state()
    assert interpreter(target).ok()["changed"]
    for damage in ("rm lib/python3.13/json/__init__.py", "rm bin/python3.13", ": > .fleet-receipt"):
        target.sh(f"cd -P /opt/python/3.13 && {damage}")
        predicted = interpreter(target, "3.13", "--check").ok()
        repaired = interpreter(target).ok()
        assert repaired["changed"], damage
        assert repaired["interpreters"][0]["action"] == "repaired", damage
        assert plannable(repaired) == predicted["interpreters"], damage
        target.sh('/opt/python/3.13/bin/python3.13 -c "import json, ssl"')
        assert not interpreter(target).ok()["changed"], damage

    interpreter(target, state="absent").ok()
    assert target.state() == before


def test_link_that_was_turned_elsewhere_is_mended_and_one_that_somebody_took_over_stays(
    new_host: NewHost, interpreter: Interpreter
) -> None:
    """What we made goes with the interpreter; what another made of it does not."""
    target = new_host("debian12")
    links = ["/usr/local/bin/python3.13", "/usr/local/bin/python3"]
    interpreter(target, links=links).ok()
    target.sh(f"ln -sfn gone /opt/python/3.13 && rm {links[0]}")
    assert interpreter(target, links=links).ok()["changed"]
    target.sh(f'{links[0]} -c "import ssl"')
    assert not interpreter(target, links=links).ok()["changed"]

    target.sh("ln -sfn /bin/true /usr/local/bin/python3")
    assert interpreter(target, state="absent").ok()["changed"]
    assert not target.look.file(links[0]).exists
    assert target.look.file(links[1]).linked_to == "/usr/bin/true"
