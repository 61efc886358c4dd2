# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a download that broke off has left on a host, and what became of that until the next run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import StageError
from tests.faults.conftest import NewDirect
from tests.faults.direct import Direct
from tests.integration.conftest import Serve
from tests.world.cache import Cache
from tests.world.server import MirrorHandler, MirrorServer

VERSION = "3.13"
GONE = 6 << 20
PART = "/opt/python/.staging/part-*"
# What somebody does to it; the next download begins anew. More of these are in tests/unit/root/test_parts.py.
CHANGES = {
    "altered": 'head -c 5000000 /dev/zero >"$archive"',
    "a link": 'mv "$archive" /opt/elsewhere; ln -s /opt/elsewhere "$archive"',
}


class _Goes(MirrorHandler):
    """Sends some megabytes, and is gone then; or back."""

    gone = 0

    def copy(self, file: BinaryIO, length: int) -> None:
        if self.gone:
            length = max(0, min(length, self.gone - sum(request.sent for request in self.server.requests)))
        super().copy(file, length)
        self.close_connection = True


def _options(mirror: MirrorServer, world: Cache) -> dict[str, Any]:
    sums = str(world.mirror / "SHA256SUMS")
    return {"transfer": "pull", "catalogue": sums, "compile_bytecode": False, "source": [mirror.url]}


def _sent(mirror: MirrorServer) -> int:
    return sum(request.sent for request in mirror.requests if request.path.endswith(".tar.gz"))


@pytest.fixture(params=["sh", "module"])
def host(request: pytest.FixtureRequest, direct: NewDirect) -> Direct:
    return direct("debian12-python3" if request.param == "module" else "alpine", "--tmpfs=/opt:exec,size=700m")


@pytest.fixture
def broken_off(
    host: Direct, serve: Serve, world: Cache, monkeypatch: pytest.MonkeyPatch
) -> tuple[Direct, MirrorServer, dict[str, Any]]:
    """A host whose download broke off, and the source that is there again."""
    mirror = serve(Path(world.mirror), _Goes)
    monkeypatch.setattr(_Goes, "gone", GONE)
    options = _options(mirror, world)
    with pytest.raises(StageError, match="no source gave the archive"):
        host.act(VERSION, **options)
    assert host.sh(f"stat -c '%a %U' {PART}; stat -c %s {PART}/archive").split() == ["700", "root", str(GONE)]
    monkeypatch.setattr(_Goes, "gone", 0)
    return host, mirror, options


def _clean(host: Direct, options: dict[str, Any]) -> None:
    assert host.sh("ls -A /opt/python/.staging 2>/dev/null || :") == ""
    assert not host.act(VERSION, **options)["changed"]


@pytest.mark.fault(
    "a source goes away in the middle of a download, and is there again for the next run",
    "refused with the reason; the next run fetches what is missing, no byte twice, and leaves nothing behind",
)
def test_the_next_run_goes_on(broken_off: tuple[Direct, MirrorServer, dict[str, Any]], world: Cache) -> None:
    host, mirror, options = broken_off
    [done] = host.act(VERSION, **options)["interpreters"]
    assert _sent(mirror) == (world.mirror / done["release"] / done["asset"]).stat().st_size
    _clean(host, options)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.fault(
    "what a download that broke off has left is altered, or a link in its place",
    "not used: the next run begins anew, and leaves nothing behind",
)
def test_a_part_that_is_not_as_it_was(
    change: str, broken_off: tuple[Direct, MirrorServer, dict[str, Any]], world: Cache
) -> None:
    host, mirror, options = broken_off
    host.sh(f"archive=$(echo {PART}/archive); {CHANGES[change]}")
    [done] = host.act(VERSION, **options)["interpreters"]
    size = (world.mirror / done["release"] / done["asset"]).stat().st_size
    assert size + GONE <= _sent(mirror) <= 2 * size + GONE
    if change == "a link":
        assert host.sh("stat -c %s /opt/elsewhere").strip() == str(GONE)
    _clean(host, options)


@pytest.mark.fault(
    "a download broke off, and the next run wants nothing of it",
    "swept by a run that changes nothing else",
)
def test_a_part_that_nobody_needs_is_swept(broken_off: tuple[Direct, MirrorServer, dict[str, Any]]) -> None:
    host, _mirror, options = broken_off
    assert not host.act("3.12", state="absent", **options)["changed"]
    assert host.sh("ls -A /opt") == ""
