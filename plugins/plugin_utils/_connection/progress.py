# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the progress of a long transfer on a terminal. Logs and CI get nothing."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final

from ansible_collections.fleet.python.plugins.module_utils._process import parent_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.download import Watch

# Asked where this is first loaded, which is ansible-playbook's own process: its workers have no terminal.
TERMINAL: Final = bool(sys.stdout) and sys.stdout.isatty()
_EVERY: Final = 5.0
_MEGABYTE: Final = 1_000_000


def progress(say: Callable[[str], object], what: str, clock: Callable[[], float] = time.monotonic) -> Watch:
    """A watch that says at most every five seconds how far ``what`` is, and how fast."""
    begin = last = clock()
    begun: int | None = None

    def watch(have: int, total: int | None) -> None:
        nonlocal last, begun
        now = clock()
        if begun is None:
            # What an earlier run has brought tells nothing of how fast this one is.
            begun = have
        if now - last >= _EVERY:
            last = now
            say(progress_line(what, have, total, (have - begun) / (now - begin)))

    return watch


def progress_line(what: str, have: int, total: int | None, rate: float) -> str:
    """``web1: download of ...: 12.1 of 31.0 MB, 2.4 MB/s``; ``rate`` in bytes a second."""
    of = f" of {total / _MEGABYTE:.1f}" if total else ""
    return f"{what}: {have / _MEGABYTE:.1f}{of} MB, {rate / _MEGABYTE:.1f} MB/s"


@contextmanager
def watched(look: Callable[[], tuple[int, int | None] | None], watch: Watch) -> Iterator[None]:
    """Tell ``watch`` every five seconds what ``look`` sees: bytes there, and of how many; None for nothing to see."""
    done = threading.Event()

    def work() -> None:
        while not done.wait(_EVERY):
            far = look()
            if far:
                watch(*far)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        # A look may take as long as its connection does: nobody waits for that.
        thread.join(_EVERY)


def watched_reading(path: Path, watch: Watch) -> AbstractContextManager[None]:
    """Watch how far this process, or a program that it has started, has read a file: connection plugins do not say."""

    def look() -> tuple[int, int] | None:
        have = read_so_far(path)
        return None if have is None else (have, path.stat().st_size)

    return watched(look, watch)


def read_so_far(path: Path) -> int | None:
    """The furthest that this process and its descendants have read an open file; None where nobody has it open."""
    found = []
    wanted = str(path.resolve())
    for pid in _descendants():
        with suppress(OSError):
            for fd in os.listdir(f"/proc/{pid}/fd"):
                with suppress(OSError):
                    if os.readlink(f"/proc/{pid}/fd/{fd}") == wanted:
                        found.append(int(Path(f"/proc/{pid}/fdinfo/{fd}").read_text().split()[1]))
    return max(found, default=None)


def _descendants() -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if entry.isdigit():
            with suppress(OSError):
                parents.setdefault(parent_of(int(entry)), []).append(int(entry))
    found = [os.getpid()]
    for pid in found:
        found.extend(parents.get(pid, ()))
    return found
