# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that many processes want: one makes it, none sees half of it, and none leaves anything behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._cache.single_flight import single_flight

FORK = multiprocessing.get_context("fork")
# Threads of servers that other tests had are idle while this forks.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


def names(directory: Path) -> list[str]:
    """What is there, locks left out."""
    return sorted(name for name in os.listdir(directory) if not name.endswith(".lock"))


def writer(text: str, made: list[str]) -> Callable[[Path], None]:
    """Makes a file with this text, and notes it."""

    def write(target: Path) -> None:
        target.write_text(text)
        made.append(text)

    return write


def says(text: str, found: Path) -> bool:
    return found.read_text() == text


def test_it_is_made_once(tmp_path: Path) -> None:
    path, made = tmp_path / "cache/deep/file", []

    def make(target: Path) -> None:
        made.append(target)
        assert not path.exists(), "nobody sees it before it is complete"
        target.write_text("content")

    for _time in range(3):
        assert single_flight(path, make) == path
        assert path.read_text() == "content"
    assert len(made) == 1
    assert names(path.parent) == ["file"]
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_is_not_good_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "file"
    made: list[str] = []
    for text in ("old", "new", "new", "newer"):
        single_flight(path, writer(text, made), good=partial(says, text))
        assert path.read_text() == text
    assert made == ["old", "new", "newer"]


def test_what_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"

    def fail(target: Path) -> None:
        target.write_text("half")
        raise KeyError("no more")

    with pytest.raises(KeyError):
        single_flight(path, fail)
    assert names(tmp_path) == []
    path.write_text("damaged")
    with pytest.raises(KeyError):
        single_flight(path, fail, good=lambda _found: False)
    assert names(tmp_path) == ["file"]
    single_flight(path, writer("whole", []), good=lambda _found: False)
    assert path.read_text() == "whole"


def test_many_processes(tmp_path: Path) -> None:
    path, log = tmp_path / "file", tmp_path / "log"
    start = FORK.Barrier(4)

    def make(target: Path) -> None:
        with log.open("a") as out:
            out.write("made\n")
        target.write_text("content" * 100_000)

    def want() -> None:
        start.wait(60)
        assert single_flight(path, make).read_text() == "content" * 100_000

    children = [FORK.Process(target=want) for _child in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * 4
    assert log.read_text() == "made\n"


def test_who_is_killed_leaves_nothing_for_long(tmp_path: Path) -> None:
    path = tmp_path / "file"
    ready = FORK.Event()

    def stop_halfway(target: Path) -> None:
        target.write_text("half")
        ready.set()
        signal.pause()

    child = FORK.Process(target=single_flight, args=(path, stop_halfway))
    child.start()
    assert ready.wait(60)
    child.kill()
    child.join(60)
    assert not path.exists()
    single_flight(path, writer("whole", []))
    assert path.read_text() == "whole"
    assert names(tmp_path) == ["file"], "nothing of the killed one stays"
