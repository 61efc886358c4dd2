# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do work in a background thread. zlib, hashlib and system calls release the GIL, so they do not hold up others."""

from __future__ import annotations

import os
import threading
from typing import Any, Callable, Generic, TypeVar

Found = TypeVar("Found")


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
