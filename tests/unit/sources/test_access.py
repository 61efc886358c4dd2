# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the controller reaches sources: options checked without showing secrets, and secrets for the right server."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import Access, access_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError, UnreachedError
from ansible_collections.fleet.python.plugins.plugin_utils._sources.http_source import UPSTREAM, HttpSource
from tests.homes.authority import make_authority
from tests.unit.fetch.mirrors import basic, mirror, redirect, status
from tests.world.server import MirrorServer

GIVEN: dict[str, Any] = {
    "timeout": 30,
    "connect_timeout": 10,
    "min_rate": 1000,
    "download_timeout": 3600,
    "proxy": None,
    "ca_path": None,
    "headers": None,
}


@pytest.fixture(autouse=True)
def nothing_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/SHA256SUMS").write_text("sums\n")
    return tmp_path / "source"


def test_what_is_not_given_is_the_default() -> None:
    assert access_of(GIVEN) == Access()


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("timeout", 0, "timeout: 0"),
        ("connect_timeout", -1, "connect_timeout: -1"),
        ("download_timeout", 10**9, "download_timeout: 1000000000"),
        ("min_rate", -1, "min_rate: -1"),
        ("proxy", "s3cret", "proxy is no URL"),
        ("proxy", "socks5://u:s3cret@host", "proxy is no URL"),
        ("proxy", "http://u:s3/cret@host:3128", "%2F"),
        ("proxy", "http://u:s3cret@host\nx", "proxy is no URL"),
        ("headers", {"X-Token": "s3cret\r\nX-Other: x"}, "headers: number 1"),
        ("headers", {"ok": "ok", "X Token": "s3cret"}, "headers: number 2"),
        ("headers", {"X-Token": "s3crét"}, "headers: number 1"),
        ("ca_path", "/nowhere/ca.pem", "ca_path: /nowhere/ca.pem cannot be read"),
        ("ca_path", __file__, "holds no certificate"),
    ],
)
def test_what_cannot_be_meant(option: str, value: Any, words: str) -> None:
    with pytest.raises(SourceError) as refused:
        access_of({**GIVEN, option: value})
    assert words in str(refused.value)
    assert "s3" not in str(refused.value)


def test_secrets_are_not_in_its_repr() -> None:
    access = access_of({**GIVEN, "proxy": "http://u:s3cret@host", "headers": {"X-Token": "s3cret"}})
    assert "s3cret" not in repr(HttpSource("https://host", access))


def test_headers_go_to_the_source_and_not_where_it_redirects_to(directory: Path) -> None:
    access = Access(headers=(("Authorization", "Bearer t0ken"), ("X-Token", "s3cret")))
    with mirror(directory) as there, mirror(directory, redirect(f"{there.url}/SHA256SUMS")) as here:
        assert HttpSource(here.url, access).read_text("SHA256SUMS") == "sums\n"
    assert here.requests[0].headers["X-Token"] == "s3cret"
    assert here.requests[0].headers["Authorization"] == "Bearer t0ken"
    assert not {"X-Token", "Authorization"} & there.requests[0].headers.keys()


def test_headers_stay_on_the_same_server(directory: Path) -> None:
    with mirror(directory, redirect("/SHA256SUMS"), None) as here:
        HttpSource(here.url, Access(headers=(("X-Token", "s3cret"),))).read_text("x")
    assert [request.headers.get("X-Token") for request in here.requests] == ["s3cret"] * 2


def test_github_s_token_is_for_github(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    """Where its latest release stands is another server."""
    from ansible_collections.fleet.python.plugins.plugin_utils._sources import http_source as _http_source

    with mirror(directory, status(404)) as other:
        url = f"{UPSTREAM[1]}/latest-release.json"
        monkeypatch.setitem(_http_source._ELSEWHERE, url, f"{other.url}/latest-release.json")
        assert (
            HttpSource(UPSTREAM[1], Access(headers=(("X-Token", "s3cret"),))).read_text("latest-release.json") is None
        )
    assert "X-Token" not in other.requests[0].headers


def test_netrc_and_what_wins_over_it(directory: Path, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login deploy password s3cret\n")
    (tmp_path / ".netrc").chmod(0o600)
    with mirror(directory) as server:
        HttpSource(server.url).read_text("SHA256SUMS")
        HttpSource(server.url.replace("://", "://other:word@")).read_text("SHA256SUMS")
        HttpSource(server.url, Access(headers=(("authorization", "Bearer t0ken"),))).read_text("SHA256SUMS")
    headers = [{name.title(): value for name, value in request.headers.items()} for request in server.requests]
    found = [each["Authorization"] for each in headers]
    assert found == [basic("deploy", "s3cret"), basic("other", "word"), "Bearer t0ken"]


def test_a_proxy_for_everything(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "source.invalid")
    with mirror(directory) as proxy:
        access = Access(proxy=proxy.url.replace("://", "://deploy:s3cret@"))
        assert HttpSource("http://source.invalid", access).read_text("SHA256SUMS") == "sums\n"
    assert proxy.requests[0].path == "http://source.invalid/SHA256SUMS"
    assert proxy.requests[0].headers["Proxy-Authorization"] == basic("deploy", "s3cret")


def test_the_environment_s_proxy(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mirror(directory) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert HttpSource("http://source.invalid").read_text("SHA256SUMS") == "sums\n"


@pytest.mark.parametrize(("scheme", "words"), [("http", "HTTP 407"), ("https", "Tunnel connection failed")])
def test_a_proxy_that_refuses(directory: Path, scheme: str, words: str) -> None:
    with mirror(directory, status(407, Proxy_Authenticate="Basic")) as proxy:
        source = HttpSource(f"{scheme}://source.invalid", Access(proxy=proxy.url.replace("://", "://deploy:s3cret@")))
        with pytest.raises(UnreachedError, match=words) as failed:
            source.read_text("SHA256SUMS")
    assert "s3cret" not in str(failed.value)


def test_certificates(directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = make_authority(tmp_path, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with MirrorServer(directory) as server:
        server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
        url = server.url.replace("http://", "https://")
        assert HttpSource(url, access_of({**GIVEN, "ca_path": str(authority)})).read_text("SHA256SUMS") == "sums\n"
        with pytest.raises(UnreachedError, match="certificate verify failed"):
            HttpSource(url).read_text("SHA256SUMS")
