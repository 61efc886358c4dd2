# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpack hostile and damaged archives: each is refused, and nothing outside of the tree is ever touched."""

from __future__ import annotations

import gzip
import os
import random
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.fleet.python.plugins.module_utils._archive import gunzip as _gunzip
from ansible_collections.fleet.python.plugins.module_utils._archive import members as _members
from ansible_collections.fleet.python.plugins.module_utils._archive.gunzip import UnpackError
from ansible_collections.fleet.python.plugins.module_utils._archive.members import check_link
from ansible_collections.fleet.python.plugins.module_utils._archive.unpack import unpack
from tests.unit.archive.tarballs import (
    BLOCK,
    GNU,
    PAX,
    USTAR,
    Format,
    Item,
    contents,
    file,
    folder,
    hard_link,
    link,
    packed,
    tar,
    with_checksum,
)

SOUND = file("python/bin/python3.13", b"\x7fELF", 0o755)


@contextmanager
def watched() -> Iterator[tuple[Path, Path]]:
    """A directory to unpack into and one for the archive; what lies around them must stay as it is."""
    with TemporaryDirectory() as scratch:
        around = Path(scratch, "around")
        tree = around / "deeper" / "tree"
        tree.mkdir(parents=True)
        (around / "secret").write_text("nobody's business")
        (around / "deeper" / "python").mkdir()
        before = {name: what for name, what in contents(around).items() if not name.startswith("deeper/tree/")}
        yield tree, Path(scratch, "archive")
        after = {name: what for name, what in contents(around).items() if not name.startswith("deeper/tree/")}
        assert after == before
        assert sorted(os.listdir(scratch)) in (["archive", "around"], ["around"])
        leads_inside(tree)


def leads_inside(tree: Path) -> None:
    """No link of a tree leads out of it, whichever links it goes through."""
    for name, (kind, _content, _mode) in contents(tree).items():
        if kind == "link":
            assert Path(os.path.realpath(tree / name)).is_relative_to(os.path.realpath(tree)), name


HOSTILE: dict[str, tuple[list[Item], str]] = {
    "absolute name": ([file("/etc/planted")], "stay inside"),
    "absolute name that looks like ours": ([file("/python/planted")], "stay inside"),
    "dots at the start": ([file("../python/planted")], "stay inside"),
    "dots in the middle": ([file("python/../../planted")], "stay inside"),
    "dots at the end": ([file("python/bin/..")], "stay inside"),
    "a folder of dots": ([folder("python/../../planted")], "stay inside"),
    "a dot at the start": ([file("./python/bin/python3")], "stay inside"),
    "a dot in the middle": ([file("python/./bin/python3")], "stay inside"),
    "an empty part": ([file("python//bin/python3")], "stay inside"),
    "no name": ([file("")], "stay inside"),
    "a line break": ([file("python/two\nlines")], "cannot be shown"),
    "an escape": ([folder("python/\x1b[2J")], "cannot be shown"),
    "another top folder": ([file("snake/bin/python3")], "not below python/"),
    "a top folder that begins alike": ([file("python3/bin/python3")], "not below python/"),
    "absolute link": ([link("python/out", "/etc/passwd")], "leads out"),
    "link one up from the top": ([link("python/out", "..")], "leads out"),
    "link that climbs out": ([link("python/lib/out", "../../secret")], "leads out"),
    "link that climbs out and comes back": ([link("python/lib/out", "../../tree/bin/python3.13")], "leads out"),
    "link that goes down first": ([link("python/lib/out", "a/../../../secret")], "leads out"),
    "link to nothing": ([link("python/out", "")], "leads out"),
    # lib/a/up is the top folder itself, and one up from there is outside.
    "link out through another link": (
        [link("python/lib/a/up", "../.."), link("python/out", "lib/a/up/../../secret")],
        "leads out",
    ),
    "the same, the other way round": (
        [link("python/out", "lib/a/up/../../secret"), link("python/lib/a/up", "../..")],
        "leads out",
    ),
    "a file below a link": ([link("python/lib", "bin"), file("python/lib/planted")], "as a file or link and"),
    "a file below a link that leads up": (
        [link("python/a/b/up", "../.."), file("python/a/b/up/planted")],
        "as a file or link and",
    ),
    "a folder below a link": ([link("python/lib", "bin"), folder("python/lib/planted")], "as a file or link and"),
    "a link where a folder is": ([file("python/lib/x"), link("python/lib", "bin")], "twice"),
    "a folder where a link is": ([link("python/lib", "bin"), folder("python/lib")], "as a file or link and"),
    "a folder where a file is": ([file("python/lib"), folder("python/lib")], "as a file or link and"),
    "a file where a folder is": ([folder("python/lib"), file("python/lib")], "twice"),
    "a file below a file": ([file("python/lib"), file("python/lib/x")], "as a file or link and"),
    "a name twice": ([file("python/a", b"1"), file("python/a", b"2")], "twice"),
    "a file where a link is": ([link("python/a", "bin/python3.13"), file("python/a", b"2")], "twice"),
    "a link twice": ([link("python/a", "b"), link("python/a", "c")], "twice"),
    "a hard link over a file": ([file("python/a"), hard_link("python/a", "python/bin/python3.13")], "twice"),
    "hard link to outside": ([hard_link("python/a", "/etc/passwd")], "stay inside"),
    "hard link up": ([hard_link("python/a", "python/../../secret")], "stay inside"),
    "hard link to another top folder": ([hard_link("python/a", "secret")], "not below python/"),
    "hard link to the top folder": ([hard_link("python/a", "python")], "hard link"),
    "hard link to what is not there": ([hard_link("python/a", "python/b")], "hard link"),
    "hard link into a folder that is not there": ([hard_link("python/a", "python/b/c")], "hard link"),
    "hard link to itself": ([hard_link("python/a", "python/a")], "hard link"),
    "hard link to a folder": ([folder("python/lib"), hard_link("python/a", "python/lib")], "hard link"),
    # Where the second name stands, the same target is another place.
    "hard link to a link": ([link("python/x/y/up", "../.."), hard_link("python/a", "python/x/y/up")], "hard link"),
    "hard link through a link": (
        [file("python/x/y"), link("python/lib", "x"), hard_link("python/a", "python/lib/y")],
        "as a file or link and",
    ),
    "character device": ([file("python/null", kind=tarfile.CHRTYPE)], "device"),
    "block device": ([file("python/disk", kind=tarfile.BLKTYPE)], "device"),
    "pipe": ([file("python/pipe", kind=tarfile.FIFOTYPE)], "device"),
    "sparse file of GNU tar": ([file("python/holes", b"x", kind=tarfile.GNUTYPE_SPARSE)], "unknown kind"),
    "unknown kind": ([file("python/what", kind=b"Z")], "unknown kind"),
    "setuid": ([file("python/bin/su", b"x", 0o4755)], "setuid"),
    "setgid": ([file("python/bin/sg", b"x", 0o2755)], "setuid"),
    "setuid hard link": ([link("python/su", SOUND[0].name, tarfile.LNKTYPE, 0o4755)], "setuid"),
    "name that is not UTF-8": ([file("python/\udcff\udcfe")], "not UTF-8"),
    "long name that is not UTF-8": ([file("python/" + "n" * 120 + "\udcff")], "not UTF-8"),
    "link that is not UTF-8": ([link("python/a", "\udcff")], "not UTF-8"),
    "a part of the name longer than file systems have": ([file("python/" + "n" * 256)], "longer than"),
    "a name with very many folders": ([file("python/" + "d/" * 5000 + "file")], "folders"),
    "a link longer than file systems have": ([link("python/a", "n/" * 2100 + "n")], "longer than"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile(kind: str) -> None:
    items, reason = HOSTILE[kind]
    with watched() as (tree, archive):
        packed(archive, tar(SOUND, *items))
        with pytest.raises(UnpackError, match=reason):
            unpack(str(archive), str(tree), ("python",))


@pytest.mark.parametrize(
    "items",
    [
        [folder("python")],
        [folder("python"), folder("python/bin")],
        [file("python", b"x")],
        [link("python", "/etc")],
    ],
    ids=["the top folder", "folders", "the top folder as a file", "the top folder as a link"],
)
def test_nothing_in_it(items: list[Item]) -> None:
    with watched() as (tree, archive):
        packed(archive, tar(*items))
        with pytest.raises(UnpackError, match="nothing below python/"):
            unpack(str(archive), str(tree))


@pytest.mark.parametrize("form", [USTAR, PAX], ids=["ustar", "pax"])
@pytest.mark.parametrize("kind", ["absolute name", "link that climbs out", "hard link up", "setuid", "a name twice"])
def test_hostile_in_other_forms(kind: str, form: Format) -> None:
    with watched() as (tree, archive):
        packed(archive, tar(*HOSTILE[kind][0], form=form))
        with pytest.raises(UnpackError):
            unpack(str(archive), str(tree))


@pytest.mark.parametrize(
    ("target", "inside"),
    [
        ("python3.13", True),
        ("../bin/python3.13", True),
        ("../../x/y", True),
        ("./x", True),
        ("x//y/", True),
        ("..", True),
        ("../..", True),
        ("../../..", False),
        ("../../../tree", False),
        ("/", False),
        ("", False),
        ("x/../y", False),
        ("x/../../../../y", False),
        ("../x/..", False),
    ],
)
def test_links_two_folders_deep(target: str, inside: bool) -> None:
    """After a name that may be a link itself, two dots can lead anywhere: no build has such."""
    if inside:
        check_link(["lib", "a", "link"], target)
    else:
        with pytest.raises(UnpackError, match="leads out"):
            check_link(["lib", "a", "link"], target)


def _header(**fields: bytes) -> bytes:
    """A sound header with some fields written over, and the checksum that fits."""
    places = {"name": 0, "mode": 100, "size": 124, "kind": 156, "target": 157, "magic": 257, "prefix": 345}
    header = bytearray(file("python/a", b"")[0].tobuf(USTAR))
    for key, value in fields.items():
        header[places[key] : places[key] + len(value)] = value
    return with_checksum(bytes(header))


@pytest.mark.parametrize(
    "fields",
    [
        {"size": b"0000000009x"},
        {"size": b"9" * 11},
        {"size": b"-0000000010"},
        {"size": b"+0000000010"},
        {"size": b"00_00000010"},
        {"size": b"\xff" * 12},
        {"size": b"\x80" + b"\xff" * 11},
        {"mode": b"rwxr-xr"},
        {"mode": b"-000644"},
        {"kind": b"L", "size": b"77777777777"},
        {"kind": b"x", "size": b"-0000000010"},
        {"prefix": b"/etc"},
        {"prefix": b".."},
        {"prefix": b"\xff"},
    ],
)
def test_numbers_and_fields_that_no_tar_writes(fields: dict[str, bytes]) -> None:
    with watched() as (tree, archive):
        packed(archive, _header(**fields) + bytes(10 * BLOCK))
        with pytest.raises(UnpackError):
            unpack(str(archive), str(tree))


def _record(key: bytes, value: bytes) -> bytes:
    """A pax record with its own length before it (POSIX.1-2001 pax, extended header)."""
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest)
    while length != len(rest) + len(str(length)):
        length = len(rest) + len(str(length))
    return str(length).encode() + rest


@pytest.mark.parametrize(
    "record",
    [
        b"nonsense",
        b"5 a=b",
        b"6 a=b\n6 a=",
        b"7 a=bcd",
        b"-6 a=b\n",
        b"0 \n",
        b"99999 a=b\n",
        b"9" * 5000 + b" a=b\n",
        b"\xd9\xa6 a=b\n",
        _record(b"path", b"\xff\xfe"),
        _record(b"path", b"/etc/planted"),
        _record(b"path", b""),
        _record(b"linkpath", b"\xff"),
        _record(b"size", b"x"),
        _record(b"size", b"-5"),
        _record(b"size", b" 5"),
        _record(b"size", "٣".encode()),
        _record(b"size", b"1_0"),
        _record(b"size", b"3.0"),
        _record(b"size", b""),
        _record(b"size", b"9" * 4996),
        _record(b"size", b"9" * 18),
    ],
)
def test_pax_records_that_no_tar_writes(record: bytes) -> None:
    extended = _header(kind=b"x", size=b"%011o" % len(record)) + record + bytes(-len(record) % BLOCK)
    with watched() as (tree, archive):
        packed(archive, extended + _header(size=b"%011o" % 3) + b"abc".ljust(BLOCK, b"\0") + bytes(2 * BLOCK))
        with pytest.raises(UnpackError):
            unpack(str(archive), str(tree))


def test_a_wrong_checksum() -> None:
    data = bytearray(tar(SOUND))
    data[0] ^= 1
    with watched() as (tree, archive):
        packed(archive, bytes(data))
        with pytest.raises(UnpackError, match="checksum"):
            unpack(str(archive), str(tree))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "truncated"),
        (b"no gzip at all, but long enough", "no sound gzip"),
        (gzip.compress(b""), "end mark"),
        (gzip.compress(bytes(2 * BLOCK)), "nothing below"),
        (gzip.compress(b"no tar " * 100), "not octal|checksum"),
        (tar(SOUND), "no sound gzip"),
        (gzip.compress(tar(SOUND)[:BLOCK])[:-4], "truncated"),
        (gzip.compress(tar(SOUND)[:BLOCK]) + b"garbage", "truncated"),
    ],
    ids=["empty", "no gzip", "empty gzip", "empty tar", "no tar", "not packed", "cut in the trailer", "then garbage"],
)
def test_what_is_no_archive(data: bytes, reason: str) -> None:
    with watched() as (tree, archive):
        archive.write_bytes(data)
        with pytest.raises(UnpackError, match=reason):
            unpack(str(archive), str(tree))


class TestBomb:
    """Limits hold before anything grows beyond them."""

    def test_bytes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_gunzip, "_MOST_BYTES", 1 << 20)
        monkeypatch.setattr(_gunzip, "CHUNK", 1 << 14)
        with watched() as (tree, archive):
            packed(archive, tar(SOUND, file("python/zeros", bytes(3 << 20))))
            with pytest.raises(UnpackError, match="more than 1048576 bytes"):
                unpack(str(archive), str(tree))
            assert (tree / "zeros").stat().st_size <= 1 << 20

    def test_bytes_outside_of_the_part_that_is_wanted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_gunzip, "_MOST_BYTES", 1 << 20)
        with watched() as (tree, archive):
            packed(archive, tar(file("python/build/zeros", bytes(3 << 20)), file("python/install/bin/python3")))
            with pytest.raises(UnpackError, match="more than 1048576 bytes"):
                unpack(str(archive), str(tree), ("python", "install"))

    @pytest.mark.parametrize(
        "items", [[file(f"python/{number}") for number in range(60)], [SOUND] + [folder("python/a")] * 60]
    )
    def test_members(self, monkeypatch: pytest.MonkeyPatch, items: list[Item]) -> None:
        monkeypatch.setattr(_members, "_MOST_MEMBERS", 50)
        with watched() as (tree, archive):
            packed(archive, tar(*items))
            with pytest.raises(UnpackError, match="more than 50 members"):
                unpack(str(archive), str(tree))
            assert len(contents(tree)) <= 50

    def test_headers_of_long_names_count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_members, "_MOST_MEMBERS", 50)
        record = _header(kind=b"L", size=b"%011o" % 3) + b"abc".ljust(BLOCK, b"\0")
        with watched() as (tree, archive):
            packed(archive, record * 60 + _header() + bytes(2 * BLOCK))
            with pytest.raises(UnpackError, match="more than 50 members"):
                unpack(str(archive), str(tree))

    def test_a_name_of_two_megabytes(self) -> None:
        with watched() as (tree, archive):
            packed(archive, tar(file("python/" + "n" * (2 << 20))))
            with pytest.raises(UnpackError, match="longer than a megabyte"):
                unpack(str(archive), str(tree))


# Something of each kind, small enough to try every byte of it.
MIXED = tar(
    folder("python/bin"),
    SOUND,
    link("python/bin/python3", "python3.13"),
    hard_link("python/bin/python", "python/bin/python3.13"),
    file("python/" + "long/" * 25 + "name", b"content" * 100),
    file("python/last", b"x"),
)
# Headers of members and of long names; what is between is content.
HEADERS = [at for at in range(0, len(MIXED), BLOCK) if MIXED[at + 257 : at + 262] == b"ustar"]
# Where the first block of zeros after the last member begins.
END_MARK = len(MIXED.rstrip(b"\0")) + -len(MIXED.rstrip(b"\0")) % BLOCK


def _outcome(data: bytes, *, compressed: bool = True) -> bool:
    """Whether an archive was unpacked and not refused; raises for any other end."""
    with watched() as (tree, archive):
        archive.write_bytes(gzip.compress(data, 1) if compressed else data)
        try:
            unpack(str(archive), str(tree))
        except UnpackError:
            return False
        return True


def test_cut_at_every_block_and_beside() -> None:
    for block in range(0, END_MARK + 2 * BLOCK, BLOCK):
        for size in (block - 1, block, block + 1):
            assert _outcome(MIXED[: max(size, 0)]) is (size >= END_MARK + BLOCK), size


def test_the_file_cut_at_any_byte() -> None:
    """The end mark is in the last bytes; until there every cut is refused."""
    whole = gzip.compress(MIXED, 1)
    got_through = [size for size in range(0, len(whole), 5) if _outcome(whole[:size], compressed=False)]
    assert all(size > len(whole) - 40 for size in got_through)


@settings(max_examples=250)
@given(st.sampled_from(HEADERS), st.integers(0, BLOCK - 1), st.integers(0, 255), st.booleans())
@example(HEADERS[0], 156, ord("2"), True)
@example(HEADERS[1], 156, ord("1"), True)
@example(HEADERS[2], 157, ord("/"), True)
@example(HEADERS[3], 157, ord("."), True)
@example(HEADERS[2], 124, 0x80, True)
@example(HEADERS[2], 345, ord("."), True)
def test_any_byte_of_a_header(header: int, place: int, value: int, mended: bool) -> None:
    """Refused, or a tree inside of where it belongs (`watched` looks). With the checksum mended more of it is read."""
    data = bytearray(MIXED)
    changed = data[header + place] != value
    data[header + place] = value
    if mended:
        data[header : header + BLOCK] = with_checksum(bytes(data[header : header + BLOCK]))
    through = _outcome(bytes(data))
    if changed and not mended and not 148 <= place < 156:
        assert not through


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_noise_in_the_packed_bytes(seed: int, count: int) -> None:
    noise = random.Random(seed)
    whole = bytearray(gzip.compress(MIXED, 1))
    for _byte in range(count):
        whole[noise.randrange(len(whole))] = noise.randrange(256)
    _outcome(bytes(whole), compressed=False)


def test_a_full_disk_is_no_damage(tmp_path: Path) -> None:
    """What the host refuses is told as such, with the host's own error."""
    archive = packed(tmp_path / "archive", tar(SOUND, form=GNU))
    with pytest.raises(FileNotFoundError):
        unpack(archive, str(tmp_path / "nowhere"))
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        unpack(archive, str(tmp_path / "file"))
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(OSError, match="link"):
        unpack(archive, str(tmp_path / "link"))
