# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real HTTP server for the release mirror: threads, ranges, and a record of every request."""

from __future__ import annotations

import re
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self
from urllib.parse import unquote, urlsplit

_CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)")
# linux/in.h; the socket module does not name it. Lets a server listen on the bridge before its first container.
_IP_FREEBIND = 15


@dataclass
class Request:
    """One request as it was answered; ``sent`` counts the bytes of the body that went out so far."""

    method: str
    path: str
    client: str
    range: str | None
    headers: dict[str, str] = field(repr=False)
    status: int = 0
    sent: int = 0

    def line(self) -> str:
        """Return the access log's line."""
        return f"{self.method} {self.path} {self.status} {self.sent} {self.client} {self.range or '-'}"


def parse_range(text: str | None, size: int) -> tuple[int, int] | None:
    """Return the first byte and the length that a Range header asks for of ``size`` bytes; None: the whole.

    What RFC 9110 (14.2) lets a server ignore is ignored: other units, several ranges, nonsense.
    Raises ValueError where no byte of the range is there (status 416).
    """
    match = _RANGE.fullmatch(text.strip()) if text else None
    if match is None or (not match["first"] and not match["last"]):
        return None
    if not match["first"]:
        first, last = max(0, size - int(match["last"])), size - 1
        if match["last"].strip("0") == "":
            raise ValueError("the last no bytes were asked for")
    else:
        first = int(match["first"])
        last = min(int(match["last"]), size - 1) if match["last"] else size - 1
        if match["last"] and int(match["last"]) < first:
            return None
    if first >= size:
        raise ValueError(f"byte {first} of {size} was asked for")
    return first, last - first + 1


class MirrorHandler(BaseHTTPRequestHandler):
    """Answers GET and HEAD with files of the server's directory; tests override `intercept` or `copy`."""

    protocol_version = "HTTP/1.1"
    server_version = "fleet-python-mirror"
    # Seconds that an idle connection is kept.
    timeout = 60
    # Headers and body are two writes: the second must not wait for the first one's acknowledgement.
    disable_nagle_algorithm = True
    server: _Server
    request_record: Request

    def intercept(self) -> bool:
        """Answer the request here, with `send_text` for example, and return True; False lets the file be sent."""
        return False

    def copy(self, file: BinaryIO, length: int) -> None:
        """Send ``length`` bytes of the file, from where it stands."""
        while length > 0:
            chunk = file.read(min(_CHUNK, length))
            if not chunk:
                # Cut short meanwhile: the client must not wait for the rest.
                self.close_connection = True
                return
            self.send_body(chunk)
            length -= len(chunk)

    def send_body(self, chunk: bytes) -> None:
        """Send a piece of the body and count it."""
        self.wfile.write(chunk)
        self.request_record.sent += len(chunk)

    def send_text(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        """Answer with a status and a short text."""
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.send_body(body)

    def do_GET(self) -> None:
        """Answer a GET or HEAD and log it, also where the client went away."""
        self.request_record = Request(
            self.command, self.path, self.client_address[0], self.headers["Range"], dict(self.headers.items())
        )
        try:
            if not self.intercept():
                self._send_file()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            self.server.log(self.request_record)

    do_HEAD = do_GET

    def send_response(self, code: int, message: str | None = None) -> None:
        """Note the status and the request before the first byte goes out, so that a client's test finds them."""
        if hasattr(self, "request_record") and self.request_record.status == 0:
            self.request_record.status = int(code)
            self.server.requests.append(self.request_record)
        super().send_response(code, message)

    def _send_file(self) -> None:
        path = self._local_path()
        if path is None:
            self.send_text(HTTPStatus.NOT_FOUND, "no such file in this mirror\n")
            return
        with path.open("rb") as file:
            status = path.stat()
            tag = f'"{status.st_size:x}-{status.st_mtime_ns:x}"'
            headers = {"ETag": tag, "Last-Modified": formatdate(status.st_mtime, usegmt=True), "Accept-Ranges": "bytes"}
            asked = self.headers["Range"] if self.headers["If-Range"] in (None, tag, headers["Last-Modified"]) else None
            try:
                part = parse_range(asked, status.st_size)
            except ValueError as error:
                headers["Content-Range"] = f"bytes */{status.st_size}"
                self.send_text(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, f"{error}\n", headers)
                return
            first, length = part or (0, status.st_size)
            self.send_response(HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.OK)
            if part:
                headers["Content-Range"] = f"bytes {first}-{first + length - 1}/{status.st_size}"
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command != "HEAD":
                file.seek(first)
                self.copy(file, length)

    def _local_path(self) -> Path | None:
        """Return the file that the request's path names, or None: nothing outside the directory, no directory."""
        directory = self.server.directory.resolve()
        name = unquote(urlsplit(self.path).path).lstrip("/")
        if "\0" in name:
            return None
        path = (directory / name).resolve()
        return path if path.is_relative_to(directory) and path.is_file() else None

    def log_message(self, _format: str, *args: object) -> None:
        """Say nothing here: the server writes one line per request."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], handler: type[MirrorHandler], directory: Path, log: Callable[[str], None]
    ):
        self.directory = directory
        self.requests: list[Request] = []
        self._write = log
        super().__init__(address, handler)

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        super().server_bind()

    def log(self, record: Request) -> None:
        self._write(record.line())

    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any) -> None:
        # A client that drops its connection is a test's daily bread.
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class MirrorServer:
    """Serves a directory over HTTP from a thread of its own, from entering the ``with`` block to leaving it.

    ``bind``: address to listen on; ``port`` 0: any free one. ``handler``: a subclass of `MirrorHandler` answers
    otherwise than the file says. ``log``: called with one line per request.
    `url` is the base URL without a slash at the end, `requests` what was answered, in the order of the first bytes.
    """

    def __init__(
        self,
        directory: Path,
        bind: str = "127.0.0.1",
        port: int = 0,
        handler: type[MirrorHandler] = MirrorHandler,
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._server = _Server((bind, port), handler, Path(directory), log)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        address, used_port = self._server.socket.getsockname()[:2]
        self.url = f"http://{address}:{used_port}"
        self.requests = self._server.requests

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
