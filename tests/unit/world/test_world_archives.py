# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packing: the same bytes each time, and upstream's form."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.world.archives import elf_machine, extract_tree, files_below, pack_tree
from tests.world.pins import BUILDS

BUILD = next(build for build in BUILDS if build.name == "3.13.2-aarch64")


def make_tree(directory: Path) -> Path:
    """Make a small tree with what is easy to get wrong: a link to a directory, a mode, a long name."""
    tree = directory / "tree"
    (tree / "bin").mkdir(parents=True)
    (tree / "lib" / ("long" * 30)).mkdir(parents=True)
    (tree / "bin" / "python3.13").write_bytes(b"\x7fELF")
    (tree / "bin" / "python3.13").chmod(0o775)
    (tree / "bin" / "python3").symlink_to("python3.13")
    (tree / "lib64").symlink_to("lib")
    (tree / "lib" / ("long" * 30) / "file").write_text("x")
    (tree / "empty").mkdir()
    return tree


def test_archive_has_upstreams_form(tmp_path: Path) -> None:
    out = tmp_path / "a.tar.gz"
    pack_tree(make_tree(tmp_path), "python/", out)
    with tarfile.open(out) as tar:
        members = tar.getmembers()
    assert [member.name for member in members] == [
        "python/bin/python3",
        "python/bin/python3.13",
        f"python/lib/{'long' * 30}/file",
        "python/lib64",
    ]
    assert {(member.uid, member.gid, member.mtime) for member in members} == {(0, 0, 1704067200)}
    by_name = {member.name: member for member in members}
    assert by_name["python/bin/python3.13"].mode == 0o775
    assert by_name["python/lib64"].issym()
    assert by_name["python/lib64"].linkname == "lib"
    assert not any(member.isdir() for member in members)


def test_same_tree_makes_the_same_bytes(tmp_path: Path) -> None:
    outs = []
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        out = tmp_path / place / "a.tar.gz"
        pack_tree(make_tree(tmp_path / place), "python/", out)
        outs.append(out.read_bytes())
    assert outs[0] == outs[1]


def test_tree_comes_out_of_a_wheel_without_what_was_added(tmp_path: Path) -> None:
    inner = tmp_path / "krunner-env.static-gnu.aarch64.tar.xz"
    with tarfile.open(inner, "w:xz") as tar:
        for name, mtime, kind in [
            ("./bin", 1704067200, tarfile.DIRTYPE),
            ("./bin/python3", 1704067200, tarfile.SYMTYPE),
            ("./bin/ttyd", 1704067200, tarfile.REGTYPE),
            ("./bin/added", 1744000000, tarfile.REGTYPE),
            ("./lib/python3.13/os.py", 1704067200, tarfile.REGTYPE),
        ]:
            info = tarfile.TarInfo(name)
            info.type, info.mtime, info.mode = kind, mtime, 0o664
            info.linkname = "python3.13" if kind == tarfile.SYMTYPE else ""
            tar.addfile(info)
    wheel = tmp_path / "some.whl"
    zip_up(wheel, inner)
    extract_tree(wheel, BUILD, tmp_path / "out")
    assert list(files_below(tmp_path / "out")) == ["bin/python3", "lib/python3.13/os.py"]
    assert (tmp_path / "out/lib/python3.13/os.py").stat().st_mode & 0o777 == 0o664


def zip_up(wheel: Path, inner: Path) -> None:
    """Make a wheel with one member, as deep as the real ones have it."""
    with zipfile.ZipFile(wheel, "w") as zipped:
        zipped.write(inner, f"ai/backend/krunner/static_gnu/{inner.name}")


@pytest.mark.parametrize(
    ("content", "machine"),
    [
        (b"\x7fELF" + bytes(14) + b"\x3e\x00", "x86_64"),
        (b"\x7fELF" + bytes(14) + b"\xb7\x00", "aarch64"),
        (b"\x7fELF" + bytes(14) + b"\x28\x00", None),
        (b"#!/bin/sh\necho a long enough script", None),
        (b"\x7fELF", None),
    ],
)
def test_machine_of_an_elf_file(tmp_path: Path, content: bytes, machine: str | None) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert elf_machine(path) == machine
