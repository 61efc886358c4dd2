# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mirror's HTTP server: ranges, records, hooks; over real sockets."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.world.server import MirrorHandler, MirrorServer, parse_range

CONTENT = bytes(range(256)) * 4096
NAME = "/20250317/cpython-3.13.2%2B20250317.tar.gz"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (None, None),
        ("", None),
        ("bytes=0-99", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=990-", (990, 10)),
        ("bytes=990-5000", (990, 10)),
        ("bytes=-10", (990, 10)),
        ("bytes=-5000", (0, 1000)),
        (" bytes=1-2 ", (1, 2)),
        # What RFC 9110 lets a server ignore.
        ("bytes=-", None),
        ("bytes=9-3", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-1", None),
        ("bytes=a-b", None),
    ],
)
def test_range_of_a_thousand_bytes(text: str | None, part: tuple[int, int] | None) -> None:
    assert parse_range(text, 1000) == part


@pytest.mark.parametrize(
    ("text", "size"), [("bytes=1000-", 1000), ("bytes=1000-2000", 1000), ("bytes=-0", 1000), ("bytes=0-", 0)]
)
def test_range_that_has_no_byte_is_refused(text: str, size: int) -> None:
    with pytest.raises(ValueError, match="asked for"):
        parse_range(text, size)


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    directory = tmp_path / "mirror"
    (directory / "20250317").mkdir(parents=True)
    (directory / "20250317/cpython-3.13.2+20250317.tar.gz").write_bytes(CONTENT)
    (directory / "empty").write_bytes(b"")
    (tmp_path / "secret").write_text("not for you")
    (directory / "link").symlink_to(tmp_path / "secret")
    return directory


@pytest.fixture
def server(mirror: Path) -> Iterator[MirrorServer]:
    with MirrorServer(mirror) as running:
        yield running


def ask(server: MirrorServer, path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    """Send one request as it stands, without what a client library would tidy up."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def test_whole_file_comes_with_its_length(server: MirrorServer) -> None:
    response, body = ask(server, NAME)
    assert (response.status, response.headers["Content-Length"]) == (200, str(len(CONTENT)))
    assert response.headers["Accept-Ranges"] == "bytes"
    assert body == CONTENT


def test_part_of_a_file(server: MirrorServer) -> None:
    response, body = ask(server, NAME, Range="bytes=1000000-")
    assert response.status == 206
    assert response.headers["Content-Range"] == f"bytes 1000000-{len(CONTENT) - 1}/{len(CONTENT)}"
    assert body == CONTENT[1000000:]


def test_part_behind_the_end_is_refused(server: MirrorServer) -> None:
    response, body = ask(server, NAME, Range=f"bytes={len(CONTENT)}-")
    assert response.status == 416
    assert response.headers["Content-Range"] == f"bytes */{len(CONTENT)}"
    assert CONTENT[:10] not in body


def test_part_of_another_file_than_meant_is_not_sent(server: MirrorServer) -> None:
    response, _body = ask(server, NAME, "HEAD")
    tag = response.headers["ETag"]
    assert ask(server, NAME, Range="bytes=0-9", If_Range=tag)[0].status == 206
    response, body = ask(server, NAME, Range="bytes=0-9", If_Range='"older"')
    assert (response.status, body) == (200, CONTENT)


def test_head_has_the_headers_and_no_body(server: MirrorServer) -> None:
    response, body = ask(server, NAME, "HEAD")
    assert (response.status, response.headers["Content-Length"], body) == (200, str(len(CONTENT)), b"")


def test_empty_file(server: MirrorServer) -> None:
    response, body = ask(server, "/empty")
    assert (response.status, body) == (200, b"")


@pytest.mark.parametrize(
    "path", ["/nothing", "/20250317", "/", "/../secret", "/%2e%2e/secret", "/link", "//etc/passwd", "/a%00b"]
)
def test_only_files_of_the_directory_are_served(server: MirrorServer, path: str) -> None:
    response, body = ask(server, path)
    assert response.status == 404
    assert b"not for you" not in body


def test_every_request_is_recorded_and_logged(mirror: Path) -> None:
    lines: list[str] = []
    logged = threading.Semaphore(0)

    def log(line: str) -> None:
        lines.append(line)
        logged.release()

    with MirrorServer(mirror, log=log) as server:
        ask(server, NAME, Range="bytes=0-99")
        assert logged.acquire(timeout=10)
        ask(server, "/nothing")
        assert logged.acquire(timeout=10)
        records = [(record.method, record.path, record.status, record.range) for record in server.requests]
    assert records == [("GET", NAME, 206, "bytes=0-99"), ("GET", "/nothing", 404, None)]
    assert lines == [f"GET {NAME} 206 100 127.0.0.1 bytes=0-99", "GET /nothing 404 28 127.0.0.1 -"]


def test_connection_is_kept_between_requests(server: MirrorServer) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    ports = set()
    for _time in range(2):
        connection.request("GET", NAME)
        assert connection.sock is not None
        ports.add(connection.sock.getsockname()[1])
        assert connection.getresponse().read() == CONTENT
    connection.close()
    assert len(ports) == 1
    assert [record.status for record in server.requests] == [200, 200]


def test_requests_are_answered_side_by_side(mirror: Path) -> None:
    both_there = threading.Barrier(2, timeout=10)

    class Meeting(MirrorHandler):
        def intercept(self) -> bool:
            both_there.wait()
            return False

    with MirrorServer(mirror, handler=Meeting) as server:
        bodies: list[bytes] = []
        threads = [threading.Thread(target=lambda: bodies.append(ask(server, NAME)[1])) for _client in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)
    assert bodies == [CONTENT, CONTENT]


def test_subclass_answers_otherwise(mirror: Path) -> None:
    class Failing(MirrorHandler):
        def intercept(self) -> bool:
            if self.path == NAME:
                return False
            self.send_text(503, "later\n", {"Retry-After": "1"})
            return True

    with MirrorServer(mirror, handler=Failing) as server:
        response, body = ask(server, "/SHA256SUMS")
        assert (response.status, response.headers["Retry-After"], body) == (503, "1", b"later\n")
        assert ask(server, NAME)[1] == CONTENT
        assert [record.status for record in server.requests] == [503, 200]


def test_client_that_goes_away_does_not_stop_the_server(mirror: Path) -> None:
    logged = threading.Event()
    with MirrorServer(mirror, log=lambda line: logged.set()) as server:
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
        connection.request("GET", NAME)
        connection.getresponse().read(10)
        connection.close()
        assert logged.wait(timeout=10)
        assert ask(server, NAME)[1] == CONTENT


def test_truncating_subclass_sends_less_than_it_promised(mirror: Path) -> None:
    class Cut(MirrorHandler):
        def copy(self, file: object, length: int) -> None:
            self.send_body(CONTENT[:1000])
            self.close_connection = True

    with MirrorServer(mirror, handler=Cut) as server, pytest.raises(http.client.IncompleteRead) as caught:
        ask(server, NAME)
    assert caught.value.partial == CONTENT[:1000]
