# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpack sound archives: every form of names, the same files as tarfile makes, modes of our own."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.fleet.python.plugins.module_utils._archive import gunzip as _gunzip
from ansible_collections.fleet.python.plugins.module_utils._archive import new_tree as _new_tree
from ansible_collections.fleet.python.plugins.module_utils._archive.gunzip import UnpackError
from ansible_collections.fleet.python.plugins.module_utils._archive.unpack import unpack
from tests.unit.archive.tarballs import (
    BLOCK,
    FORMATS,
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

FORMS = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
# 100 bytes fit into the name field, 155 more into ustar's prefix.
LONG = "python/lib/" + "d" * 60 + "/" + "e" * 60 + "/" + "n" * 60
LONGER = "python/lib/" + "/".join(["d" * 90] * 6) + "/" + "n" * 250

BUILD: tuple[Item, ...] = (
    file("python/bin/python3.13", b"\x7fELF" * 300, 0o755),
    link("python/bin/python3", "python3.13"),
    link("python/bin/python", "../bin/python3"),
    file("python/lib/libpython3.13.so.1.0", b"\x7fELF", 0o755),
    link("python/lib/libpython3.13.so", "libpython3.13.so.1.0"),
    hard_link("python/lib/libpython3.so", "python/lib/libpython3.13.so.1.0"),
    file("python/lib/python3.13/os.py", b"import sys\n"),
    file("python/lib/python3.13/site-packages/pip/__init__.py"),
    file("python/share/empty"),
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    return tmp_path / "tree"


def unpacked(directory: Path, *items: Item, form: Format = GNU, top: tuple[str, ...] = ("python",)) -> Path:
    tree = directory / "tree"
    tree.mkdir()
    unpack(packed(directory / "archive", tar(*items, form=form)), str(tree), top)
    return tree


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@FORMS
@pytest.mark.parametrize("folders", [False, True], ids=["no folder entries", "folder entries"])
def test_a_small_build(tmp_path: Path, form: Format, folders: bool) -> None:
    entries = [folder(f"python/{name}") for name in ("bin", "lib", "lib/python3.13", "share")] if folders else []
    found = contents(unpacked(tmp_path, *([folder("python"), *entries] if folders else []), *BUILD, form=form))
    assert found["bin/python3.13"] == ("file", b"\x7fELF" * 300, 0o755)
    assert found["bin/python3"] == ("link", "python3.13", 0)
    assert found["lib/libpython3.so"] == ("file", b"\x7fELF", 0o755)
    assert found["lib/python3.13/os.py"] == ("file", b"import sys\n", 0o644)
    assert found["share/empty"] == ("file", b"", 0o644)
    assert len(found) == 9 + 6


def test_the_files_and_links_that_it_tells_of(tmp_path: Path, tree: Path) -> None:
    found = unpack(packed(tmp_path / "archive", tar(folder("python/empty"), *BUILD)), str(tree))
    assert sorted(found.links) == ["bin/python", "bin/python3", "lib/libpython3.13.so"]
    assert len(found.digests) == len(BUILD) - 3
    assert all(
        hashlib.sha256((tree / path).read_bytes()).hexdigest() == digest for path, digest in found.digests.items()
    )


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSYS])
def test_a_hard_link_is_a_copy_where_there_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The error of a file system without them is injected here."""

    def refuse(*_paths: Any, **_options: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    tree = unpacked(tmp_path, file("python/bin/a", b"text", 0o755), hard_link("python/bin/b", "python/bin/a"))
    assert (tree / "bin/b").read_bytes() == b"text"
    assert (tree / "bin/b").stat().st_mode & 0o777 == 0o755
    assert (tree / "bin/b").stat().st_nlink == 1


def test_a_hard_link_is_one(tmp_path: Path) -> None:
    tree = unpacked(tmp_path, *BUILD)
    assert (tree / "lib/libpython3.so").samefile(tree / "lib/libpython3.13.so.1.0")


def test_of_a_full_archive_only_the_install_folder(tmp_path: Path) -> None:
    items = [
        file("python/PYTHON.json", b"{}"),
        file("python/build/lib/libz.a", b"x" * 5000),
        link("python/build/out", "../../../outside"),
        file("python/install/bin/python3.13", b"\x7fELF", 0o755),
        hard_link("python/install/bin/python3", "python/install/bin/python3.13"),
        file("python/licenses/LICENSE.txt", b"text"),
    ]
    found = contents(unpacked(tmp_path, *items, top=("python", "install")))
    assert set(found) == {"bin", "bin/python3.13", "bin/python3"}


@pytest.mark.parametrize(
    ("name", "form"),
    [(LONG, USTAR), (LONG, GNU), (LONG, PAX), (LONGER, GNU), (LONGER, PAX)],
    ids=["prefix field", "gnu", "pax", "longer gnu", "longer pax"],
)
def test_long_names(tmp_path: Path, name: str, form: Format) -> None:
    tree = unpacked(tmp_path, file(name, b"here"), form=form)
    assert (tree / name.removeprefix("python/")).read_bytes() == b"here"


@pytest.mark.parametrize("form", [GNU, PAX])
@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_long_links(tmp_path: Path, kind: bytes, form: Format) -> None:
    target = LONGER if kind == tarfile.LNKTYPE else LONGER.removeprefix("python/")
    tree = unpacked(tmp_path, file(LONGER, b"here"), link("python/short", target, kind), form=form)
    assert (tree / "short").read_bytes() == b"here"
    # A long name holds for one member only.
    assert sorted(path.name for path in tree.iterdir()) == ["lib", "short"]


@FORMS
def test_names_that_are_not_ascii(tmp_path: Path, form: Format) -> None:
    tree = unpacked(tmp_path, file("python/lib/Ωμέγα-日本.py", b"1"), link("python/ß", "lib/Ωμέγα-日本.py"), form=form)
    assert (tree / "ß").read_bytes() == b"1"


def test_pax_sizes_and_global_headers(tmp_path: Path) -> None:
    info, content = file("python/big", b"y" * 1500)
    # What tarfile writes for more than 8 GiB; the field in the header then does not count.
    info.pax_headers = {"size": "1500", "comment": "no = matter", "mtime": "1704067200.5"}
    tree = tmp_path / "tree"
    tree.mkdir()
    data = tar((info, content), file("python/next", b"z"), form=PAX, pax={"comment": "of all", "path": "python/wrong"})
    unpack(packed(tmp_path / "archive", data), str(tree))
    assert {name: found[1] for name, found in contents(tree).items()} == {"big": content, "next": b"z"}


def test_sizes_in_base_256(tmp_path: Path, tree: Path) -> None:
    """GNU tar writes them where octal digits do not do; any size may be written so."""
    info, content = file("python/big", b"y" * 700)
    header = bytearray(info.tobuf(GNU))
    header[124:136] = b"\x80" + (700).to_bytes(11, "big")
    data = with_checksum(bytes(header)) + content.ljust(2 * BLOCK, b"\0") + bytes(2 * BLOCK)
    unpack(packed(tmp_path / "archive", data), str(tree))
    assert (tree / "big").read_bytes() == content


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o177])
@pytest.mark.parametrize(
    ("mode", "becomes"),
    [(0o644, 0o644), (0o600, 0o644), (0o666, 0o644), (0o755, 0o755), (0o700, 0o755), (0o777, 0o755), (0o654, 0o755),
     (0, 0o644), (0o1755, 0o755)],
)  # fmt: skip
def test_modes_of_files_are_ours(tmp_path: Path, mask: int, mode: int, becomes: int) -> None:
    with umask(mask):
        os.mkdir(tmp_path / "tree", 0o755)
        os.chmod(tmp_path / "tree", 0o755)
        unpack(packed(tmp_path / "archive", tar(file("python/file", b"x", mode))), str(tmp_path / "tree"))
    assert contents(tmp_path / "tree")["file"] == ("file", b"x", becomes)


def test_folders_are_never_writable_for_others(tmp_path: Path, tree: Path) -> None:
    with umask(0):
        unpack(packed(tmp_path / "a", tar(folder("python/open", 0o777), file("python/made/file"))), str(tree))
    assert {found[2] for found in contents(tree).values() if found[0] == "folder"} == {0o755}


@pytest.mark.parametrize(("level", "chunks"), [(0, 1), (1, 1), (9, 1), (6, 3)])
def test_every_way_of_packing(
    tmp_path: Path, tree: Path, monkeypatch: pytest.MonkeyPatch, level: int, chunks: int
) -> None:
    """Stored, fast, best; and in several gzip members, as parallel compressors write them (RFC 1952, 2.2)."""
    monkeypatch.setattr(_gunzip, "CHUNK", 1000)
    data = tar(file("python/zeros", bytes(300_000)), file("python/noise", os.urandom(40_000)))
    size = len(data) // chunks + 1
    parts = [gzip.compress(data[at : at + size], level) for at in range(0, len(data), size)]
    assert len(parts) == chunks
    (tmp_path / "archive").write_bytes(b"".join(parts))
    assert set(unpack(str(tmp_path / "archive"), str(tree)).digests) == {"zeros", "noise"}
    assert (tree / "zeros").read_bytes() == bytes(300_000)


def test_a_gzip_header_with_a_name_and_a_comment(tmp_path: Path, tree: Path) -> None:
    deflater = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    data = tar(*BUILD)
    body = deflater.compress(data) + deflater.flush()
    head = b"\x1f\x8b\x08\x18\0\0\0\0\0\x03" + b"archive.tar\0" + b"a comment\0"
    tail = zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    (tmp_path / "archive").write_bytes(head + body + tail)
    assert len(unpack(str(tmp_path / "archive"), str(tree)).digests) == len(BUILD) - 3


def test_what_follows_the_end_mark_is_not_read(tmp_path: Path, tree: Path) -> None:
    data = tar(*BUILD) + tar(file("python/late"))
    (tmp_path / "archive").write_bytes(gzip.compress(data) + b"garbage")
    unpack(str(tmp_path / "archive"), str(tree))
    assert not (tree / "late").exists()


def test_more_folders_than_are_kept_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_new_tree, "_OPEN_DIRECTORIES", 40)
    names = [f"python/a{number % 90}/b/c/file{number}" for number in range(300)]
    before = len(os.listdir("/proc/self/fd"))
    tree = unpacked(tmp_path, *(file(name, name.encode()) for name in names))
    assert all((tree / name.removeprefix("python/")).read_bytes() == name.encode() for name in names)
    assert len(os.listdir("/proc/self/fd")) == before


def test_folders_kept_open_while_a_hard_link_is_made(tmp_path: Path) -> None:
    """Both its folders must be the right ones, however many lie between."""
    deep = "/".join(["s"] * 30)
    items = [file(f"python/{deep}/file", b"deep")]
    items += [file(f"python/{'/'.join([letter] * 30)}/file", letter.encode()) for letter in "abc"]
    items += [hard_link(f"python/{'/'.join(['t'] * 30)}/link", f"python/{deep}/file")]
    tree = unpacked(tmp_path, *items)
    assert (tree / "/".join(["t"] * 30) / "link").read_bytes() == b"deep"


# What cannot be shown is hostile.
_LETTERS = st.characters(exclude_categories=["C", "Z"], include_characters=" ", exclude_characters="/")
NAMES = st.text(_LETTERS, min_size=1, max_size=70).filter(
    lambda name: name not in (".", "..") and len(name.encode()) < 250
)
PATHS = st.lists(NAMES, min_size=1, max_size=5).map("/".join)


@st.composite
def trees(draw: st.DrawFn) -> list[Item]:
    """Files, folders, links and hard links with names of any kind, each once, in any order that an archive can have."""
    items: list[Item] = []
    leaves: set[str] = set()
    folders: set[str] = set()
    regular: list[str] = []
    for path in draw(st.lists(PATHS, unique=True, max_size=12)):
        above = {path[:at] for at, letter in enumerate(path) if letter == "/"}
        if path in leaves | folders or above & leaves:
            continue
        folders |= above
        name = f"python/{path}"
        kind = draw(st.sampled_from(["file", "file", "folder", "link", "hard link"]))
        if kind == "folder":
            folders.add(path)
            items.append(folder(name, draw(st.integers(0o700, 0o777))))
            continue
        leaves.add(path)
        if kind == "link":
            up = "../" * draw(st.integers(0, path.count("/")))
            items.append(link(name, up + draw(PATHS)))
        elif kind == "hard link" and regular:
            items.append(hard_link(name, draw(st.sampled_from(regular))))
        else:
            regular.append(name)
            items.append(file(name, draw(st.binary(max_size=1100)), draw(st.integers(0o400, 0o777))))
    return items


@settings(max_examples=60)
@given(trees(), st.sampled_from(list(FORMATS.values())))
def test_the_same_as_tarfile(items: list[Item], form: Format) -> None:
    try:
        data = tar(*items, form=form)
    except ValueError:  # a name that ustar cannot hold
        data = tar(*items, form=PAX)
    with TemporaryDirectory() as scratch:
        theirs, ours = Path(scratch, "theirs"), Path(scratch, "ours")
        ours.mkdir()
        archive = packed(Path(scratch, "archive"), data)
        with tarfile.open(archive) as opened:
            opened.extractall(theirs, **({"filter": "tar"} if hasattr(tarfile, "tar_filter") else {}))  # type: ignore[arg-type]
        wanted = {
            name.removeprefix("python/"): (kind, content)
            for name, (kind, content, _mode) in contents(theirs).items()
            if name != "python"
        }
        if not any(kind != "folder" for kind, _content in wanted.values()):
            with pytest.raises(UnpackError, match="nothing below python"):
                unpack(archive, str(ours))
            return
        unpack(archive, str(ours))
        assert {name: (kind, content) for name, (kind, content, _mode) in contents(ours).items()} == wanted
        for info, _content in items:
            if info.isreg():
                mode = contents(ours)[info.name.removeprefix("python/")][2]
                assert mode == (0o755 if info.mode & 0o111 else 0o644)
