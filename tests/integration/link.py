# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A link between the controller and a host that cuts connections, is slow, or goes away, and counts bytes."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.integration.target import Target

_CHUNK = 1 << 16


class Link:
    """Listens on ``port`` of this machine and passes on to ``address``, until it is left.

    ``most``: how many bytes of a connection get through to the other end before both ends find it cut; None for all.
    Connections that are there keep what they began with. ``all``: how many get through in all, and then none.
    ``rate``: how many bytes get through in a second. ``passed`` counts them.
    """

    def __init__(self, address: str, port: int) -> None:
        self.most: int | None = None
        self.all: int | None = None
        self.rate: int | None = None
        self.passed = 0
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
            for source, target, most, counts in ((near, far, self.most, True), (far, near, None, False)):
                thread = threading.Thread(target=self._pass_on, args=(source, target, most, counts))
                self._threads.append(thread)
                thread.start()

    def _pass_on(self, source: socket.socket, target: socket.socket, most: int | None, counts: bool) -> None:
        left = most
        with suppress(OSError):
            while chunk := source.recv(_CHUNK):
                if counts and self.all is not None and self.passed + len(chunk) > self.all:
                    # Not even a short command.
                    self.all = 0
                    break
                if left is not None:
                    # Up to the last byte that gets through.
                    chunk = chunk[:left]
                    left -= len(chunk)
                target.sendall(chunk)
                if counts:
                    self.passed += len(chunk)
                if left == 0:
                    # At once: ssh may wait for an answer before it sends more.
                    self.cuts += 1
                    break
                if counts:
                    # This is the link's speed, not a wait for something.
                    time.sleep(len(chunk) / self.rate if self.rate else 0)
        for each in (source, target):
            _shut(each)


def _shut(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)


def through(link: Link, target: Target) -> Target:
    """The same host, reached through the link."""
    reached = {"ansible_host": "127.0.0.1", "ansible_port": link.port}
    return Target(target.name, target.container, {**target.variables, **reached})
