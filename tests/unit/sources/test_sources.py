# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources as the controller reads them, over real sockets and from directories."""

from __future__ import annotations

import gzip
import hashlib
import os
import socket
import time
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._sources import download as _download
from ansible_collections.fleet.python.plugins.plugin_utils._sources import http_source as _http_source
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import (
    DirectorySource,
    HttpSource,
    SourceError,
    fetch_from,
    size_in,
    sources_of,
)
from tests.unit.fetch.mirrors import (
    RIGHT,
    Answer,
    basic,
    body,
    broken_chunk,
    cut,
    cut_chunk,
    endless,
    hang_up,
    mirror,
    no_http,
    redirect,
    status,
)
from tests.world.server import MirrorHandler

CONTENT = gzip.compress(os.urandom(300_000))
ENTRY = Entry(
    "20250317",
    parse_asset("cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-install_only.tar.gz"),
    hashlib.sha256(CONTENT).hexdigest(),
)

# Answers, and words of what is said of each; most of them also for small files.
FAILURES = {
    "not allowed": (status(401, WWW_Authenticate="Basic"), "HTTP 401"),
    "gone": (status(410), "HTTP 410"),
    "an error that stays": (status(503), "HTTP 503"),
    "cut off": (cut, "500"),
    "cut off in a chunk": (cut_chunk, ""),
    "a chunk that is none": (broken_chunk, ""),
    "hung up": (hang_up, ""),
    "no HTTP": (no_http, ""),
    "redirected to a file": (redirect("file:///etc/passwd"), "is not followed"),
    "redirected to ftp": (redirect("ftp://127.0.0.1/x"), "is not followed"),
    "redirected to what is no URL": (redirect("http://[::1/x"), ""),
    "redirected in a circle": (redirect("/again"), ""),
}
ANY_FAILURE = pytest.mark.parametrize(("answer", "words"), FAILURES.values(), ids=FAILURES)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    file = tmp_path / "source" / ENTRY.path
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    (tmp_path / "source/SHA256SUMS").write_text("sums\n")
    return tmp_path / "source"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture(autouse=True)
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between tries, in seconds, which are not waited for."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", "/dev/null")
    asked: list[float] = []
    monkeypatch.setattr(time, "sleep", asked.append)
    return asked


def with_user(url: str, user: str = "deploy:s3cret") -> str:
    return url.replace("://", f"://{user}@")


class TestHttp:
    def test_the_right_bytes(self, directory: Path, target: Path) -> None:
        with mirror(directory) as server:
            HttpSource(server.url).fetch(ENTRY, target)
        assert target.read_bytes() == CONTENT
        (request,) = server.requests
        assert request.path == f"/20250317/{ENTRY.asset.name.replace('+', '%2B')}"
        assert request.headers["User-Agent"] == "fleet.python"

    def test_a_repository_manager_that_keeps_github_s_path(self, directory: Path, target: Path) -> None:
        """As remote repositories of Artifactory and Nexus do."""
        path = "artifactory/github/astral-sh/python-build-standalone/releases/download"
        (directory / path).mkdir(parents=True)
        (directory / "20250317").rename(directory / path / "20250317")
        with mirror(directory) as server:
            HttpSource(f"{server.url}/{path}").fetch(ENTRY, target)
        assert target.read_bytes() == CONTENT

    @pytest.mark.parametrize("passing", [status(500), status(429), status(503, Retry_After="86400"), hang_up])
    def test_what_may_pass_is_tried_again(
        self, directory: Path, target: Path, naps: list[float], passing: Answer
    ) -> None:
        with mirror(directory, passing, passing, RIGHT) as server:
            HttpSource(server.url).fetch(ENTRY, target)
        assert target.read_bytes() == CONTENT
        assert sum(naps) < 10, "nobody waits for hours, whatever the server says"

    @pytest.mark.parametrize(("code", "tries"), [(404, 1), (403, 1), (500, 4), (502, 4), (504, 4)])
    def test_how_often(self, directory: Path, target: Path, code: int, tries: int) -> None:
        with mirror(directory, status(code)) as server, pytest.raises(SourceError, match=f"HTTP {code} "):
            HttpSource(server.url).fetch(ENTRY, target)
        assert len(server.requests) == tries

    @ANY_FAILURE
    def test_an_archive_that_does_not_come(self, directory: Path, target: Path, answer: Answer, words: str) -> None:
        with mirror(directory, answer) as server, pytest.raises(SourceError) as failed:
            HttpSource(with_user(server.url)).fetch(ENTRY, target)
        assert str(failed.value).startswith(f"{server.url}/")
        assert words in str(failed.value)
        assert "s3cret" not in str(failed.value)

    @ANY_FAILURE
    def test_a_small_file_that_does_not_come(self, directory: Path, answer: Answer, words: str) -> None:
        with mirror(directory, answer) as server, pytest.raises(SourceError) as failed:
            HttpSource(with_user(server.url)).read_text("SHA256SUMS")
        assert str(failed.value).startswith(f"{server.url}/")
        assert words in str(failed.value)
        assert "s3cret" not in str(failed.value)

    def test_wrong_bytes(self, directory: Path, target: Path) -> None:
        with mirror(directory, body(b"other")) as server, pytest.raises(SourceError) as failed:
            HttpSource(with_user(server.url)).fetch(ENTRY, target)
        assert str(failed.value) == (
            f"{server.url}/{ENTRY.url_path} has sha256 {hashlib.sha256(b'other').hexdigest()} (5 bytes), "
            f"not {ENTRY.sha256}"
        )
        assert not target.exists()

    def test_a_server_that_calls_gzip_files_an_encoding(self, directory: Path, target: Path) -> None:
        """Apache with AddEncoding does: the bytes are the file's all the same (RFC 9110, 8.4)."""

        def encoded(handler: MirrorHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Encoding", "x-gzip")
            handler.send_header("Content-Length", str(len(CONTENT)))
            handler.end_headers()
            handler.send_body(CONTENT)

        with mirror(directory, encoded) as server:
            HttpSource(server.url).fetch(ENTRY, target)
        assert target.read_bytes() == CONTENT

    def test_a_body_without_an_end(self, directory: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_download, "MOST_BYTES", 1 << 20)
        monkeypatch.setattr(_http_source, "LARGEST_TEXT", 1 << 18)
        with mirror(directory, endless) as server:
            with pytest.raises(SourceError, match="sends more than 1048576 bytes"):
                HttpSource(server.url).fetch(ENTRY, target)
            with pytest.raises(SourceError, match="sends more than 262144 bytes"):
                HttpSource(server.url).read_text("SHA256SUMS")

    def test_a_port_where_nobody_listens(self, target: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            source = HttpSource(f"http://deploy:s3cret@127.0.0.1:{taken.getsockname()[1]}")
            with pytest.raises(SourceError, match="Connection refused") as failed:
                source.fetch(ENTRY, target)
            with pytest.raises(SourceError, match="Connection refused") as also_failed:
                source.read_text("SHA256SUMS")
        assert "s3cret" not in f"{failed.value} {also_failed.value}"

    @pytest.mark.parametrize(
        ("user", "header"), [("deploy:s3cret", basic("deploy", "s3cret")), ("d%40x:a%3Ab%2Fc", basic("d@x", "a:b/c"))]
    )
    def test_user_and_password(self, directory: Path, target: Path, user: str, header: str) -> None:
        with mirror(directory) as server:
            source = HttpSource(with_user(server.url, user))
            source.fetch(ENTRY, target)
            assert source.read_text("SHA256SUMS") == "sums\n"
        assert {request.headers["Authorization"] for request in server.requests} == {header}
        assert source.name == server.url

    @pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
    def test_redirects_are_followed_without_the_password(self, directory: Path, target: Path, code: int) -> None:
        with mirror(directory) as there, mirror(directory, redirect(f"{there.url}/{ENTRY.url_path}", code)) as here:
            HttpSource(with_user(here.url)).fetch(ENTRY, target)
        assert "Authorization" in here.requests[0].headers
        assert "Authorization" not in there.requests[0].headers

    def test_small_files(self, directory: Path) -> None:
        with mirror(directory) as server:
            source = HttpSource(server.url)
            assert source.read_text("SHA256SUMS") == "sums\n"
            assert source.read_text("20250317/SHA256SUMS") is None

    def test_a_small_file_that_is_none(self, directory: Path) -> None:
        (directory / "SHA256SUMS").write_bytes(b"\xff\xfe")
        with mirror(directory) as server, pytest.raises(SourceError, match="no text"):
            HttpSource(server.url).read_text("SHA256SUMS")

    def test_sizes(self, directory: Path) -> None:
        with mirror(directory) as server:
            assert HttpSource(server.url).size(ENTRY) == len(CONTENT)
            assert [request.method for request in server.requests] == ["HEAD"]
        with mirror(directory, status(404)) as server:
            assert HttpSource(server.url).size(ENTRY) is None


class TestDirectory:
    def test_the_right_bytes(self, directory: Path, target: Path) -> None:
        source = DirectorySource(directory)
        source.fetch(ENTRY, target)
        assert target.read_bytes() == CONTENT
        assert source.size(ENTRY) == len(CONTENT)
        assert source.read_text("SHA256SUMS") == "sums\n"
        assert source.read_text("20250317/SHA256SUMS") is None
        assert not source.pullable

    def test_wrong_bytes_stay_where_they_are(self, directory: Path, target: Path) -> None:
        (directory / ENTRY.path).write_bytes(b"other")
        with pytest.raises(SourceError, match=r"\(5 bytes\), not"):
            DirectorySource(directory).fetch(ENTRY, target)
        assert not target.exists()
        assert (directory / ENTRY.path).read_bytes() == b"other"

    @pytest.mark.parametrize("kind", ["nothing", "a folder", "a link in a circle"])
    def test_what_cannot_be_read(self, directory: Path, target: Path, kind: str) -> None:
        path = directory / ENTRY.path
        path.unlink()
        if kind == "a folder":
            path.mkdir()
        elif kind == "a link in a circle":
            path.symlink_to(path)
        with pytest.raises(SourceError, match=ENTRY.release):
            DirectorySource(directory).fetch(ENTRY, target)
        with pytest.raises(SourceError, match="no source gave the archive"):
            fetch_from([DirectorySource(directory)], ENTRY, target)
        assert DirectorySource(directory).size(ENTRY) is None


class TestOrder:
    def test_the_first_that_gives_the_right_bytes(self, directory: Path, target: Path, tmp_path: Path) -> None:
        with (
            mirror(directory, status(404)) as first,
            mirror(directory, body(b"x")) as second,
            mirror(directory) as third,
        ):
            sources = sources_of([first.url, str(tmp_path), second.url, third.url, "http://127.0.0.1:1"])
            fetch_from(sources, ENTRY, target)
        assert target.read_bytes() == CONTENT
        assert [len(server.requests) for server in (first, second, third)] == [1, 1, 1]

    def test_none_does(self, directory: Path, target: Path, tmp_path: Path) -> None:
        refused = pytest.raises(SourceError)
        with mirror(directory, status(404)) as first, mirror(directory, body(b"x")) as second, refused as failed:
            fetch_from(sources_of([with_user(first.url), str(tmp_path), second.url]), ENTRY, target)
        lines = str(failed.value).split("\n")
        assert lines[0] == "no source gave the archive:"
        assert lines[1] == f"  {first.url}/{ENTRY.url_path}: HTTP 404 Not Found"
        assert lines[2] == f"  {tmp_path}: has no {ENTRY.path}"
        assert lines[3].startswith(f"  {second.url}/{ENTRY.url_path} has sha256 ")
        assert not target.exists()

    def test_a_full_disk_of_the_controller_is_no_source_s_fault(self, directory: Path, tmp_path: Path) -> None:
        with mirror(directory) as server, pytest.raises(OSError, match="nowhere"):
            fetch_from(sources_of([server.url, server.url]), ENTRY, tmp_path / "nowhere/archive")

    def test_a_disk_that_is_full_halfway(self, directory: Path) -> None:
        with mirror(directory) as server, pytest.raises(OSError, match="No space left"):
            fetch_from(sources_of([server.url, server.url]), ENTRY, Path("/dev/full"))
        assert len(server.requests) == 1

    def test_sizes(self, directory: Path, tmp_path: Path) -> None:
        with mirror(directory, status(404)) as first, mirror(directory) as second:
            assert size_in(sources_of([first.url, str(tmp_path), second.url]), ENTRY) == len(CONTENT)
        assert size_in(sources_of([str(tmp_path)]), ENTRY) is None


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["ftp://host/x"],
        ["file:///srv/mirror"],
        ["/nowhere/at/all"],
        [""],
        ["HTTP//host"],
        ["http://"],
        ["http:///x"],
        ["http://u:s3cret@[::1/x"],
        ["http://u:s3cret@host:port/x"],
        ["ftp://u:s3cret@host/x"],
        ["http://u:s3/cret@host/x"],
        ["http://u:s3?cret@host/x"],
        ["http://u:s3#cret@host/x"],
    ],
)
def test_what_is_no_source(texts: list[str]) -> None:
    with pytest.raises(SourceError) as refused:
        sources_of(texts)
    assert "s3" not in str(refused.value)


def test_what_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mirror").mkdir()
    found = sources_of(["https://host/base/", "http://host:80", "https://[::1]/x", "~/mirror", "mirror", str(tmp_path)])
    urls = [source.url(ENTRY) for source in found]
    rest = f"20250317/{ENTRY.asset.name}"
    assert urls == [
        f"https://host/base/{ENTRY.url_path}",
        f"http://host:80/{ENTRY.url_path}",
        f"https://[::1]/x/{ENTRY.url_path}",
        f"{tmp_path}/mirror/{rest}",
        f"{tmp_path}/mirror/{rest}",
        f"{tmp_path}/{rest}",
    ]
    assert [source.pullable for source in found] == [True, True, True, False, False, False]
