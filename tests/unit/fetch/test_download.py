# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Download on the host, from real servers: the right bytes or a line about each source, and never a secret."""

from __future__ import annotations

import hashlib
import os
import socket
import time
from pathlib import Path
from typing import BinaryIO
from urllib.request import Request

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.fleet.python.plugins.module_utils._fetch import download as _fetch
from ansible_collections.fleet.python.plugins.module_utils._fetch.download import download
from ansible_collections.fleet.python.plugins.module_utils._fetch.pull import Pull, parse_pull, take_pull
from ansible_collections.fleet.python.plugins.module_utils._fetch.verify import FetchError, UnreachedError, copy_checked
from ansible_collections.fleet.python.plugins.module_utils._fetch.web import (
    RedirectError,
    _Redirects,
    allowed_next,
    shown,
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
from tests.world.server import MirrorHandler, MirrorServer

CONTENT = bytes(range(256)) * 3000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATH = "20250317/cpython-3.13.2%2B20250317-x86_64-unknown-linux-gnu-install_only.tar.gz"

PIECE = 200_000


class Cuts(MirrorHandler):
    """Ends each connection after some bytes."""

    def copy(self, file: BinaryIO, length: int) -> None:
        super().copy(file, min(length, PIECE))
        self.close_connection = True


class CutsWithoutRanges(Cuts):
    def intercept(self) -> bool:
        del self.headers["Range"]
        return False


def proxied(handler: MirrorHandler) -> None:
    """As a proxy answers: the request names the whole URL."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(CONTENT)))
    handler.end_headers()
    handler.send_body(CONTENT)


FAILURES = {
    "not there": (status(404), "HTTP 404"),
    "not allowed": (status(401, WWW_Authenticate="Basic"), "HTTP 401"),
    "an error": (status(500), "HTTP 500"),
    "wrong bytes": (body(b"other"), "(5 bytes), not"),
    "no bytes": (body(b""), "(0 bytes)"),
    "cut off": (cut, "(500 bytes)"),
    "cut off in a chunk": (cut_chunk, ""),
    "a chunk that is none": (broken_chunk, ""),
    "hung up": (hang_up, ""),
    "no HTTP": (no_http, ""),
    "redirected to a file": (redirect("file:///etc/passwd"), "is not followed"),
    "redirected to ftp": (redirect("ftp://127.0.0.1/x"), "is not followed"),
    "redirected to nothing": (redirect(""), ""),
    "redirected in a circle": (redirect("/again"), "redirect"),
    "redirected to what is no URL": (redirect("http://[::1/x"), "no URL"),
    "redirected without saying where to": (status(302), ""),
}  # fmt: skip
ANY_FAILURE = pytest.mark.parametrize(("answer", "words"), FAILURES.values(), ids=FAILURES)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "source" / PATH.replace("%2B", "+")
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    return tmp_path / "source"


@pytest.fixture
def target(tmp_path: Path) -> str:
    return str(tmp_path / "archive")


@pytest.fixture(autouse=True)
def no_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's, and no waiting between tries."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def get(urls: list[str], target: str, sha256: str) -> str:
    return download(Pull(tuple(urls)), target, sha256).source


def with_user(url: str, user: str = "deploy:s3cret") -> str:
    return url.replace("://", f"://{user}@")


def test_the_right_bytes(source: Path, target: str) -> None:
    with mirror(source) as server:
        assert get([f"{server.url}/{PATH}"], target, SHA256) == f"{server.url}/{PATH}"
        assert [request.headers["User-Agent"] for request in server.requests] == ["fleet.python"]
    assert Path(target).read_bytes() == CONTENT


@ANY_FAILURE
def test_the_next_source_after_one_that_fails(source: Path, target: str, answer: Answer, words: str) -> None:
    with mirror(source, answer) as bad, mirror(source) as good:
        assert get([f"{bad.url}/{PATH}", f"{good.url}/{PATH}"], target, SHA256) == f"{good.url}/{PATH}"
    assert Path(target).read_bytes() == CONTENT


@ANY_FAILURE
def test_no_source_gives_it(source: Path, target: str, answer: Answer, words: str) -> None:
    with mirror(source, answer) as bad, mirror(source, status(404)) as other:
        urls = [with_user(f"{bad.url}/{PATH}?token=s3cret"), f"{other.url}/{PATH}"]
        with pytest.raises(FetchError) as failed:
            get(urls, target, SHA256)
    said = str(failed.value)
    first, second, third = said.split("\n")
    assert first == "no source gave the archive:"
    assert second.startswith(f"  {bad.url}/")
    assert words in second
    assert third == f"  {other.url}/{PATH}: HTTP 404 Not Found"
    assert "s3cret" not in said
    assert not os.path.lexists(target)


def test_a_port_where_nobody_listens(target: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://deploy:s3cret@127.0.0.1:{taken.getsockname()[1]}/x"
        with pytest.raises(FetchError, match="Connection refused") as failed:
            get([url], target, SHA256)
    assert "s3cret" not in str(failed.value)


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://127.0.0.1/x", "/etc/passwd", "", "data:,x", "http:///x", "http://127.0.0.1:x/y"],
)
def test_what_is_no_url_of_a_source(target: str, url: str) -> None:
    with pytest.raises(FetchError):
        get([url], target, SHA256)
    assert not os.path.lexists(target)


@pytest.mark.parametrize(
    ("user", "header"),
    [
        ("deploy:s3cret", basic("deploy", "s3cret")),
        ("deploy", "Basic ZGVwbG95"),
        ("d%40x:a%3Ab%2Fc", basic("d@x", "a:b/c")),
        ("deploy:p@ss", basic("deploy", "p@ss")),
        ("ü:ä", basic("ü", "ä")),
    ],
)
def test_user_and_password_of_the_url_go_into_the_header(source: Path, target: str, user: str, header: str) -> None:
    with mirror(source) as server:
        assert get([with_user(f"{server.url}/{PATH}", user)], target, SHA256) == f"{server.url}/{PATH}"
    (request,) = server.requests
    assert (request.headers["Authorization"], request.path) == (header, f"/{PATH}")
    assert "@" not in request.headers["Host"]


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_followed_without_the_password(source: Path, target: str, code: int) -> None:
    with mirror(source) as there, mirror(source, redirect(f"{there.url}/{PATH}", code)) as here:
        assert get([with_user(f"{here.url}/{PATH}")], target, SHA256) == f"{here.url}/{PATH}"
    assert "Authorization" in here.requests[0].headers
    assert "Authorization" not in there.requests[0].headers


@pytest.mark.parametrize(
    ("url", "following", "allowed"),
    [
        ("http://a/x", "http://b/y", True),
        ("http://a/x", "https://b/y", True),
        ("https://a/x", "https://b/y", True),
        ("https://a/x", "http://a/x", False),
        ("https://a/x", "HTTP://a/x", False),
        ("HTTPS://a/x", "http://a/x", False),
        ("http://a/x", "ftp://a/x", False),
        ("http://a/x", "file:///etc/passwd", False),
        ("https://a/x", "gopher://a", False),
        ("http://a/x", "", False),
    ],
)
def test_which_redirects_are_followed(url: str, following: str, allowed: bool) -> None:
    assert allowed_next(url, following) is allowed


@pytest.mark.parametrize("following", ["http://a/x", "//a:80/x", "HTTP://b"])
def test_none_leads_from_https_to_http(following: str) -> None:
    handler = _Redirects()
    request = Request("https://deploy:s3cret@a/x")
    if following.startswith("//"):
        assert allowed_next(request.full_url, "https:" + following)
        return
    with pytest.raises(RedirectError, match="is not followed") as refused:
        handler.http_error_302(request, None, 302, "Found", {"Location": following})
    assert "s3cret" not in str(refused.value)


def test_a_body_without_an_end(source: Path, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_fetch, "MOST_BYTES", 1 << 20)
    with mirror(source, endless) as server, pytest.raises(FetchError, match="sends more than 1048576 bytes"):
        get([f"{server.url}/x"], target, SHA256)
    assert not os.path.lexists(target)


def test_a_body_of_just_the_size_that_is_allowed(source: Path, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_fetch, "MOST_BYTES", len(CONTENT))
    with mirror(source) as server:
        get([f"{server.url}/{PATH}"], target, SHA256)


def test_a_server_that_says_nothing(source: Path, target: str) -> None:
    with socket.socket() as silent, mirror(source) as good:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        slow = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        pull = Pull((slow, f"{good.url}/{PATH}"), timeout=1)
        assert download(pull, target, SHA256).source.startswith(good.url)


@pytest.mark.parametrize("place", ["there already", "no folder"])
def test_what_this_host_refuses_is_no_source_s_fault(source: Path, tmp_path: Path, place: str) -> None:
    target = tmp_path / ("file" if place == "there already" else "nowhere/file")
    (tmp_path / "file").write_text("mine")
    with mirror(source) as server, pytest.raises(OSError, match=r"file"):
        get([f"{server.url}/{PATH}", f"{server.url}/{PATH}"], str(target), SHA256)
    assert not server.requests
    assert (tmp_path / "file").read_text() == "mine"


class TestCopy:
    def test_right(self, source: Path, target: str) -> None:
        copy_checked(str(source / PATH.replace("%2B", "+")), target, SHA256)
        assert Path(target).read_bytes() == CONTENT

    def test_other_bytes(self, tmp_path: Path, target: str) -> None:
        (tmp_path / "sent").write_bytes(b"other")
        with pytest.raises(FetchError, match=rf"\(5 bytes\), not {SHA256}"):
            copy_checked(str(tmp_path / "sent"), target, SHA256)
        assert not os.path.lexists(target)
        assert (tmp_path / "sent").exists()

    def test_gone(self, tmp_path: Path, target: str) -> None:
        with pytest.raises(FileNotFoundError):
            copy_checked(str(tmp_path / "sent"), target, SHA256)
        assert not os.path.lexists(target)


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("http://host/a/b", "http://host/a/b"),
        ("https://u:p@host:8443/a?x=1#f", "https://host:8443/a"),
        ("https://u@host", "https://host"),
        ("https://u:p@ss@host/a", "https://host/a"),
        ("https://[::1]:80/a", "https://[::1]:80/a"),
        ("https://u:p@[::1/a", "(what is no URL)"),
        ("", ""),
    ],
)
def test_what_is_shown_of_a_url(url: str, seen: str) -> None:
    assert shown(url) == seen


SECRETS = st.text("abcXYZ019-._~!$&'()*+,;=:%", min_size=1).map(lambda text: f"S3CR{text}3T")
HOSTS = st.sampled_from(["host", "host:80", "[::1]", "[::1", "host:port", "", "a b", "h[]"])


@given(SECRETS, SECRETS, HOSTS)
def test_no_url_shows_its_secrets(user: str, password: str, host: str) -> None:
    for made in (f"http://{user}:{password}@{host}/path", f"https://{user}@{host}?{password}"):
        seen = shown(made)
        assert user not in seen
        assert password not in seen


@pytest.mark.parametrize(
    "end", ["@[::1/x", "@127.0.0.1:port/x", "@127.0.0.1/x y", "@127.0.0.1/x\n", "@127.0.0.1/ü?s3cret"]
)
def test_a_url_that_cannot_be_asked_for(source: Path, target: str, end: str) -> None:
    with mirror(source) as good:
        get([f"http://u:s3cret{end}", f"{good.url}/{PATH}"], target, SHA256)
    os.unlink(target)
    with pytest.raises(FetchError) as failed:
        get([f"http://u:s3cret{end}"], target, SHA256)
    assert "s3cret" not in str(failed.value)


class TestGoingOn:
    """A connection that breaks is gone on with by the next, and by the next source."""

    def test_no_byte_is_fetched_twice(self, source: Path, target: str) -> None:
        with MirrorServer(source, handler=Cuts) as server:
            get([f"{server.url}/{PATH}"], target, SHA256)
        assert Path(target).read_bytes() == CONTENT
        assert len(server.requests) > 3
        assert sum(request.sent for request in server.requests) == len(CONTENT)

    def test_the_next_source_goes_on(self, source: Path, target: str) -> None:
        with MirrorServer(source, handler=CutsWithoutRanges) as first, MirrorServer(source) as second:
            pull = Pull((f"{first.url}/{PATH}", f"{second.url}/{PATH}"))
            fetched = download(pull, target, SHA256)
        assert Path(target).read_bytes() == CONTENT
        assert [request.range for request in second.requests] == [f"bytes={PIECE}-"]
        [line] = fetched.skipped_sources
        assert line.startswith(f"{first.url}/")

    def test_what_another_source_has_begun_may_be_another_file(self, source: Path, target: str) -> None:
        with mirror(source, cut) as first, MirrorServer(source) as second:
            get([f"{first.url}/{PATH}", f"{second.url}/{PATH}"], target, SHA256)
        assert Path(target).read_bytes() == CONTENT
        assert [request.range for request in second.requests] == ["bytes=500-", None]


@pytest.mark.parametrize(
    ("answer", "unreached"), [(status(404), True), (status(503), True), (body(b"other"), False), (cut, True)]
)
def test_whether_another_machine_may_do_better(source: Path, target: str, answer: Answer, unreached: bool) -> None:
    with mirror(source, answer) as server, pytest.raises(FetchError) as failed:
        get([f"{server.url}/{PATH}"], target, SHA256)
    assert isinstance(failed.value, UnreachedError) is unreached


class TestAccess:
    def test_headers_go_to_the_source_and_not_where_it_redirects_to(self, source: Path, target: str) -> None:
        with mirror(source) as there, mirror(source, redirect(f"{there.url}/{PATH}")) as here:
            download(Pull((f"{here.url}/{PATH}",), headers=("X-Token: s3cret",)), target, SHA256)
        assert [request.headers.get("X-Token") for request in here.requests] == ["s3cret"]
        assert [request.headers.get("X-Token") for request in there.requests] == [None]

    def test_headers_stay_on_the_same_server(self, source: Path, target: str) -> None:
        with mirror(source, redirect(f"/{PATH}"), RIGHT) as here:
            download(Pull((f"{here.url}/x",), headers=("X-Token: s3cret",)), target, SHA256)
        assert [request.headers.get("X-Token") for request in here.requests] == ["s3cret"] * 2

    def test_netrc(self, source: Path, target: str, tmp_path: Path) -> None:
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login deploy password s3cret\n")
        (tmp_path / ".netrc").chmod(0o600)
        with mirror(source) as server:
            get([f"{server.url}/{PATH}"], target, SHA256)
        assert server.requests[0].headers["Authorization"] == basic("deploy", "s3cret")

    def test_a_proxy(self, source: Path, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """The option wins over what the environment says."""
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        # The option wins over the host's settings, both of them.
        monkeypatch.setenv("no_proxy", "*")
        with mirror(source, proxied) as proxy:
            url = f"http://source.invalid/{PATH}"
            download(Pull((url,), proxy=with_user(proxy.url)), target, SHA256)
        assert proxy.requests[0].path == url
        assert proxy.requests[0].headers["Proxy-Authorization"] == basic("deploy", "s3cret")

    def test_certificates_that_are_none(self, target: str) -> None:
        with pytest.raises(FetchError, match="ca_path"):
            download(Pull(("https://127.0.0.1:1/x",), authorities="-----BEGIN nothing"), target, SHA256)


@given(
    st.builds(
        Pull,
        urls=st.lists(st.from_regex(r"https?://[!-~]{1,20}", fullmatch=True)).map(tuple),
        headers=st.lists(st.from_regex(r"[A-Za-z-]{1,9}: [ -~]{0,20}", fullmatch=True)).map(tuple),
        proxy=st.just("") | st.from_regex(r"http://[!-~]{1,20}", fullmatch=True),
        connect_timeout=st.integers(1, 999),
        timeout=st.integers(1, 999),
        authorities=st.just("") | st.just("-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n"),
    )
)
def test_what_a_host_is_told_arrives(pull: Pull) -> None:
    assert parse_pull(pull.text()) == pull


def test_what_a_host_is_told_does_not_stay_there(tmp_path: Path) -> None:
    file = tmp_path / "pull"
    file.write_text(Pull(("http://deploy:s3cret@host/x",)).text())
    assert take_pull(str(file)).urls == ("http://deploy:s3cret@host/x",)
    assert not file.exists()
