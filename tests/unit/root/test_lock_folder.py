# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a root without flock(2), whose errors are injected here. tests/faults has a real process without it."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.module_utils._process import process_mark
from ansible_collections.fleet.python.plugins.module_utils._root.errors import RootError
from ansible_collections.fleet.python.plugins.module_utils._root.homes import leave_if_empty
from ansible_collections.fleet.python.plugins.module_utils._root.lock import locked
from ansible_collections.fleet.python.plugins.module_utils._root.lock_folder import enter, leave, occupants
from ansible_collections.fleet.python.plugins.module_utils._root.sweep import held, own_stage, sweep


@pytest.fixture(params=["ENOSYS", "EOPNOTSUPP", "ENOLCK"])
def no_flock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    number = getattr(errno, request.param)

    def refuse(descriptor: int, how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)


@pytest.mark.usefixtures("no_flock")
class TestLocked:
    def test_held_by_one_at_a_time(self, tmp_path: Path) -> None:
        root = tmp_path / "root"
        with locked(str(root)):
            assert (root / ".lock").is_dir()
            with pytest.raises(RootError, match=f"of host {os.uname().nodename}: remove that"), locked(str(root), 0):
                raise AssertionError("locked twice")
        with locked(str(root), 0):
            assert len(os.listdir(root / ".lock")) == 1
        assert os.listdir(root / ".lock") == []

    def test_it_goes_with_an_empty_root(self, tmp_path: Path) -> None:
        root = tmp_path / "root"
        with locked(str(root)):
            leave_if_empty(str(root), keep_root=False)
            assert not root.exists()

    def test_many_at_once(self, tmp_path: Path) -> None:
        """Each adds one to a number that it reads, writes and so would lose."""
        count = tmp_path / "count"
        count.write_text("0")

        def work() -> None:
            for _round in range(5):
                with locked(str(tmp_path / "root")):
                    count.write_text(str(int(count.read_text()) + 1))

        threads = [threading.Thread(target=work) for _number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert count.read_text() == "20"

    def test_a_stage_is_protected_too(self, tmp_path: Path) -> None:
        root = str(tmp_path / "root")
        with locked(root), own_stage(root, "a" * 64) as stage:
            sweep(root, [])
            assert os.path.isdir(stage)
        with locked(root):
            os.mkdir(os.path.join(root, ".staging", "of-sh"))
            with held(root, ["of-sh"]) as still_there:
                sweep(root, [])
                still_there()
            assert Path(root, ".staging/of-sh/maker").read_text().strip() == process_mark()


def test_whoever_comes_second_steps_back(tmp_path: Path) -> None:
    first = enter(str(tmp_path))
    assert first
    assert enter(str(tmp_path)) is None
    assert list(occupants(str(tmp_path))) == [first]
    leave(first)
    assert enter(str(tmp_path))


def test_a_dead_process_of_this_boot_is_not_in(tmp_path: Path) -> None:
    code = f"from {enter.__module__} import enter; enter({str(tmp_path)!r})"
    paths = os.pathsep.join(sys.path)
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": paths})
    assert len(os.listdir(tmp_path)) == 1
    assert occupants(str(tmp_path)) == {}
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "text",
    [
        "other pid:[1] 1 1 11111111-2222-3333-4444-555555555555",
        "other pid:[1] this process",
        "other - ",
        "no mark at all",
        "x",
    ],
)
def test_what_cannot_be_seen_counts_as_alive(tmp_path: Path, text: str) -> None:
    """Another boot, another container, no /proc there, something else."""
    (tmp_path / "entry").symlink_to(text.replace("this process", process_mark()))
    assert list(occupants(str(tmp_path))) == [str(tmp_path / "entry")]
    assert enter(str(tmp_path)) is None
