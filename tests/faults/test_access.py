# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that are slow and cut, proxies that refuse, passwords and certificates that are wrong: by each way of bytes."""

from __future__ import annotations

import os
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import StageError
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import SourceError
from tests.faults.conftest import NewDirect
from tests.faults.direct import Direct
from tests.homes.authority import make_authority
from tests.integration.conftest import Serve
from tests.world.cache import Cache
from tests.world.podman import bridge_address
from tests.world.server import MirrorHandler, MirrorServer

REFUSED = "refused with the reason, and the host is as it was"
# The host's own curl or wget, the module's urllib, the controller's requests.
WAYS = ("curl", "busybox-wget", "urllib", "push")
VERSION = "3.13"
SECRET = "s3cret"


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What another test has pushed is of no help here."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def host(way: str, direct: NewDirect, cache: Path) -> Direct:
    if way == "urllib":
        return direct("debian12-python3")
    found = direct("alpine", "--tmpfs=/opt:exec,size=700m")
    if way == "busybox-wget":
        found.sh("rm /usr/bin/curl")
    return found


def _options(way: str, world: Cache, **options: Any) -> dict[str, Any]:
    transfer = "push" if way == "push" else "pull"
    sums = str(world.mirror / "SHA256SUMS")
    return {"transfer": transfer, "catalogue": sums, "compile_bytecode": False, **options}


def _refused(host: Direct, way: str, world: Cache, **options: Any) -> str:
    """The reason, without a secret in it; nothing of the run is on the host."""
    with pytest.raises((StageError, SourceError)) as caught:
        host.act(VERSION, **_options(way, world, **options))
    assert host.sh("ls -A /opt") == ""
    assert SECRET not in str(caught.value)
    return str(caught.value)


class _SlowAndCut(MirrorHandler):
    """At most some megabytes a second, and no connection brings more than a few."""

    piece = 256 << 10
    most = 5 << 20

    def copy(self, file: BinaryIO, length: int) -> None:
        left = min(length, self.most)
        while left > 0:
            self.send_body(file.read(min(self.piece, left)))
            left -= self.piece
            # This is the link's speed, not a wait for something.
            time.sleep(0.005)
        self.close_connection = True


@pytest.mark.fault("a link is slow, and cuts every few megabytes", "installed, and no byte is fetched twice")
def test_link_that_is_slow_and_cuts(host: Direct, way: str, serve: Serve, world: Cache) -> None:
    mirror = serve(world.mirror, _SlowAndCut)
    [done] = host.act(VERSION, **_options(way, world, source=[mirror.url]))["interpreters"]
    size = (world.mirror / done["release"] / done["asset"]).stat().st_size
    asked = [request for request in mirror.requests if request.path.endswith(".tar.gz")]
    assert len(asked) == -(-size // _SlowAndCut.most) > 2
    assert sum(request.sent for request in asked) == size
    assert [request.range for request in asked[:2]] == [None, f"bytes={_SlowAndCut.most}-"]


@pytest.mark.fault("a proxy does not answer", REFUSED)
def test_proxy_where_nobody_listens(host: Direct, way: str, serve: Serve, world: Cache) -> None:
    mirror = serve(world.mirror)
    reason = _refused(host, way, world, source=[mirror.url], proxy=f"http://deploy:{SECRET}@127.0.0.1:1")
    assert mirror.url in reason
    assert "efused" in reason or "connect" in reason
    assert not mirror.requests


class _Denies(MirrorHandler):
    status = 407

    def intercept(self) -> bool:
        self.send_text(self.status, "no\n", {"Proxy-Authenticate": 'Basic realm="x"', "WWW-Authenticate": "Basic"})
        return True


class _DeniesPassword(_Denies):
    status = 401


@pytest.mark.fault("a proxy wants another password", REFUSED)
def test_proxy_that_refuses(host: Direct, way: str, serve: Serve, world: Cache) -> None:
    proxy = serve(world.mirror, _Denies).url.replace("://", f"://deploy:{SECRET}@")
    reason = _refused(host, way, world, source=["http://source.invalid/x"], proxy=proxy)
    assert "http://source.invalid/x" in reason
    assert "407" in reason


@pytest.mark.fault("a source refuses the password", REFUSED)
def test_wrong_password(host: Direct, way: str, serve: Serve, world: Cache) -> None:
    mirror = serve(world.mirror, _DeniesPassword)
    reason = _refused(host, way, world, source=[mirror.url.replace("://", f"://deploy:{SECRET}@")])
    assert mirror.url in reason
    assert "401" in reason or ("install curl" in reason and way == "busybox-wget")


class _LoginPage(MirrorHandler):
    def intercept(self) -> bool:
        self.send_text(200, "<!DOCTYPE html><title>Log in</title>\n")
        return True


@pytest.mark.fault("a source answers 200 with a login page", REFUSED)
def test_login_page(host: Direct, way: str, serve: Serve, world: Cache) -> None:
    mirror = serve(world.mirror, _LoginPage)
    assert "web page, of a login or a proxy" in _refused(host, way, world, source=[mirror.url])


def _tls(server: MirrorServer, directory: Path) -> str:
    """Make a server speak TLS with ``server.pem`` of a directory; its URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem")
    server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
    return server.url.replace("http://", "https://")


def _expired(directory: Path) -> None:
    """Put a certificate of the same authority into ``server.pem`` that was good for a day in 2020."""
    (directory / "index.txt").touch()
    (directory / "ca.cnf").write_text(
        "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n"
        f"policy=any\nx509_extensions=names\n[any]\ncommonName=supplied\n[names]\n"
        f"subjectAltName=IP:{bridge_address()}\n"
    )
    (directory / "serial").write_text("01\n")
    commands = (
        ("req", "-new", "-key", "server.key", "-subj", f"/CN={bridge_address()}", "-out", "server.csr"),
        ("ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", "server.csr",
         "-startdate", "200101000000Z", "-enddate", "200102000000Z", "-out", "expired.crt", "-notext"),
    )  # fmt: skip
    for command in commands:
        subprocess.run(["openssl", *command], cwd=directory, check=True, capture_output=True)
    parts = [(directory / name).read_text() for name in ("server.key", "expired.crt")]
    (directory / "server.pem").write_text("".join(parts))


@pytest.mark.fault("a source's certificate is of an authority that ca_path names", "installed")
def test_own_authority(host: Direct, way: str, serve: Serve, world: Cache, tmp_path: Path) -> None:
    authority = make_authority(tmp_path, bridge_address())
    url = _tls(serve(world.mirror), tmp_path)
    if way == "busybox-wget":
        assert "which certificates to trust" in _refused(host, way, world, source=[url], ca_path=str(authority))
        return
    assert host.act(VERSION, **_options(way, world, source=[url], ca_path=str(authority)))["changed"]


@pytest.mark.fault("a source's certificate has expired", REFUSED)
def test_expired_certificate(host: Direct, way: str, serve: Serve, world: Cache, tmp_path: Path) -> None:
    authority = make_authority(tmp_path, bridge_address())
    _expired(tmp_path)
    url = _tls(serve(world.mirror), tmp_path)
    reason = _refused(host, way, world, source=[url], ca_path=str(authority))
    assert url in reason
    assert "expired" in reason or way == "busybox-wget"


@pytest.fixture
def small_disk(cache: Path) -> Iterator[Path]:
    cache.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "small", cache], check=True)
    yield cache
    subprocess.run(["umount", cache], check=True)


@pytest.mark.fault("the controller's disk is full", REFUSED)
def test_full_disk_of_the_controller(direct: NewDirect, small_disk: Path, serve: Serve, world: Cache) -> None:
    host = direct("debian12")
    reason = _refused(host, "push", world, source=[serve(world.mirror).url])
    assert f"{small_disk}/fleet.python" in reason
    assert "No space left" in reason
    assert not [path for path in small_disk.rglob("*") if path.is_file() and path.stat().st_size]


@pytest.mark.fault("the controller's cache cannot be written", REFUSED)
def test_cache_that_cannot_be_written(direct: NewDirect, cache: Path, world: Cache) -> None:
    cache.write_text("a file where the directory should be")
    reason = _refused(direct("debian12"), "push", world, source=[str(world.mirror)])
    assert f"{cache}/fleet.python" in reason
    assert "XDG_CACHE_HOME" in reason


@pytest.mark.fault("source names a file", REFUSED)
def test_source_that_is_a_file(direct: NewDirect, world: Cache, tmp_path: Path) -> None:
    (tmp_path / "mirror.txt").write_text("")
    reason = _refused(direct("debian12"), "push", world, source=[str(tmp_path / "mirror.txt")])
    assert "is a file" in reason


@pytest.mark.parametrize("transfer", ["pull", "push"])
@pytest.mark.fault("one of two sources fails", "skipped, and named in a warning")
def test_source_that_is_passed_over(transfer: str, direct: NewDirect, cache: Path, serve: Serve, world: Cache) -> None:
    bad, good = serve(world.mirror, _DeniesPassword), serve(world.mirror)
    for image in ("alpine", "debian12-python3"):
        done = direct(image).act(VERSION, **_options(transfer, world, source=[bad.url, good.url], transfer=transfer))
        warnings = [warning for warning in done.get("warnings", []) if "skipped" in warning]
        assert all(bad.url in warning for warning in warnings)
        # Once in a run, and all of this process is one.
        assert len(warnings) == (image == "alpine")


@pytest.mark.parametrize("image", ["alpine", "debian12-python3"])
@pytest.mark.fault("a host has no way out", "with transfer: auto the controller sends the archive")
def test_auto_falls_back(image: str, direct: NewDirect, cache: Path, world: Cache) -> None:
    # On loopback, which in the host is its own: podman's bridge has no address while no container is on it.
    with MirrorServer(world.mirror) as mirror:
        host = direct(image, "--network=none")
        options = _options("auto", world, transfer="auto", source=[mirror.url], connect_timeout=2)
        [done] = host.act(VERSION, **options)["interpreters"]
        assert done["transfer"] == "push"
        assert f"the host got it from nowhere: {mirror.url}" in done["transfer_reason"]
        assert {request.client for request in mirror.requests} == {"127.0.0.1"}
        assert done["action"] == "installed"

        # The run's next task knows, and does not wait for the host to fail again.
        [again] = host.act("3.12", **options)["interpreters"]
        assert (again["transfer"], again["transfer_reason"]) == ("push", done["transfer_reason"])


class _WrongBytes(MirrorHandler):
    def copy(self, file: BinaryIO, length: int) -> None:
        self.send_body(os.urandom(length) if self.path.endswith(".tar.gz") else file.read(length))


@pytest.mark.parametrize("image", ["alpine", "debian12-python3"])
@pytest.mark.fault("a host with transfer: auto gets wrong bytes", REFUSED)
def test_auto_does_not_fall_back_from_wrong_bytes(
    image: str, direct: NewDirect, cache: Path, serve: Serve, world: Cache
) -> None:
    mirror = serve(world.mirror, _WrongBytes)
    host = direct(image)
    assert "has sha256" in _refused(host, "auto", world, transfer="auto", source=[mirror.url])
    assert bridge_address() not in {request.client for request in mirror.requests}
