# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources over real sockets that answer as a test says: right, with an error, cut off, endless, or elsewhere."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.world.server import MirrorHandler, MirrorServer

# Answers one request in place of the file; None: the file.
Answer = Callable[[MirrorHandler], None] | None

RIGHT: Answer = None


def status(code: int, **headers: str) -> Answer:
    """An error, or whatever else a status says."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.send_text(code, f"this is {code}\n", named)


def redirect(target: str, code: int = 302) -> Answer:
    return status(code, Location=target)


def body(content: bytes) -> Answer:
    """Other bytes than the file has."""

    def answer(handler: MirrorHandler) -> None:
        _head(handler, Content_Length=str(len(content)))
        handler.send_body(content)

    return answer


def cut(handler: MirrorHandler) -> None:
    """Half of what was promised, then the end of the connection."""
    _head(handler, Content_Length="1000")
    handler.send_body(b"x" * 500)
    handler.close_connection = True


def cut_chunk(handler: MirrorHandler) -> None:
    """The same, of a body in chunks (RFC 9112, 7.1)."""
    _head(handler, Transfer_Encoding="chunked")
    handler.send_body(b"200\r\n" + b"x" * 100)
    handler.close_connection = True


def broken_chunk(handler: MirrorHandler) -> None:
    _head(handler, Transfer_Encoding="chunked")
    handler.send_body(b"no number\r\n")
    handler.close_connection = True


def hang_up(handler: MirrorHandler) -> None:
    """Nothing at all."""
    handler.close_connection = True


def no_http(handler: MirrorHandler) -> None:
    handler.wfile.write(b"220 mail.example.org ESMTP\r\n")
    handler.close_connection = True


def endless(handler: MirrorHandler) -> None:
    """A body without length and end; ends when the client has gone (BrokenPipeError, which the server takes)."""
    _head(handler)
    handler.close_connection = True
    while True:
        handler.send_body(bytes(1 << 16))


def trickle(handler: MirrorHandler) -> None:
    """A byte each tenth of a second, until the client has gone; a rate, so it takes time."""
    _head(handler, Content_Length="1000000")
    handler.close_connection = True
    while not threading.Event().wait(0.1):
        handler.send_body(b"x")


def trickle_header(handler: MirrorHandler) -> None:
    """The same within a header, which no limit on one read ends."""
    handler.close_connection = True
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not threading.Event().wait(0.1):
        handler.wfile.write(b"x")


def basic(user: str, password: str) -> str:
    """What the header Authorization says (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _head(handler: MirrorHandler, **headers: str) -> None:
    handler.send_response(200)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


@contextmanager
def mirror(directory: Path, *answers: Answer, bind: str = "127.0.0.1") -> Iterator[MirrorServer]:
    """A server of a directory; the answers are given in their order, and then the last one for ever."""
    left = list(answers)

    class Handler(MirrorHandler):
        def intercept(self) -> bool:
            answer = left.pop(0) if len(left) > 1 else left[0] if left else None
            if answer:
                answer(self)
            return answer is not None

    with MirrorServer(directory, bind=bind, handler=Handler) as server:
        yield server
