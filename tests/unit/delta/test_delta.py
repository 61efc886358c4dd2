# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A delta brings an old home to the tree of the new archive, or is refused: never to another tree."""

from __future__ import annotations

import io
import json
import lzma
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.fleet.python.plugins.module_utils._delta.apply import apply_delta
from ansible_collections.fleet.python.plugins.module_utils._delta.errors import DeltaError
from ansible_collections.fleet.python.plugins.module_utils._delta.index import (
    KEPT,
    MADE,
    MAGIC,
    WINDOW,
    Entry,
    Index,
    Part,
    Stream,
    index_text,
    read_index,
)
from ansible_collections.fleet.python.plugins.module_utils._delta.lzma2 import in_records, subtracted
from ansible_collections.fleet.python.plugins.plugin_utils._delta import make as _make
from ansible_collections.fleet.python.plugins.plugin_utils._delta.pack import pack
from ansible_collections.fleet.python.plugins.plugin_utils._delta.split import split
from tests.unit.delta.small import NEW, NEW_FILES, OLD_FILES, delta, digests, home, listed, noise, object_file


@pytest.fixture(name="ready", scope="module")
def _ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``home`` and ``delta``."""
    folder = tmp_path_factory.mktemp("delta")
    home(folder / "home")
    delta(folder)
    return folder


def applied(ready: Path, file: Path | None = None, old: Path | None = None) -> list[Any]:
    with TemporaryDirectory() as folder:
        apply_delta(str(file or ready / "delta"), str(old or ready / "home"), folder, NEW)
        return listed(Path(folder))


def test_the_tree_is_that_of_the_archive(ready: Path) -> None:
    assert applied(ready) == listed(ready / "to")


def test_the_digests_are_those_of_the_files(ready: Path, tmp_path: Path) -> None:
    contents = apply_delta(str(ready / "delta"), str(ready / "home"), str(tmp_path), NEW)
    assert contents.digests == digests(ready / "to")
    assert contents.links == {"bin/python3"}


def test_a_hard_link_is_one_file(ready: Path, tmp_path: Path) -> None:
    apply_delta(str(ready / "delta"), str(ready / "home"), str(tmp_path), NEW)
    assert os.path.samefile(tmp_path / "lib/python3.12/os.py", tmp_path / "lib/python3.12/twin.py")


def test_only_what_is_new_is_sent(ready: Path) -> None:
    """More than 300,000 bytes of what cannot be packed are on the host already; a separator's end is sent with it."""
    sent = (ready / "delta").stat().st_size
    assert sent < 80_000
    assert sent < len(lzma.compress(b"".join(NEW_FILES.values()))) / 3


def test_what_hosts_rewrite_is_sent_whole(ready: Path) -> None:
    with open(ready / "delta", "rb") as file:
        index = read_index(file)
    kinds = {entry.path: entry.kind for entry in index.entries}
    assert kinds["lib/python3.12/ssl.py"] == MADE
    assert kinds["lib/python3.12/same.py"] == KEPT
    assert kinds["lib/python3.12/below/moved.py"] == KEPT
    assert "lib/python3.12/ssl.py" not in {part.path for stream in index.streams for part in stream.old}


def test_a_long_stream_is_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_make, "_LARGE", 1000)
    monkeypatch.setattr(_make, "_MARGIN", 4800)
    monkeypatch.setattr(_make, "WINDOW", 120_000)
    home(tmp_path / "home")
    file = delta(tmp_path)
    with open(file, "rb") as opened:
        streams = read_index(opened).streams
    assert len(streams) > 8
    assert {stream.stride for stream in streams} == {0, 24}
    assert applied(tmp_path) == listed(tmp_path / "to")


@pytest.mark.parametrize("name", ["lib/python3.12/same.py", "lib/libpython3.12.so.1.0"])
def test_a_home_that_has_changed_is_refused(ready: Path, tmp_path: Path, name: str) -> None:
    old = home(tmp_path / "home")
    (old / name).write_bytes(OLD_FILES[name].replace(b"=", b"!") if name.endswith(".py") else noise(9, 100))
    with pytest.raises(DeltaError, match="of the old home has changed since it was installed"):
        applied(ready, old=old)


def _lose(old: Path) -> None:
    (old / "lib/python3.12/same.py").unlink()


def _link(old: Path) -> None:
    (old / "lib/python3.12/same.py").unlink()
    (old / "lib/python3.12/same.py").symlink_to("os.py")


def _pipe(old: Path) -> None:
    (old / "lib/python3.12/same.py").unlink()
    os.mkfifo(old / "lib/python3.12/same.py")


def _lead_out(old: Path) -> None:
    (old / "lib/python3.12").rename(old.parent / "elsewhere")
    (old / "lib/python3.12").symlink_to(old.parent / "elsewhere")


def _forget(old: Path) -> None:
    (old / ".fleet-manifest").unlink()


@pytest.mark.parametrize("harm", [_lose, _link, _pipe, _lead_out, _forget])
def test_a_home_that_is_not_whole_is_refused(ready: Path, tmp_path: Path, harm: Callable[[Path], None]) -> None:
    harm(home(tmp_path / "home"))
    with pytest.raises(DeltaError, match="of the old home"):
        applied(ready, old=tmp_path / "home")


def test_a_file_that_no_manifest_has_counts_too(ready: Path, tmp_path: Path) -> None:
    """As pip's in site-packages: they may have changed in a home that is whole."""
    old = home(tmp_path / "home")
    manifest = old / ".fleet-manifest"
    manifest.write_text("".join(line for line in manifest.open() if "same.py" not in line))
    (old / "lib/python3.12/same.py").write_bytes(b"other")
    with pytest.raises(DeltaError, match="not the tree of the archive"):
        applied(ready, old=old)


def test_a_delta_for_another_build_is_refused(ready: Path, tmp_path: Path) -> None:
    with pytest.raises(DeltaError, match="another build"):
        apply_delta(str(ready / "delta"), str(ready / "home"), str(tmp_path), "2" * 64)


def test_a_delta_for_another_base_is_refused(ready: Path, tmp_path: Path) -> None:
    home(tmp_path / "home", NEW_FILES)
    with pytest.raises(DeltaError):
        applied(ready, old=tmp_path / "home")


@given(data=st.data())
@settings(max_examples=60)
def test_a_damaged_delta_makes_no_other_tree(ready: Path, data: st.DataObject) -> None:
    content = bytearray((ready / "delta").read_bytes())
    cut = data.draw(st.integers(0, len(content)) | st.just(len(content)))
    del content[cut:]
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 255)), max_size=4)):
        if content:
            content[at % len(content)] = value
    content += data.draw(st.binary(max_size=2))
    with TemporaryDirectory() as folder:
        file = Path(folder, "delta")
        file.write_bytes(content)
        try:
            tree = applied(ready, file)
        except DeltaError:
            return
        assert tree == listed(ready / "to")


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["made", "kept", "link", "../x", "a", ""]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(["entries", "streams", "old"]), inner),
    max_leaves=12,
)


@given(entries=_VALUES, streams=_VALUES)
@settings(max_examples=200)
def test_an_index_is_read_or_refused(entries: Any, streams: Any) -> None:
    text = io.BytesIO(_with(entries=entries, streams=streams))
    try:
        found = read_index(text)
    except DeltaError:
        return
    assert isinstance(found.entries, list)


def _with(**changes: Any) -> bytes:
    """An index with other values than any that is made."""
    value = {"old": "0" * 64, "new": NEW, "tree": "2" * 64, "entries": [], "streams": [], **changes}
    packed = lzma.compress(json.dumps(value).encode(), preset=0)
    return MAGIC + b"%d\n" % len(packed) + packed


_NAMES = st.sampled_from(
    ["", ".", "..", "../x", "/x", "a", "bin", "bin/python3.12/x", "empty", "x" * 300, "a\0b", "\ud800", "lib//os.py"]
) | st.text(max_size=5)
_NUMBERS = st.sampled_from([-1, 0, 1, 1 << 16, 56 << 20, 1 << 32, 1 << 70]) | st.integers(0, 200_000)


def _changed(value: Any, data: st.DataObject) -> Any:
    """The same but for one name or number somewhere in it, or something that is there twice or not."""
    if isinstance(value, dict | list) and value:
        at = data.draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        if isinstance(value, list) and data.draw(st.integers(0, 5)) == 0:
            return [*value[:at], *data.draw(st.sampled_from([[], [value[at]] * 2])), *value[at + 1 :]]
        copy = value.copy()
        copy[at] = _changed(value[at], data)
        return copy
    return data.draw(_NAMES if isinstance(value, str) else _NUMBERS)


@given(data=st.data())
@settings(max_examples=100)
def test_an_index_that_lies_makes_no_other_tree(ready: Path, data: st.DataObject) -> None:
    """One that fits its streams but for a few names and lengths; whatever it says, memory is bounded."""
    with open(ready / "delta", "rb") as file:
        length = int(file.readline()[len(MAGIC) : -1])
        value = json.loads(lzma.decompress(file.read(length)))
        streams = file.read()
    for _number in range(data.draw(st.integers(1, 3))):
        value = _changed(value, data)
    packed = lzma.compress(json.dumps(value).encode(), preset=0)
    with TemporaryDirectory() as folder:
        lying = Path(folder, "delta")
        lying.write_bytes(MAGIC + b"%d\n" % len(packed) + packed + streams)
        tracemalloc.start()
        try:
            tree = applied(ready, lying)
        except DeltaError:
            tree = None
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    assert tree in (None, listed(ready / "to"))
    assert peak < WINDOW + (16 << 20)


def _stream(**changes: Any) -> dict[str, Any]:
    return {"old": [], "new": [], "packed": 1, "separator": 1, "skipped": 1, "stride": 0, **changes}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"entries": [["made", "../evil", 0, "", 0]]}, "does not stay inside"),
        ({"entries": [["made", "/etc/passwd", 0, "", 0]]}, "does not stay inside"),
        ({"entries": [["kept", "a", 0, "../../etc/shadow", 0]]}, "does not stay inside"),
        ({"entries": [["link", "a", 0, "../../etc", 0]]}, "leads out of the tree"),
        ({"entries": [["hard link", "a", 0, "../b", 0]]}, "does not stay inside"),
        ({"entries": [["device", "a", 0, "", 0]]}, "unknown kind"),
        ({"entries": [["made", "a", 0, "", 5 << 30]]}, "beyond all bounds"),
        ({"entries": [["made", "a", 0, "", -1]]}, "beyond all bounds"),
        ({"entries": [["made", f"a{n}", 0, "", 1 << 30] for n in range(5)]}, "no build is that large"),
        ({"entries": [["made", "a", 0, "", 0]] * 2}, "names a path twice"),
        ({"entries": [["made", "a", 0, "", 1]]}, "does not write each of its files once"),
        ({"streams": [_stream(new=[["a", 0, 1]])]}, "writes beyond the files"),
        ({"streams": [_stream(old=[["../a", 0, 1]])]}, "does not stay inside"),
        ({"streams": [_stream(old=[["a", 0, 1 << 30]])]}, "looks back further"),
        ({"streams": [_stream(stride=1 << 20)]}, "looks back further"),
        ({"streams": [_stream()] * 300}, "more streams"),
        ({"streams": [_stream(skipped=2)]}, "longer separator"),
        ({"streams": [_stream(separator=1 << 20)]}, "longer separator"),
        ({"tree": "short"}, "digest"),
    ],
)
def test_a_hostile_index_is_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(DeltaError, match=why):
        read_index(io.BytesIO(_with(**changes)))


def test_an_index_that_is_a_bomb_is_refused_in_little_memory() -> None:
    packed = lzma.compress(b" " * (40 << 20), preset=0)
    text = io.BytesIO(MAGIC + b"%d\n" % len(packed) + packed)
    tracemalloc.start()
    try:
        with pytest.raises(DeltaError, match="too long"):
            read_index(text)
        assert tracemalloc.get_traced_memory()[1] < 36 << 20
    finally:
        tracemalloc.stop()


def test_a_stream_that_holds_more_than_its_files_is_refused(ready: Path, tmp_path: Path) -> None:
    """A bomb: it is read no further than to the first byte too many."""
    bomb = pack(b"", bytes(8 << 20), 0)
    index = Index("0" * 64, NEW, "2" * 64, [Entry(MADE, "a", False, "", 10)], [])
    stream = Stream([], [Part("a", 0, 10)], len(bomb.chunks), bomb.separator, bomb.skipped, 0)
    file = tmp_path / "delta"
    file.write_bytes(index_text(index._replace(streams=[stream])) + bomb.chunks)
    with pytest.raises(DeltaError):
        applied(ready, file)


@given(left=st.binary(min_size=1, max_size=200), seed=st.integers(0, 99))
def test_subtraction_has_no_carry(left: bytes, seed: int) -> None:
    right = noise(seed, len(left))
    assert subtracted(left, right) == bytes((a - b) % 256 for a, b in zip(left, right, strict=True))


@given(pieces=st.lists(st.binary(max_size=60), max_size=6), stride=st.integers(1, 30))
def test_records_are_those_of_lzma(pieces: list[bytes], stride: int) -> None:
    """As liblzma's delta filter, whatever the pieces are."""
    whole = b"".join(pieces)
    expected = bytes((byte - (whole[at - stride] if at >= stride else 0)) % 256 for at, byte in enumerate(whole))
    assert b"".join(in_records(pieces, stride)) == expected


@given(content=st.binary(max_size=300) | st.binary(max_size=90).map(lambda rest: b"\x7fELF\x02\x01" + rest))
def test_any_file_is_split_without_gaps(content: bytes) -> None:
    at = 0
    for piece in split(content):
        assert piece.start == at
        at += piece.size
    assert at == len(content)


def test_the_tables_of_an_archive_are_found() -> None:
    member = object_file(8)
    archive = b"!<arch>\n" + b"".join(
        b"%-16s%-12d%-6d%-6d%-8o%-10d`\n" % (b"a.o/", 0, 0, 0, 0o644, len(member)) + member for _number in range(2)
    )
    assert [piece.size for piece in split(archive) if piece.table] == [48_000, 48_000]
