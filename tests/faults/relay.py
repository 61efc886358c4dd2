# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network between ssh and a host that goes away when a test says so: all connections through it are lost."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Literal

# Cut, and both ends hear of it; or silent: nothing comes through any more, and nobody says so.
Loss = Literal["cut", "silent"]


class Connection:
    """One of a client through the relay. ``before`` and ``after``: bytes that all had sent to the host by then."""

    def __init__(self, client: socket.socket, host: socket.socket | None, before: int) -> None:
        self.client = client
        self.host = host
        self.before = self.after = before
        self.ended = 0.0
        self.lost = host is None

    def close(self) -> None:
        for end in (self.client, self.host):
            with suppress(OSError):
                if end:
                    end.shutdown(socket.SHUT_RDWR)


class Relay:
    """Listens on ``port`` of 127.0.0.1, and passes on to port 22 of an address."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections: list[Connection] = []
        self._sent = 0
        self._lock = threading.Lock()
        self._loss: Loss | None = None
        self._armed: tuple[int, float, Loss] | None = None
        self._timer: threading.Timer | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, sent: int, seconds: float, loss: Loss) -> None:
        """Lose all, and whatever comes after, that many seconds after so many bytes have gone to the host."""
        self._armed = (sent, seconds, loss)

    @property
    def struck(self) -> bool:
        return self._loss is not None

    def restore(self) -> None:
        """Let new connections through, and count anew; what was lost stays lost."""
        if self._timer:
            self._timer.cancel()
            self._timer.join()
        self._armed = self._timer = self._loss = None
        self._sent = 0
        self.connections = [each for each in self.connections if each.lost]

    def forget(self) -> None:
        """Let both ends hear of what was lost in silence."""
        for each in self.connections:
            if each.lost:
                each.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self.connections:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _peer = self._listener.accept()
            except OSError:
                return
            host = None if self._loss else socket.create_connection((self._address, 22))
            connection = Connection(client, host, self._sent)
            self.connections.append(connection)
            if self._loss == "cut":
                connection.close()
            for way in ((client, host), (host, client)) if host else ():
                threading.Thread(target=self._pass, args=(connection, *way), daemon=True).start()

    def _pass(self, connection: Connection, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 14):
                if not connection.lost:
                    target.sendall(data)
                    self._count(len(data) if target is connection.host else 0)
        if not connection.lost:
            connection.close()
            connection.after, connection.ended = self._sent, time.monotonic()

    def _count(self, size: int) -> None:
        with self._lock:
            self._sent += size
            if self._armed and self._sent >= self._armed[0]:
                _sent, seconds, loss = self._armed
                self._armed = None
                self._timer = threading.Timer(seconds, self._lose, (loss,))
                self._timer.start()

    def _lose(self, loss: Loss) -> None:
        self._loss = loss
        for connection in self.connections:
            connection.lost = True
            if loss == "cut":
                connection.close()
