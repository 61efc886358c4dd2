# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of an upgrade by a delta: the same home comes of it, or the whole archive is sent."""

from __future__ import annotations

import io
import lzma
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.module_utils._delta.index import (
    KEPT,
    LINK,
    MADE,
    MAGIC,
    Entry,
    Index,
    Part,
    Stream,
    index_text,
    read_index,
)
from ansible_collections.fleet.python.plugins.plugin_utils._delta.pack import pack
from ansible_collections.fleet.python.plugins.plugin_utils._sources.digest import digest_of
from tests.faults.conftest import NewDirect
from tests.faults.scene import DISK, FILLER, ROOT, Scene, at_changes, upgrade
from tests.world.cache import Cache

FEW_AND_MANY = [pytest.param("few"), pytest.param("many", marks=pytest.mark.slow)]
_OPTIONS = {"state": "latest", "keep": "0", "transfer": "push", "delta": "always"}

Note = Callable[[str, object], None]


def _scene(direct: NewDirect, world: Cache) -> Scene:
    """A host with an old build, whose upgrade is a delta that the controller has."""
    scene = upgrade(direct("alpine", DISK), str(world.mirror))
    scene.options = dict(_OPTIONS)
    assert _delta(scene.task())
    scene.restore()
    return scene


def _delta(result: dict[str, Any]) -> bool:
    """Whether a delta has made the home."""
    [found] = result["interpreters"]
    return bool(found["delta"])


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.fault(
    "kill -9 of the module before any change that it makes in an upgrade by a delta",
    "the linked interpreter works or there was none; the next run converges and leaves nothing behind",
)
def test_killed_in_a_delta(amount: str, direct: NewDirect, world: Cache, record_property: Note) -> None:
    scene = _scene(direct, world)
    at_changes(scene, 4 if amount == "few" else 40)
    assert scene.faults
    record_property("count", f"{scene.faults} kills")


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.fault(
    "a disk full before any change that the module makes in an upgrade by a delta",
    "refused with the reason, with nothing of the run left and the old interpreter linked, or done all the same; with "
    "space again the next run converges",
)
def test_full_in_a_delta(amount: str, direct: NewDirect, world: Cache, record_property: Note) -> None:
    scene = _scene(direct, world)
    scene.host.filler = FILLER
    at_changes(scene, 4 if amount == "few" else 30)
    assert scene.faults
    record_property("count", f"{scene.faults} times")


_CHANGES = {
    "a file has changed": 'echo "# mine" >>"$1/lib/python3.12/abc.py"',
    "a file that is a base has changed": 'echo "# mine" >>"$1/lib/python3.12/argparse.py"',
}


@pytest.mark.fault(
    "an old home that has changed in a way that a quick look does not see, when a delta is to lead from it",
    "the whole archive is sent, with a warning that says why, and the new home is whole",
)
def test_old_home_that_changed(direct: NewDirect, world: Cache) -> None:
    scene = _scene(direct, world)
    for change in _CHANGES.values():
        scene.restore()
        scene.host.sh(f'set -- "$(readlink -f "$1")"; {change}', f"{ROOT}/3.12")
        result = scene.task()
        assert not _delta(result), change
        assert any("so the whole archive comes" in warning for warning in result["warnings"]), result
        assert not scene.host.act("3.12", **{**scene.given(), "verify": "deep"})["changed"]
        scene.settled()


def _cut(delta: bytes) -> bytes:
    return delta[: len(delta) // 2]


def _turn(delta: bytes) -> bytes:
    middle = len(delta) // 2
    return delta[:middle] + bytes(byte ^ 0xFF for byte in delta[middle : middle + 64]) + delta[middle + 64 :]


def _other_build(_delta: bytes) -> bytes:
    return index_text(Index("0" * 64, "1" * 64, "2" * 64, [], []))


def _parsed(delta: bytes) -> tuple[Index, bytes]:
    """Its index and its streams."""
    file = io.BytesIO(delta)
    return read_index(file), file.read()


def _other_base(delta: bytes) -> bytes:
    """The files that it takes from the old home as they are lie elsewhere in the build that it is for."""
    index, streams = _parsed(delta)
    kept = [entry.of for entry in index.entries if entry.kind == KEPT]
    turned = iter([*kept[1:], kept[0]])
    entries = [entry._replace(of=next(turned)) if entry.kind == KEPT else entry for entry in index.entries]
    return index_text(index._replace(entries=entries)) + streams


def _lengths(delta: bytes) -> bytes:
    """A stream is said to end later than it does."""
    index, streams = _parsed(delta)
    first, *others = index.streams
    return index_text(index._replace(streams=[first._replace(packed=first.packed + 100), *others])) + streams


def _stream_bomb(delta: bytes) -> bytes:
    """A stream that goes on and on behind a file of ten bytes, for the right build."""
    index, _streams = _parsed(delta)
    bomb = pack(b"", bytes(20 << 20), 0)
    stream = Stream([], [Part("a", 0, 10)], len(bomb.chunks), bomb.separator, bomb.skipped, 0)
    return index_text(index._replace(entries=[Entry(MADE, "a", False, "", 10)], streams=[stream])) + bomb.chunks


def _bomb(_delta: bytes) -> bytes:
    packed = lzma.compress(bytes(300 << 20), preset=0)
    return MAGIC + b"%d\n" % len(packed) + packed


def _other_link(delta: bytes) -> bytes:
    """One link leads elsewhere in the tree; all files are right."""
    index, streams = _parsed(delta)
    at = next(number for number, entry in enumerate(index.entries) if entry.kind == LINK)
    entries = [*index.entries[:at], index.entries[at]._replace(of="nowhere"), *index.entries[at + 1 :]]
    return index_text(index._replace(entries=entries)) + streams


def _lead_out(_delta: bytes) -> bytes:
    index = b'{"old":"%s","new":"%s","tree":"%s","entries":[["made","../../evil",1,"",0]],"streams":[]}'
    packed = lzma.compress(index % (b"0" * 64, b"1" * 64, b"2" * 64))
    return MAGIC + b"%d\n" % len(packed) + packed


_HARMS = {
    "few": (_other_base, _lead_out),
    "many": (_cut, _turn, _other_build, _other_base, _lengths, _bomb, _stream_bomb, _other_link, _lead_out),
}


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.fault(
    "a hostile delta: cut, turned, for another build or from another one, with lengths that lie, a bomb in its index "
    "or in a stream, with another link, or with a name that leads out",
    "refused, and the whole archive is sent, with a warning that says why",
)
def test_hostile_delta(amount: str, direct: NewDirect, world: Cache, record_property: Note) -> None:
    scene = _scene(direct, world)
    folder = Path(os.environ["XDG_CACHE_HOME"], "fleet.python", "deltas")
    [path] = [path for path in folder.iterdir() if path.suffix not in (".lock", ".sha256")]
    note, sound = path.with_name(f"{path.name}.sha256"), path.read_bytes()
    try:
        for harm in _HARMS[amount]:
            scene.restore()
            path.write_bytes(harm(sound))
            note.write_text(digest_of(path))
            result = scene.task()
            assert not _delta(result), harm
            assert any("so the whole archive comes" in warning for warning in result["warnings"]), result
            assert scene.host.sh("ls -A /opt").split() == ["python", "saved"]
            scene.settled()
        record_property("count", f"{len(_HARMS[amount])} deltas")
    finally:
        path.write_bytes(sound)
        note.write_text(digest_of(path))
