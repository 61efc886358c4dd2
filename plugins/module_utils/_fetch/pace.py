# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How slow a source may be: a least rate and a total time, so that one that trickles holds nobody up."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable


class TooSlowError(Exception):
    """A source is slower than the options allow."""


class Pace:
    """The pace of one source. ``timeout`` and ``download_timeout`` are in seconds, ``min_rate`` in bytes per second.

    A span of ``timeout`` seconds in which fewer bytes than ``min_rate`` allows arrive is too slow, and so is all that
    takes longer than ``download_timeout``. Connections that resume one another are one download.
    """

    def __init__(
        self, timeout: int, min_rate: int, download_timeout: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._download_timeout = download_timeout
        self._timeout = timeout
        self._min_rate = min_rate
        self._clock = clock
        self._since = clock()
        self._end = self._since + download_timeout
        self._bytes = 0

    def came(self, count: int) -> None:
        """Note that ``count`` bytes have arrived. Raises TooSlowError."""
        now = self._clock()
        if now > self._end:
            raise TooSlowError(_too_long(self._download_timeout))
        self._bytes += count
        took = now - self._since
        if took >= self._timeout:
            if self._bytes < self._min_rate * took:
                raise TooSlowError(
                    f"it sent {self._bytes} bytes in {took:.0f} seconds, and min_rate is {self._min_rate} a second"
                )
            self._since, self._bytes = now, 0


@contextmanager
def bounded(seconds: int) -> Iterator[None]:
    """Raise TooSlowError in the block after ``seconds``, also while it waits for a header or a handshake.

    Only the main thread receives signals. In another one nothing happens.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_number: int, _frame: Any) -> None:
        raise TooSlowError(_too_long(seconds))

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _too_long(seconds: int) -> str:
    return f"it took longer than {seconds} seconds (download_timeout)"
