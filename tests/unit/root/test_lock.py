# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The root's lock and its staging: one run at a time, nothing left of those that died, nothing taken of the living."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.module_utils._root import homes as _homes
from ansible_collections.fleet.python.plugins.module_utils._root import lock as _lock
from ansible_collections.fleet.python.plugins.module_utils._root import staging as _staging
from ansible_collections.fleet.python.plugins.module_utils._root import sweep as _sweep
from ansible_collections.fleet.python.plugins.module_utils._root.errors import ConcurrentRunError, RootError

# Processes of their own, without starting an interpreter for each.
FORK = multiprocessing.get_context("fork")
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


@contextmanager
def holding(enter: Callable[[], AbstractContextManager[object]]) -> Iterator[int]:
    """The id of a process that is inside of a ``with`` until it is killed."""
    ready = FORK.Event()

    def hold() -> None:
        with enter():
            ready.set()
            signal.pause()

    child = FORK.Process(target=hold)
    child.start()
    try:
        assert ready.wait(60)
        yield child.pid or 0
    finally:
        child.kill()
        child.join()


def test_it_makes_the_root_and_its_staging(tmp_path: Path) -> None:
    root = tmp_path / "opt" / "python"
    with _lock.locked(str(root)):
        assert sorted(os.listdir(root)) == [".lock", ".staging"]
        assert stat.S_IMODE((root / ".staging").stat().st_mode) == 0o700
        assert stat.S_IMODE((root / ".lock").stat().st_mode) == 0o600


def test_a_link_to_a_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    root = tmp_path / "python"
    root.symlink_to("disk")
    with _lock.locked(str(root)):
        _homes.leave_if_empty(str(root), keep_root=False)
    assert list(root.iterdir()) == []


def test_a_stage_without_the_lock_goes(tmp_path: Path) -> None:
    root = tmp_path / "python"
    stage = root / ".staging" / "aa"
    stage.mkdir(parents=True)
    (stage / "made-root").touch()
    assert _sweep.made_with(str(root), ["aa"])
    assert not _sweep.made_with(str(root), ["bb"])
    _sweep.drop_stages(str(root), ["aa"], keep_root=True)
    assert list(root.iterdir()) == []
    _sweep.drop_stages(str(root), ["aa"], keep_root=False)
    assert not root.exists()


def test_one_at_a_time(tmp_path: Path) -> None:
    root = str(tmp_path)
    refused = pytest.raises(RootError, match=r"another run has held .*\.lock for 0 seconds")
    with holding(lambda: _lock.locked(root)), refused, _lock.locked(root, 0):
        raise AssertionError("two runs hold the lock")


def test_it_is_free_afterwards(tmp_path: Path) -> None:
    root = str(tmp_path)
    for _time in range(2):
        with _lock.locked(root, 0):
            pass
    with pytest.raises(KeyError), _lock.locked(root, 0):
        raise KeyError
    with _lock.locked(root, 0):
        pass


def test_a_dead_holder_frees_it(tmp_path: Path) -> None:
    root = str(tmp_path)
    with holding(lambda: _lock.locked(root)) as pid:
        os.kill(pid, signal.SIGKILL)
        with _lock.locked(root, 60):
            pass


def test_a_program_that_it_starts_does_not_hold_it_on(tmp_path: Path) -> None:
    with _lock.locked(str(tmp_path)):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        with _lock.locked(str(tmp_path), 0):
            pass
    finally:
        child.kill()
        child.wait()


def test_many_processes_take_turns(tmp_path: Path) -> None:
    """Each removes the root after its turn where it can, as a run that fails on a fresh host does."""
    root, counter = tmp_path / "root", tmp_path / "counter"
    counter.write_text("0")

    def count() -> None:
        for _turn in range(40):
            with _lock.locked(str(root)):
                number = int(counter.read_text())
                counter.write_text(str(number + 1))
                _homes.leave_if_empty(str(root), keep_root=False)

    children = [FORK.Process(target=count) for _child in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0, 0, 0]
    assert counter.read_text() == "120"
    assert not root.exists()


def test_a_root_that_others_remove_and_make_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """os.makedirs finds it there, then no directory; before anybody looks again another run has made it anew."""
    root, make = tmp_path / "root", os.makedirs
    root.mkdir()
    raised: list[str] = []

    def removed_meanwhile(path: str, mode: int = 0o777, exist_ok: bool = False) -> None:
        if not raised:
            raised.append(path)
            raise FileExistsError(errno.EEXIST, "File exists", path)
        make(path, mode, exist_ok=exist_ok)

    monkeypatch.setattr(os, "makedirs", removed_meanwhile)
    with _lock.locked(str(root)):
        assert raised == [str(root)]


def test_an_empty_staging_goes_while_the_lock_is_held(tmp_path: Path) -> None:
    """The run before this one was removing it with its root, or the sh of one that fails does."""
    root = tmp_path / "root"
    with _lock.locked(str(root)):
        (root / ".staging").rmdir()
        _sweep.sweep(str(root), [])
        stage = Path(_staging.new_stage(str(root)))
        assert stat.S_IMODE(stage.parent.stat().st_mode) == 0o700
        stage.rmdir()
        stage.parent.rmdir()
        _homes.leave_if_empty(str(root), keep_root=False)
    assert not root.exists()


def test_another_run_s_sh_begins_to_stage_while_the_root_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    with _lock.locked(str(root)):
        (root / ".staging/just-made").mkdir()
        monkeypatch.setattr(_homes, "staged", lambda _root: [])
        _homes.leave_if_empty(str(root), keep_root=False)
    assert (root / ".staging/just-made").is_dir()


def test_the_root_is_removed_between_opening_and_locking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run before this one has removed root and lock: what is locked is no file of the new root."""
    root = tmp_path / "root"
    lock = fcntl.flock
    removed: list[int] = []

    def remove_first(descriptor: int, how: int) -> None:
        if not removed:
            removed.append(descriptor)
            shutil.rmtree(root)
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", remove_first)
    with _lock.locked(str(root), 0):
        assert sorted(os.listdir(root)) == [".lock", ".staging"]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(removed[0])


@pytest.mark.parametrize("at", [1, 2])
def test_the_root_is_removed_while_the_lock_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    root = tmp_path / "root"
    look, looks = os.stat, []

    def remove_first(path: Any, *args: Any, **options: Any) -> os.stat_result:
        if str(path).endswith("/.lock"):
            looks.append(path)
            if len(looks) == at:
                shutil.rmtree(root)
        return look(path, *args, **options)

    monkeypatch.setattr(os, "stat", remove_first)
    with _lock.locked(str(root), 0):
        assert sorted(os.listdir(root)) == [".lock", ".staging"]


def test_the_root_is_removed_while_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """os.makedirs finds that it is there, and then that it is no directory."""
    root = tmp_path / "root"
    root.mkdir()
    make = os.mkdir

    def remove_after(path: Any, *args: Any, **options: Any) -> None:
        try:
            make(path, *args, **options)
        except FileExistsError:
            if path == str(root):
                root.rmdir()
            raise

    monkeypatch.setattr(os, "mkdir", remove_after)
    with _lock.locked(str(root), 0):
        assert sorted(os.listdir(root)) == [".lock", ".staging"]


def _plant(root: Path, what: str) -> None:
    """Something foreign where the root, its staging or its lock should be."""
    staging, lock = root / ".staging", root / ".lock"
    if what.startswith(("staging", "lock")):
        root.mkdir()
    match what:
        case "file":
            root.touch()
        case "link to a file":
            root.symlink_to("file")
        case "link to nothing":
            root.symlink_to("/nowhere/at/all")
        case "staging is a file":
            staging.touch()
        case "staging is a link":
            staging.symlink_to(root.parent)
        case "staging of a group":
            staging.mkdir()
            staging.chmod(0o770)
        case "staging of all":
            staging.mkdir()
            staging.chmod(0o1777)
        case "lock is a link":
            lock.symlink_to(root.parent / "planted")


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("file", "cannot be made or written"),
        ("link to a file", "cannot be made or written"),
        ("link to nothing", "cannot be made or written"),
        ("staging is a file", "no directory of this user"),
        ("staging is a link", "no directory of this user"),
        ("staging of a group", "no directory of this user"),
        ("staging of all", "no directory of this user"),
        ("lock is a link", "cannot be locked"),
    ],
)
def test_roots_that_are_refused(tmp_path: Path, what: str, words: str) -> None:
    (tmp_path / "file").touch()
    _plant(tmp_path / "root", what)
    with pytest.raises(RootError, match=words), _lock.locked(str(tmp_path / "root"), 0):
        raise AssertionError("locked")
    assert sorted(os.listdir(tmp_path)) == ["file", "root"]


@AS_ROOT
def test_a_staging_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".staging").mkdir(0o700)
    os.chown(tmp_path / ".staging", 1234, 1234)
    with pytest.raises(RootError, match="see who made it"), _lock.locked(str(tmp_path), 0):
        raise AssertionError("locked")


def test_a_root_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RootError, match="become"), _lock.locked(str(tmp_path / "file" / "root"), 0):
        raise AssertionError("locked")


class TestSweep:
    """What is left in the staging goes, unless somebody alive still needs it."""

    @pytest.fixture
    def root(self, tmp_path: Path) -> Iterator[Path]:
        with _lock.locked(str(tmp_path)):
            yield tmp_path

    def stage(self, root: Path, name: str, maker: str | None = None) -> Path:
        path = root / ".staging" / name
        (path / "tree/bin").mkdir(parents=True)
        (path / "tree/bin/python3").touch()
        if maker is not None:
            (path / "maker").write_text(maker)
        return path

    def maker(self, pid: int | str = "self") -> str:
        """What stage.sh writes for a process."""
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        number = os.getpid() if pid == "self" else pid
        return f"{number} {fields[19]} {Path('/proc/sys/kernel/random/boot_id').read_text()}"

    def swept(self, root: Path, *ours: str) -> list[str]:
        _sweep.sweep(str(root), ours)
        return sorted(os.listdir(root / ".staging"))

    def test_what_a_module_has_staged(self, root: Path) -> None:
        left = _staging.new_stage(str(root))
        Path(left, "archive").touch()
        (root / ".staging/module-file").touch()
        (root / ".staging/module-link").symlink_to(root)
        assert self.swept(root) == []
        assert root.exists()

    def test_what_is_this_run_s_own_stays(self, root: Path) -> None:
        self.stage(root, "mine")
        assert self.swept(root, "mine") == ["mine"]

    def test_what_a_living_shell_makes_stays(self, root: Path) -> None:
        self.stage(root, "living", self.maker())
        assert self.swept(root) == ["living"]

    @pytest.mark.parametrize(
        "maker",
        [
            None,
            "",
            "nonsense",
            "1 2",
            "a b c",
            "1 2 3 4",
            "999999999 1 boot",
            "-1 0 0",
            "../self 1 boot",
            "ÿþ",
        ],
    )
    def test_what_nobody_makes_any_more_goes(self, root: Path, maker: str | None) -> None:
        self.stage(root, "dead", maker)
        assert self.swept(root) == []

    def test_another_process_with_the_same_number_is_not_the_maker(self, root: Path) -> None:
        pid, start, boot = self.maker().split()
        self.stage(root, "reused", f"{pid} {int(start) - 1} {boot}\n")
        self.stage(root, "rebooted", f"{pid} {start} 00000000-0000-0000-0000-000000000000\n")
        assert self.swept(root) == []

    def test_a_process_that_has_ended_and_nobody_has_waited_for(self, root: Path) -> None:
        child = subprocess.Popen(["sleep", "60"])
        maker = self.maker(child.pid)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        self.stage(root, "zombie", maker)
        try:
            assert self.swept(root) == []
        finally:
            child.wait()

    def test_what_a_module_holds_stays_until_it_dies(self, root: Path) -> None:
        self.stage(root, "held")
        with holding(lambda: _sweep.held(str(root), ["held"])):
            assert self.swept(root) == ["held"]
        assert self.swept(root) == []

    def test_holding_what_is_swept_already(self, root: Path) -> None:
        with pytest.raises(ConcurrentRunError, match="swept"), _sweep.held(str(root), ["gone"]):
            raise AssertionError("held")

    @pytest.mark.parametrize("killed", [False, True])
    def test_taken_over_while_another_run_is_about_to_sweep_it(
        self, root: Path, killed: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """That run has looked already; or is killed before it has deleted anything."""
        self.stage(root, "late")
        monkeypatch.setattr(_sweep, "_is_held", lambda _path: False)
        with _sweep.held(str(root), ["late"]) as still_there:
            still_there()
            if killed:
                monkeypatch.setattr(_sweep, "_delete", lambda _path: None)
            _sweep.sweep(str(root), [])
            with pytest.raises(ConcurrentRunError, match="swept"):
                still_there()
        monkeypatch.undo()
        _sweep.sweep(str(root), [])
        assert os.listdir(_staging.staging_of(str(root))) == []

    def test_memories_of_homes_that_are_gone_go_too(self, root: Path) -> None:
        (root / "home").mkdir()
        (root / ".3.12.previous").symlink_to("home")
        (root / ".3.13.previous").symlink_to("gone")
        (root / ".hidden").symlink_to("gone")
        self.swept(root)
        assert sorted(os.listdir(root)) == [".3.12.previous", ".hidden", ".lock", ".staging", "home"]
