# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller's environment says of proxies and certificates is told as such, not as a fault of the source."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest
from requests.exceptions import InvalidSchema

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._cache.archives import cached_asset
from ansible_collections.fleet.python.plugins.plugin_utils._sources import http
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import Access
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError
from ansible_collections.fleet.python.plugins.plugin_utils._sources.http_source import HttpSource
from tests.homes.authority import make_authority
from tests.world.server import MirrorServer

NAME = "cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-install_only.tar.gz"
ENTRY = Entry("20250317", parse_asset(NAME), "a" * 64)


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.endswith("_CA_BUNDLE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return monkeypatch


def _refusal(url: str, access: Access | None = None) -> str:
    with pytest.raises(SourceError) as failed:
        cached_asset(ENTRY, [HttpSource(url, access or Access())])
    return str(failed.value)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_that_are_not_there(name: str, environment: pytest.MonkeyPatch) -> None:
    environment.setenv(name, "/no/such.pem")
    said = _refusal("https://127.0.0.1:1")
    assert f"{name} in the controller's environment names /no/such.pem, which is not there" in said
    assert "cache" not in said


def test_certificates_of_others(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The source's authority is not among them."""
    (tmp_path / "source").mkdir()
    (tmp_path / "other").mkdir()
    make_authority(tmp_path / "source", "127.0.0.1")
    other = make_authority(tmp_path / "other", "127.0.0.1")
    environment.setenv("REQUESTS_CA_BUNDLE", str(other))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "source/server.pem")
    with MirrorServer(tmp_path) as server:
        server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
        said = _refusal(server.url.replace("http://", "https://"))
        asked = _refusal(server.url.replace("http://", "https://"), Access(ca_path=other))
    assert f"REQUESTS_CA_BUNDLE in the controller's environment names {other}" in said
    assert "certificate verify failed" in said
    assert "environment" not in asked


def _without_pysocks(*_arguments: object, **_options: object) -> None:
    """What requests itself has in this place where PySocks is not installed."""
    raise InvalidSchema("Missing dependencies for SOCKS support.")


@pytest.mark.parametrize(
    ("name", "proxy", "words"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:1", "ALL_PROXY in the controller's environment names a SOCKS proxy"),
        ("http_proxy", "http://u:p#s3cret@127.0.0.1:1", "http_proxy in the controller's environment names no URL"),
        ("http_proxy", "http://u:12#s3cret@127.0.0.1:1", "http_proxy in the controller's environment names no URL"),
        ("http_proxy", "http://", "http_proxy in the controller's environment names no URL"),
        ("http_proxy", "ftp://127.0.0.1:1", "http_proxy in the controller's environment names no http proxy"),
        ("http_proxy", "http://u:s3cret@127.0.0.1:1", "refused (by way of the proxy, http_proxy in the controller's"),
    ],
)
def test_a_proxy_at_fault(name: str, proxy: str, words: str, environment: pytest.MonkeyPatch) -> None:
    # Another package of the tests brings PySocks. A controller need not have it.
    environment.setattr("requests.adapters.SOCKSProxyManager", _without_pysocks)
    environment.setattr(http, "find_spec", lambda _name: None)
    environment.setenv(name, proxy)
    said = _refusal("http://mirror.invalid")
    assert words in said
    assert "no URL that can be asked for" not in said
    assert "s3cret" not in said


def test_the_option_s_proxy_at_fault() -> None:
    said = _refusal("http://mirror.invalid", Access(proxy="http://u:s3cret@127.0.0.1:1"))
    assert "refused (by way of the proxy, the option proxy)" in said
    assert "s3cret" not in said
