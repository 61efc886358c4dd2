# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do work in a background thread. zlib, hashlib and system calls release the GIL, so they do not hold up others."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Callable, Generic, TypeVar

Found = TypeVar("Found")
# The most pieces that may wait. Each has up to a quarter of a megabyte.
_MOST_WAITING = 8


def processors() -> int:
    """The number of processors that this process may use."""
    # macOS has no sched_getaffinity.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Background(Generic[Found]):
    """The result of ``work``, which runs in a thread. Only a caller that asks for the result waits."""

    def __init__(self, work: Callable[..., Found], *arguments: Any) -> None:
        self._work = work
        self._arguments = arguments
        self._found: list[Found] = []
        self._raised: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._found.append(self._work(*self._arguments))
        except BaseException as error:  # raised in `result`
            self._raised.append(error)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the work ends, whether it succeeds or fails, or for some seconds. Returns whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def result(self) -> Found:
        """Wait for the result and return it. Raises what ``work`` raised."""
        self.wait()
        for error in self._raised:
            raise error
        return self._found[0]


@contextmanager
def read_ahead(make: Callable[[], bytes]) -> Iterator[Callable[[], bytes]]:
    """Yield a function that returns the pieces of ``make`` in order, and raises its errors. The last piece is empty.

    With one processor, that function is ``make`` itself, since a thread would gain nothing.
    """
    if processors() < 2:
        yield make
        return
    waiting: queue.Queue[bytes | BaseException] = queue.Queue(_MOST_WAITING)
    given_up = threading.Event()

    def work() -> None:
        piece: bytes | BaseException = b"-"
        while piece and not isinstance(piece, BaseException) and not given_up.is_set():
            try:
                piece = make()
            except BaseException as error:  # raised in `take`
                piece = error
            waiting.put(piece)

    ended: list[bytes | BaseException] = []

    def take() -> bytes:
        piece = ended[0] if ended else waiting.get()
        if not piece or isinstance(piece, BaseException):
            # Return the same again, since the thread makes no more.
            ended[:] = [piece]
        if isinstance(piece, BaseException):
            raise piece
        return piece

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield take
    finally:
        given_up.set()
        # The thread may be blocked on a full queue.
        while thread.is_alive():
            with suppress(queue.Empty):
                waiting.get(timeout=0.01)
        thread.join()
