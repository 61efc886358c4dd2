# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of downloads: what is kept for the next run, and what is taken from an earlier one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.module_utils._process import process_mark
from ansible_collections.fleet.python.plugins.module_utils._root.parts import LEAST, keep_part, part_of, take_part
from ansible_collections.fleet.python.plugins.module_utils._root.sweep import made_with, sweep

SHA256 = "0123456789abcdef" * 4
PART = "part-0123456789abcdef"
CONTENT = os.urandom(LEAST)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "python" / ".staging").mkdir(parents=True)
    return tmp_path / "python"


def stage(root: Path, name: str, content: bytes = CONTENT) -> Path:
    folder = root / ".staging" / name
    folder.mkdir(mode=0o700)
    (folder / "archive").write_bytes(content)
    return folder


def taken(root: Path) -> bytes:
    target = root / ".staging" / "mine"
    take_part(str(root), SHA256, str(target))
    return target.read_bytes() if target.exists() else b""


def test_what_is_kept_is_taken(root: Path) -> None:
    folder = stage(root, "pull-x")
    keep_part(str(root), SHA256, str(folder / "archive"), made_root=True)
    kept = root / ".staging" / PART
    assert kept.stat().st_mode & 0o777 == 0o700
    assert made_with(str(root), [PART])
    assert part_of(str(root), str(kept / "archive")) == PART
    assert taken(root) == CONTENT
    assert not kept.exists()


@pytest.mark.parametrize("content", [b"", CONTENT[:-1]])
def test_little_is_not_kept(root: Path, content: bytes) -> None:
    folder = stage(root, "pull-x", content)
    keep_part(str(root), SHA256, str(folder / "archive"), made_root=False)
    assert os.listdir(root / ".staging") == ["pull-x"]


def test_the_longest_is_taken_and_a_living_process_keeps_its_own(root: Path) -> None:
    stage(root, PART)
    stage(root, "pull-0123456789abcdef-dead", CONTENT * 2)
    living = stage(root, "pull-0123456789abcdef-lives", CONTENT * 3)
    (living / "maker").write_text(process_mark() + "\n")
    stage(root, "pull-ffffffffffffffff-dead", CONTENT * 4)
    assert taken(root) == CONTENT * 2
    assert sorted(os.listdir(root / ".staging")) == [
        "mine",
        "pull-0123456789abcdef-lives",
        "pull-ffffffffffffffff-dead",
    ]


@pytest.mark.parametrize("change", ["others", "folder of others", "link", "two names", "folder", "owner"])
def test_what_is_not_as_we_make_it_is_not_taken(change: str, root: Path, tmp_path: Path) -> None:
    folder = stage(root, PART)
    archive, elsewhere = folder / "archive", tmp_path / "elsewhere"
    if change == "others":
        archive.chmod(0o646)
    elif change == "folder of others":
        folder.chmod(0o770)
    elif change == "link":
        archive.rename(elsewhere)
        archive.symlink_to(elsewhere)
    elif change == "two names":
        os.link(archive, elsewhere)
    elif change == "folder":
        archive.unlink()
        archive.mkdir()
    elif os.geteuid():
        pytest.skip("only root gives files away")
    else:
        os.chown(archive, 65534, 65534)
    assert taken(root) == b""
    assert not folder.exists()
    assert not elsewhere.exists() or elsewhere.read_bytes() == CONTENT


def test_a_part_is_swept_but_by_the_run_that_uses_it(root: Path) -> None:
    stage(root, PART)
    sweep(str(root), [PART])
    assert (root / ".staging" / PART).exists()
    sweep(str(root), [])
    assert os.listdir(root / ".staging") == []


def test_another_file_is_no_part() -> None:
    for file in (
        "",
        "/home/deploy/.ansible/tmp/x/part-1",
        "/opt/python/.staging/module-1/archive",
        "/opt/python/part-1/a",
    ):
        assert part_of("/opt/python", file) == ""
