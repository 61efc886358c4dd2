# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources that serve something else than the archive: refused by each way that bytes can take to a host."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path
from typing import BinaryIO

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import StageError
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import SourceError
from tests.faults.conftest import NewDirect
from tests.faults.direct import Direct
from tests.integration.conftest import Serve
from tests.world.cache import Cache
from tests.world.server import MirrorHandler, MirrorServer

REFUSED = "refused with the reason, and the host is as it was"
# The host's own curl or wget, the module's urllib, the controller's requests.
WAYS = ("curl", "busybox-wget", "urllib", "push")
VERSION = "3.13"


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def host(way: str, direct: NewDirect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Direct:
    # What another test has pushed is of no help here.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if way == "urllib":
        return direct("debian12-python3")
    found = direct("alpine", "--tmpfs=/opt:exec,size=700m")
    if way == "busybox-wget":
        found.sh("rm /usr/bin/curl")
    return found


def _refused(host: Direct, way: str, url: str, left: tuple[str, ...] = ()) -> str:
    """The reason; nothing of the run is on the host, but for files with these names."""
    transfer = "push" if way == "push" else "pull"
    with pytest.raises((StageError, SourceError)) as caught:
        host.act(VERSION, source=[url], catalogue="source", transfer=transfer)
    if left:
        files = host.sh("cd /opt/python/.staging/part-*/ && find /opt -type f ! -name .lock").split()
        assert sorted(file.rpartition("/")[2] for file in files) == list(left)
    else:
        assert host.sh("ls -A /opt") == ""
    return str(caught.value)


def _is_archive(path: str) -> bool:
    return path.endswith(".tar.gz")


class _WrongByte(MirrorHandler):
    def copy(self, file: BinaryIO, length: int) -> None:
        data = bytearray(file.read(length))
        if _is_archive(self.path):
            data[-1] ^= 1
        self.send_body(bytes(data))


class _Longer(MirrorHandler):
    """A right beginning, and a body that goes on: the length tells."""

    def intercept(self) -> bool:
        if not _is_archive(self.path):
            return False
        path = self._local_path()
        assert path
        data = path.read_bytes() + b"more"
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.send_body(data)
        return True


class _Shorter(MirrorHandler):
    """Less than the length tells, and then the connection is closed."""

    def copy(self, file: BinaryIO, length: int) -> None:
        super().copy(file, length - 1 if _is_archive(self.path) else length)
        self.close_connection = _is_archive(self.path)


class _NoLength(MirrorHandler):
    """The right bytes without Content-Length; and one byte less."""

    cut = 0

    def intercept(self) -> bool:
        if not _is_archive(self.path):
            return False
        path = self._local_path()
        assert path
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.send_body(path.read_bytes()[: -self.cut or None])
        self.close_connection = True
        return True


class _NoLengthShorter(_NoLength):
    cut = 1


class _Endless(MirrorHandler):
    def intercept(self) -> bool:
        if not _is_archive(self.path):
            return False
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        while True:
            self.send_body(bytes(1 << 20))


@pytest.mark.fault(
    "a source ends in the middle of the archive", "refused with the reason; the next run goes on from there"
)
def test_ends_in_the_middle(host: Direct, way: str, serve: Serve, world: Cache) -> None:
    mirror = serve(world.mirror, _Shorter)
    assert mirror.url in _refused(host, way, mirror.url, left=() if way == "push" else ("archive", "made-root"))


@pytest.mark.parametrize("handler", [_WrongByte, _Longer, _NoLengthShorter])
@pytest.mark.fault("a source serves a wrong byte, or more or less than the archive", REFUSED)
def test_other_bytes(handler: type[MirrorHandler], host: Direct, way: str, serve: Serve, world: Cache) -> None:
    mirror = serve(world.mirror, handler)
    assert mirror.url in _refused(host, way, mirror.url)


@pytest.mark.fault("a source tells no length", "installed: the digest is what counts")
def test_no_length(host: Direct, way: str, serve: Serve, world: Cache) -> None:
    mirror = serve(world.mirror, _NoLength)
    options = {"transfer": "push" if way == "push" else "pull", "compile_bytecode": False}
    assert host.act(VERSION, source=[mirror.url], catalogue="source", **options)["changed"]


@pytest.mark.fault("a source sends without an end", "cut at 512 MiB, refused, and the host is as it was")
def test_endless_body(host: Direct, way: str, serve: Serve, world: Cache) -> None:
    mirror = serve(world.mirror, _Endless)
    assert f"more than {512 << 20} bytes" in _refused(host, way, mirror.url)
    (sent,) = {request.sent >> 20 for request in mirror.requests if _is_archive(request.path)}
    assert 512 <= sent < 600


def _redirects(following: str) -> type[MirrorHandler]:
    class Redirects(MirrorHandler):
        def intercept(self) -> bool:
            if _is_archive(self.path):
                self.send_text(302, "over there\n", {"Location": following.format(path=self.path)})
            return _is_archive(self.path)

    return Redirects


@pytest.mark.fault("a source redirects to another host by the same protocol", "followed: the digest is what counts")
def test_redirect_to_another_host(host: Direct, way: str, serve: Serve, world: Cache) -> None:
    other = serve(world.mirror)
    mirror = serve(world.mirror, _redirects(other.url + "{path}"))
    options = {"transfer": "push" if way == "push" else "pull", "compile_bytecode": False}
    assert host.act(VERSION, source=[mirror.url], catalogue="source", **options)["changed"]
    assert other.requests


@pytest.mark.parametrize("following", ["file:///etc/passwd", "ftp://127.0.0.1{path}"])
@pytest.mark.fault("a source redirects to file:// or ftp://", REFUSED)
def test_redirect_to_another_protocol(following: str, host: Direct, way: str, serve: Serve, world: Cache) -> None:
    mirror = serve(world.mirror, _redirects(following))
    assert mirror.url in _refused(host, way, mirror.url)


class _Tls:
    """The mirror by https, with an authority of its own that the host is told to trust."""

    def __init__(self, directory: Path, server: MirrorServer) -> None:
        self.certificate = directory / "cert.pem"
        key = directory / "key.pem"
        address = server.url.removeprefix("http://").rpartition(":")[0]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=fault"]
        names = ["-addext", f"subjectAltName=IP:{address}", "-keyout", str(key), "-out", str(self.certificate)]
        subprocess.run([*command, *names], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        listening = server._server
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
        self.url = server.url.replace("http://", "https://")


@pytest.fixture
def tls(tmp_path: Path, serve: Serve, world: Cache) -> tuple[_Tls, MirrorServer]:
    plain = serve(world.mirror)
    return _Tls(tmp_path, serve(world.mirror, _redirects(plain.url + "{path}"))), plain


@pytest.mark.fault("a source redirects from https to http", REFUSED)
def test_redirect_from_https_to_http(
    host: Direct, way: str, tls: tuple[_Tls, MirrorServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    secure, plain = tls
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure.certificate))
    host.trust(secure.certificate)
    if way == "busybox-wget" and "ssl_client" not in host.sh("ls /usr/bin"):
        pytest.skip("this wget has no TLS")
    assert secure.url in _refused(host, way, secure.url)
    if way != "busybox-wget":
        assert not plain.requests


@pytest.mark.fault("a source's certificate is of an authority that the host does not trust", REFUSED)
def test_certificate_that_nobody_trusts(host: Direct, way: str, tls: tuple[_Tls, MirrorServer]) -> None:
    secure, _plain = tls
    reason = _refused_without_catalogue(host, way, secure.url)
    assert secure.url in reason


def _refused_without_catalogue(host: Direct, way: str, url: str) -> str:
    """As `_refused`, with the digests of the bundled catalogue: the controller trusts the source no more."""
    transfer = "push" if way == "push" else "pull"
    with pytest.raises((StageError, SourceError)) as caught:
        host.act("3.12" if way != "urllib" else VERSION, source=[url], transfer=transfer)
    assert host.sh("ls -A /opt") == ""
    return str(caught.value)
