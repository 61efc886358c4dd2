# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every change of what users see in a root: links by one rename, homes placed and removed, nothing foreign touched."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.module_utils._home import removal as _removal
from ansible_collections.fleet.python.plugins.module_utils._root import homes as _homes
from ansible_collections.fleet.python.plugins.module_utils._root import links as _links
from ansible_collections.fleet.python.plugins.module_utils._root import lock as _lock
from ansible_collections.fleet.python.plugins.module_utils._root import records as _records
from ansible_collections.fleet.python.plugins.module_utils._root import staging as _staging
from ansible_collections.fleet.python.plugins.module_utils._root.errors import RootError
from tests.unit.archive.tarballs import contents

FORK = multiprocessing.get_context("fork")
READS = 30_000
RECEIPT: dict[str, Any] = {"sha256": "a" * 64, "files": 3}


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    root = tmp_path / "root"
    with _lock.locked(str(root), 0):
        (root / "old").mkdir()
        (root / "new").mkdir()
        yield root


def seen(root: Path) -> list[str]:
    """What is in the root, its own files left out."""
    assert os.listdir(root / ".staging") == []
    return sorted(set(os.listdir(root)) - {".lock", ".staging", "old", "new"})


def plant(path: Path, kind: str) -> None:
    """Something foreign."""
    match kind:
        case "file":
            path.touch()
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "link to nothing":
            path.symlink_to("nothing")
        case "link to a folder":
            path.symlink_to("old")


class TestSwitchLink:
    @pytest.fixture(params=["in the root", "elsewhere"])
    def path(self, request: pytest.FixtureRequest, root: Path) -> Path:
        if request.param == "in the root":
            return root / "3.13"
        (root.parent / "bin").mkdir()
        return root.parent / "bin" / "python3.13"

    def left(self, root: Path, path: Path) -> list[str]:
        """What stands beside the link, and in the staging."""
        assert os.listdir(root / ".staging") == []
        return sorted(set(os.listdir(path.parent)) - {".lock", ".staging", "old", "new"})

    def test_a_new_one(self, root: Path, path: Path) -> None:
        _links.switch_link(str(root), str(path), "new")
        assert os.readlink(path) == "new"
        assert self.left(root, path) == [path.name]

    @pytest.mark.parametrize("before", ["old", "new", "nowhere", "/etc", "."])
    def test_one_that_is_there(self, root: Path, path: Path, before: str) -> None:
        path.symlink_to(before)
        _links.switch_link(str(root), str(path), "new")
        assert os.readlink(path) == "new"
        assert self.left(root, path) == [path.name]
        assert os.listdir(root / "old") == []

    def test_whoever_looks_sees_the_old_or_the_new(self, root: Path, path: Path) -> None:
        path.symlink_to("old")
        ready, results = FORK.Event(), FORK.SimpleQueue()

        def look() -> None:
            found = set()
            for read in range(READS):
                try:
                    found.add(os.readlink(path))
                except OSError as error:
                    found.add(str(error))
                if read == 100:
                    ready.set()
            results.put(found)

        reader = FORK.Process(target=look)
        reader.start()
        assert ready.wait(60)
        while reader.is_alive() and results.empty():
            for target in ("new", "old"):
                _links.switch_link(str(root), str(path), target)
        assert results.get() == {"old", "new"}
        reader.join(60)

    @pytest.mark.parametrize("kind", ["file", "folder", "pipe"])
    def test_what_is_no_link_is_refused(self, root: Path, path: Path, kind: str) -> None:
        plant(path, kind)
        before = path.lstat()
        with pytest.raises(RootError, match=f"{re.escape(str(path))} is no link"):
            _links.switch_link(str(root), str(path), "new")
        with pytest.raises(RootError, match="is no link"):
            _links.check_link_place(str(path))
        assert path.lstat().st_ino == before.st_ino
        assert self.left(root, path) == [path.name]

    def test_one_that_cannot_be_made_leaves_nothing(
        self, root: Path, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path.symlink_to("old")

        def full(*_args: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "rename", full)
        with pytest.raises(RootError, match="cannot be made: No space left on device"):
            _links.switch_link(str(root), str(path), "new")
        assert os.readlink(path) == "old"
        assert self.left(root, path) == [path.name]

    def test_missing_folders_are_made(self, root: Path) -> None:
        path = root.parent / "usr/local/bin/python3"
        made = _links.make_folder(str(path.parent))
        _links.switch_link(str(root), str(path), "new")
        assert os.readlink(path) == "new"
        assert made == [str(root.parent / part) for part in ("usr", "usr/local", "usr/local/bin")]
        assert _links.make_folder(str(path.parent)) == []
        path.unlink()
        _links.remove_folders(made)
        assert not (root.parent / "usr").exists()

    def test_a_file_where_the_folder_should_be(self, root: Path) -> None:
        (root.parent / "bin").touch()
        with pytest.raises(RootError, match="Not a directory"):
            _links.switch_link(str(root), str(root.parent / "bin/python3"), "new")

    def test_what_a_run_that_was_cut_off_has_left_beside_goes(self, root: Path) -> None:
        folder = root.parent / "bin"
        folder.mkdir()
        ours = ".python3.0123456789abcdef"
        (folder / ours).symlink_to(root / "3.13/bin/python3")
        (folder / ".python3.fedcba9876543210").symlink_to("/usr/bin/python3")
        (folder / ".python3.aaaaaaaaaaaaaaaa").write_text("foreign")
        (folder / ".python3.short").symlink_to(root / "3.13")
        (folder / ".python3x0123456789abcdef").symlink_to(root / "3.13")
        before = set(os.listdir(folder))
        _links.switch_link(str(root), str(folder / "python3"), "new")
        assert set(os.listdir(folder)) == before - {ours} | {"python3"}


def test_remove_link(root: Path) -> None:
    (root / "3.13").symlink_to("new")
    (root / "3.12").mkdir()
    (root / "3.11").touch()
    for name in ("3.13", "3.12", "3.11", "3.10"):
        _links.remove_link(str(root / name))
    assert seen(root) == ["3.11", "3.12"]
    with pytest.raises(RootError, match="cannot be removed"):
        _links.remove_link(str(root / "3.11" / "below"))


def test_record_links(root: Path) -> None:
    _records.record_links(str(root), ["/usr/bin/b", "/usr/bin/a"])
    assert (root / ".links").read_text() == "/usr/bin/a\n/usr/bin/b\n"
    assert stat.S_IMODE((root / ".links").stat().st_mode) == 0o644
    _records.record_links(str(root), ["/usr/bin/c"])
    assert (root / ".links").read_text() == "/usr/bin/c\n"
    assert seen(root) == [".links"]
    for _time in range(2):
        _records.record_links(str(root), [])
        assert seen(root) == []


def test_remember_level(root: Path) -> None:
    for level in (3, 2):
        _records.remember_level(str(root), level)
        assert (root / ".level").read_text() == f"{level}\n"


def test_record_previous(root: Path) -> None:
    path = str(root / "3.13")
    assert _links.target_of(path) is None
    for target in ("old", "new"):
        _links.switch_link(str(root), path, target)
        _links.switch_link(str(root), _links.previous_of(path), str(_links.target_of(path)))
        assert os.readlink(root / ".3.13.previous") == target


def test_links_to(root: Path) -> None:
    for name, target in (("3.13", "new"), ("current", "new"), ("3.12", "old"), (".3.13.previous", "new")):
        (root / name).symlink_to(target)
    (root / "file").touch()
    assert _links.links_to(str(root), "new") == ["3.13", "current"]


class TestPlace:
    def tree(self, root: Path) -> str:
        stage = Path(_staging.new_stage(str(root)))
        (stage / "tree/bin").mkdir(parents=True)
        (stage / "tree/bin/python3").write_text("new")
        return str(stage / "tree")

    def test_a_tree_gets_its_name_and_receipt(self, root: Path) -> None:
        tree = self.tree(root)
        _homes.place(str(root), tree, "home", dict(RECEIPT), os.sync)
        assert not os.path.lexists(tree)
        assert contents(root / "home")["bin/python3"][1] == b"new"
        receipt = (root / "home/.fleet-receipt").read_text()
        assert json.loads(receipt) == RECEIPT
        # The probe reads one line.
        assert receipt.count("\n") == 1
        assert receipt.endswith("\n")
        assert _homes.stands(str(root), "home", RECEIPT["sha256"])

    @pytest.mark.parametrize("kind", ["file", "folder", "link to nothing", "link to a folder"])
    def test_what_is_in_the_way_stays(self, root: Path, kind: str) -> None:
        home = root / "home"
        plant(home, kind)
        before = home.lstat()
        with pytest.raises(RootError, match="in the way"):
            _homes.place(str(root), self.tree(root), "home", dict(RECEIPT), os.sync)
        assert home.lstat().st_ino == before.st_ino
        assert os.listdir(root / "old") == []

    def test_a_receipt_in_the_archive_is_no_receipt(self, root: Path) -> None:
        tree = self.tree(root)
        Path(tree, ".fleet-receipt").write_text("{}")
        with pytest.raises(FileExistsError):
            _homes.place(str(root), tree, "home", dict(RECEIPT), os.sync)
        assert not os.path.lexists(root / "home")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('{"sha256": "x"}', {"sha256": "x"}),
        ("", None),
        ("{", None),
        ("[1]", None),
        ("null", None),
        ('"text"', None),
        ("\udcff", None),
    ],
)
def test_receipts(root: Path, text: str, read: Any) -> None:
    (root / "old/.fleet-receipt").write_text(text, errors="surrogateescape")
    assert _records.read_receipt(str(root / "old")) == read
    assert _homes.stands(str(root), "old", "x") is (read is not None)
    assert not _homes.stands(str(root), "old", "y")


def test_no_receipt(root: Path) -> None:
    assert _records.read_receipt(str(root / "old")) is None
    assert _records.read_receipt(str(root / "not there")) is None
    assert not _homes.stands(str(root), "old", "")


def test_remove_home(root: Path) -> None:
    (root / "home/lib").mkdir(parents=True)
    (root / "home/lib/x").touch()
    (root / "home/out").symlink_to(root / "old")
    (root / "old/kept").touch()
    for _time in range(2):
        _removal.remove_home(str(root), "home")
        assert seen(root) == []
    assert os.listdir(root / "old") == ["kept"]


class TestLeaveIfEmpty:
    @pytest.fixture
    def empty(self, tmp_path: Path) -> Iterator[Path]:
        with _lock.locked(str(tmp_path / "root"), 0):
            yield tmp_path / "root"

    def test_an_empty_root_goes(self, empty: Path) -> None:
        _records.remember_level(str(empty), 2)
        _homes.leave_if_empty(str(empty), keep_root=False)
        assert not empty.exists()
        assert empty.parent.exists()

    def test_or_stays_without_anything_of_ours_but_the_level(self, empty: Path) -> None:
        _records.remember_level(str(empty), 2)
        _homes.leave_if_empty(str(empty), keep_root=True)
        assert os.listdir(empty) == [".level"]

    @pytest.mark.parametrize("name", ["home", ".links", "README", ".3.13.previous", ".staging/stage"])
    @pytest.mark.parametrize("keep_root", [True, False])
    def test_one_with_something_in_it_stays_as_it_is(self, empty: Path, name: str, keep_root: bool) -> None:
        (empty / name).mkdir()
        before = sorted(contents(empty))
        _homes.leave_if_empty(str(empty), keep_root)
        assert sorted(contents(empty)) == before

    @pytest.mark.parametrize("number", [16, 39, 13, 1])  # EBUSY, ENOTEMPTY, EACCES, EPERM
    def test_a_mount_point_stays(self, empty: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
        remove = os.rmdir

        def busy(path: str) -> None:
            if path == str(empty):
                raise OSError(number, os.strerror(number))
            remove(path)

        monkeypatch.setattr(os, "rmdir", busy)
        _homes.leave_if_empty(str(empty), keep_root=False)
        assert os.listdir(empty) == []
