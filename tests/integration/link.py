# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A link to a TCP port that can be cut."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

_CHUNK = 1 << 16


class Link:
    """Listens on ``port`` of this machine and passes on to ``address``, until it is left.

    ``most``: how many bytes of a connection get through to the other end before both ends find it cut; None for all.
    Connections that are there keep what they began with.
    """

    def __init__(self, address: str, port: int) -> None:
        self.most: int | None = None
        self.cuts = 0
        self._to = (address, port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept)]
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Whoever waits in accept() or recv() wakes up by that, and not by close().
        for each in (self._listening, *self._open):
            _shut(each)
        for thread in self._threads:
            thread.join()
        for each in (self._listening, *self._open):
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _address = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(self._to)
            self._open += [near, far]
            for source, target, most in ((near, far, self.most), (far, near, None)):
                thread = threading.Thread(target=self._pass_on, args=(source, target, most))
                self._threads.append(thread)
                thread.start()

    def _pass_on(self, source: socket.socket, target: socket.socket, most: int | None) -> None:
        left = most
        with suppress(OSError):
            while chunk := source.recv(_CHUNK):
                if left is not None:
                    left -= len(chunk)
                    if left < 0:
                        self.cuts += 1
                        break
                target.sendall(chunk)
        for each in (source, target):
            _shut(each)


def _shut(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
