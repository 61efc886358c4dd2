# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy that is at fault is told by where it was named, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.module_utils._fetch.download import download
from ansible_collections.fleet.python.plugins.module_utils._fetch.proxy import origin_of, proxy_fault
from ansible_collections.fleet.python.plugins.module_utils._fetch.pull import Pull
from ansible_collections.fleet.python.plugins.module_utils._fetch.verify import UnreachedError

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def nothing_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("http://proxy.example.com:3128", ""),
        ("http://proxy.example.com:3128/", ""),
        ("https://deploy:s3cret@proxy.example.com", ""),
        ("http://deploy:s%23cret@proxy.example.com:3128", ""),
        ("proxy.example.com:3128", ""),
        ("http://[2001:db8::1]:3128", ""),
        ("socks5://127.0.0.1:1080", "a SOCKS proxy"),
        ("socks4a://127.0.0.1:1080", "a SOCKS proxy"),
        ("ftp://proxy.example.com:21", "no http proxy"),
        ("http://deploy:p#s3cret@proxy.example.com:3128", "no URL"),
        # The half before the mark looks like a host and its port.
        ("http://deploy:12#s3cret@proxy.example.com:3128", "no URL"),
        ("http://deploy:12/s3cret@proxy.example.com:3128", "no URL"),
        ("http://deploy:12?s3cret@proxy.example.com:3128", "no URL"),
        ("http://", "no URL"),
        ("http://[::1", "no URL"),
        ("http://proxy:port", "no URL"),
    ],
)
def test_a_fault(proxy: str, words: str) -> None:
    said = proxy_fault(proxy)
    assert said.startswith(words)
    assert bool(said) is bool(words)
    assert "s3cret" not in said


def test_a_kind_that_is_known_is_no_fault() -> None:
    assert proxy_fault("socks5h://127.0.0.1:1080", ("http", "https", "socks5h")) == ""


def test_where_it_was_named() -> None:
    environment = {"ALL_PROXY": "socks5://x", "http_proxy": "http://y", "HTTP_PROXY": "http://y", "PATH": "http://y"}
    assert origin_of("socks5://x", environment, "the host's environment") == "ALL_PROXY in the host's environment"
    assert origin_of("http://y", environment, "the host's environment") == "http_proxy in the host's environment"
    assert origin_of("http://z", environment, "the host's environment") == "the settings of the host's environment"


@pytest.mark.parametrize(
    ("name", "proxy", "words"),
    [
        ("http_proxy", "socks5://127.0.0.1:1", "http_proxy in the host's environment names a SOCKS proxy"),
        ("http_proxy", "http://u:p/s3cret@127.0.0.1:1", "http_proxy in the host's environment names no URL"),
        ("http_proxy", "http://u:12#s3cret@127.0.0.1:1", "http_proxy in the host's environment names no URL"),
        ("http_proxy", "http://u:s3cret@127.0.0.1:1", "refused (by way of the proxy, http_proxy in the host's"),
        ("ALL_PROXY", "socks5://127.0.0.1:1", "all_proxy does not count here: set http_proxy and https_proxy"),
    ],
)
def test_a_download_of_the_host(
    name: str, proxy: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, proxy)
    # Nobody listens there, and no test asks the network for a name.
    with pytest.raises(UnreachedError) as failed:
        download(Pull(("http://127.0.0.1:1/file",)), str(tmp_path / "archive"), "0" * 64)
    assert words in str(failed.value)
    assert "no URL that can be asked for" not in str(failed.value)
    assert "s3cret" not in str(failed.value)


def test_no_proxy_is_named_where_it_was_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(UnreachedError) as failed:
        download(Pull(("http://127.0.0.1:1/file",)), str(tmp_path / "archive"), "0" * 64)
    assert "proxy" not in str(failed.value)
