# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role fleet.python.mirror: a real nginx in a container, and its real clients, this collection and uv."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.integration.conftest import Everywhere, NewHost, Serve
from tests.integration.mirror_role import Mirror, fetching, static_variables, write_lock
from tests.integration.playbook import Controller
from tests.world.cache import Cache
from tests.world.podman import podman
from tests.world.server import MirrorHandler, MirrorServer
from tests.world.sigstore import Sigstore

GNU = "20250317/cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu-install_only_stripped.tar.gz"
PYTHON = "/opt/python/3.13/bin/python3.13"
GITHUB = "https://github.com/astral-sh/python-build-standalone/releases/download"


@pytest.fixture
def mirror_host(new_host: NewHost, controller: Controller) -> Mirror:
    return Mirror(new_host("debian12-nginx", name="mirror", ansible_pipelining=True), controller)


@pytest.fixture
def static(controller: Controller, world: Cache, tmp_path: Path) -> dict[str, Any]:
    return static_variables(controller, world, tmp_path)


def archives(server: MirrorServer) -> list[str]:
    """The archives that were asked for."""
    paths = (request.path.partition("?")[0] for request in server.requests)
    return [path for path in paths if path.endswith(".tar.gz")]


def attested_by_a_test(world: Cache, tmp_path: Path) -> dict[str, Any]:
    """The role's variables for attestations of a Sigstore of the tests' own, in a directory."""
    sigstore = Sigstore()
    (tmp_path / "root.json").write_text(sigstore.trusted_root())
    file = tmp_path / "attestations" / f"{GNU}.sigstore.json"
    file.parent.mkdir(parents=True)
    digest = hashlib.sha256((world.mirror / GNU).read_bytes()).hexdigest()
    file.write_text(json.dumps(sigstore.bundle({GNU.rpartition("/")[2]: digest})))
    return {
        "mirror_attestation_source": [str(tmp_path / "attestations")],
        "mirror_attestation_trusted_root": str(tmp_path / "root.json"),
    }


def test_mirror_of_a_lock(
    mirror_host: Mirror,
    static: dict[str, Any],
    new_host: NewHost,
    everywhere: Everywhere,
    mirror: MirrorServer,
    world: Cache,
    uv: Uv,
    controller: Controller,
    tmp_path: Path,
) -> None:
    """It says what it has, so that hosts and uv install from it; nobody else is asked."""
    carrier = b"the sh and the zip file of a boot script"
    name = f"fleet-python-boot-{hashlib.sha256(carrier).hexdigest()[:16]}.pyz"
    (tmp_path / name).write_bytes(carrier)
    static |= attested_by_a_test(world, tmp_path) | {"mirror_carriers": [str(tmp_path / name)]}
    foreseen = mirror_host.changes("--check", **static)
    assert {"Put the files together", "Configure nginx"} <= foreseen
    assert mirror_host.target.sh("ls /srv") == ""
    assert {"Copy the files", "Configure nginx", "Run nginx itself"} <= mirror_host.changes(**static)
    assert mirror_host.changes(**static) == set()

    assert mirror_host.status("SHA256SUMS") == 200
    assert mirror_host.status("20250317/SHA256SUMS") == 200
    assert mirror_host.status(GNU.replace("+", "%2B")) == 200
    assert mirror_host.status("20250317/") == 404
    assert mirror_host.status(name) == 200
    assert mirror_host.status(f"{GNU.replace('+', '%2B')}.sigstore.json") == 200
    proof = {"attestation": "required", "attestation_source": ["source"], "source": [mirror_host.url]}
    trusted = {"attestation_trusted_root": static["mirror_attestation_trusted_root"]}
    task = {"path": str(tmp_path / "by_mirror.lock.yml"), "version": "3.13", "triples": ["x86_64_v2-unknown-linux-gnu"]}
    locked = {"fleet.python.lock": task | proof | trusted | {"catalogue": "source", "insecure_source": True}}
    pins = controller.play({"here": {"ansible_connection": "local"}}, [locked]).outcomes[0].ok()["pins"]
    assert pins[0]["attestation"]["log_index"] == 183748301

    alpine = new_host("alpine")
    # The newest release of the lock has the build for Alpine.
    done = everywhere([alpine], source=mirror_host.url, release="latest")
    assert done[alpine.name].ok()["interpreters"][0]["release"] == "20250993"
    alpine.sh('"$1" -c "import ssl"', PYTHON)
    assert archives(mirror) == []

    uv.install(mirror_host.url, world)


def test_variables_that_do_not_fit(mirror_host: Mirror, controller: Controller) -> None:
    wrong: dict[str, dict[str, str]] = {
        "neither": {},
        "both": {"mirror_upstream": "http://127.0.0.1", "mirror_lock": "python.lock.yml"},
        "half a certificate": {"mirror_upstream": "http://127.0.0.1", "mirror_certificate": "/x.pem"},
    }
    hosts = {name: {**mirror_host.target.variables, **variables} for name, variables in wrong.items()}
    ran = controller.play(hosts, [], roles=["fleet.python.mirror"])
    failed = {each.host: str(each.result["msg"]) for each in ran.outcomes if each.status == "failed"}
    for name in wrong:
        assert "either mirror_lock or mirror_upstream" in failed[name]
    assert mirror_host.target.sh("ls /srv") == ""


class _Redirects(MirrorHandler):
    """As GitHub does: each archive is at another server, under a URL that is another one each time."""

    elsewhere = ""

    def intercept(self) -> bool:
        if self.path.endswith(".tar.gz"):
            target = f"{type(self).elsewhere}{self.path}?signature={len(self.server.requests)}"
            self.send_text(302, "elsewhere\n", {"Location": target})
            return True
        return False


@pytest.mark.parametrize("redirecting", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_mirror_that_fetches_what_is_asked_for(
    redirecting: bool, mirror_host: Mirror, new_host: NewHost, everywhere: Everywhere, serve: Serve, world: Cache
) -> None:
    """However many hosts ask for an archive at once, upstream is asked for it once."""
    behind = serve(world.mirror)
    handler = type("Redirects", (_Redirects,), {"elsewhere": behind.url})
    upstream = serve(world.mirror, handler) if redirecting else behind
    assert "Configure nginx" in mirror_host.changes(**fetching(upstream))
    assert mirror_host.changes(**fetching(upstream)) == set()

    targets = [new_host("alpine", name=name) for name in ("one", "two", "three")]
    for outcome in everywhere(targets, source=mirror_host.url, transfer="pull").values():
        assert outcome.ok()["interpreters"][0]["release"] == "20250993"
    for target in targets:
        target.sh('"$1" -c "import ssl"', PYTHON)
    assert len(archives(behind)) == 1
    assert {request.client for request in behind.requests} == {mirror_host.target.container.address}
    assert mirror_host.status("latest-release.json") == 200
    assert mirror_host.status("20250317/nothing.txt") == 404
    assert mirror_host.status("20250317/cpython-nothing.tar.gz") == 404


def test_neither_a_client_nor_a_wrong_configuration_gets_through(
    mirror_host: Mirror, serve: Serve, world: Cache
) -> None:
    """What upstream is asked is not changed by a query, another spelling of a name, or headers.

    A new configuration is loaded; one that nginx refuses is not put in place, and the mirror goes on as it was.
    """
    upstream = serve(world.mirror)
    variables = fetching(upstream)
    mirror_host.role(**variables)
    address = urlsplit(mirror_host.url)
    release, _slash, asset = GNU.partition("/")
    for path in (
        f"/{GNU}?evil=1",
        f"/{GNU}?",
        f"/{release}/..%2f..%2fsecret",
        f"/{release}/cpython-..%2f..%2fsecret",
        f"/x/../{GNU}",
        f"//{GNU}",
        f"/%32{GNU[1:]}",
        f"/{release}/{asset}%00",
        f"/{release}/cpython-%0d%0aX-Planted:1",
    ):
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
        connection.putrequest("GET", path, skip_accept_encoding=True)
        connection.endheaders()
        assert connection.getresponse().status in (400, 404), path
        connection.close()
    assert upstream.requests == []

    secrets = {"Authorization": "Basic pl4nted", "Cookie": "pl4nted", "X-Token": "pl4nted"}
    answer = requests.get(f"{mirror_host.url}/{GNU}", headers=secrets, timeout=60)
    assert hashlib.sha256(answer.content).hexdigest() == hashlib.sha256((world.mirror / GNU).read_bytes()).hexdigest()
    [request] = upstream.requests
    assert "pl4nted" not in str(request.headers)

    changes = mirror_host.changes(**variables, mirror_port=8080)
    assert "Reload nginx itself" in changes
    assert "Run nginx itself" not in changes
    mirror_host.url += ":8080"
    assert mirror_host.status("SHA256SUMS") == 200

    with pytest.raises(AssertionError, match="failed to validate"):
        mirror_host.role(**variables, mirror_certificate="/none.pem", mirror_certificate_key="/none.key")
    assert mirror_host.status("SHA256SUMS") == 200


class _LoginPage(MirrorHandler):
    """A portal of somebody's network, which answers everything with 200."""

    def intercept(self) -> bool:
        page = "<html>Log in here</html>\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.send_body(page.encode())
        return True


def test_login_page_is_not_kept(mirror_host: Mirror, serve: Serve, tmp_path: Path) -> None:
    upstream = serve(tmp_path, _LoginPage)
    mirror_host.role(**fetching(upstream))
    for number in (1, 2):
        assert mirror_host.status(GNU) == 200
        assert len(archives(upstream)) == number


@pytest.fixture
def certificate(mirror_host: Mirror, tmp_path: Path) -> Path:
    """A certificate for the mirror's address, put on its host; the authority's file on the controller."""
    address = mirror_host.target.container.address
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={address}"]
    files = ["-keyout", str(tmp_path / "mirror.key"), "-out", str(tmp_path / "mirror.pem")]
    subprocess.run([*command, "-addext", f"subjectAltName=IP:{address}", *files], check=True, capture_output=True)
    for name in ("mirror.key", "mirror.pem"):
        podman("cp", str(tmp_path / name), f"{mirror_host.target.container.name}:/etc/ssl/{name}")
    return tmp_path / "mirror.pem"


@pytest.mark.slow
def test_tls(
    mirror_host: Mirror, certificate: Path, new_host: NewHost, controller: Controller, serve: Serve, world: Cache
) -> None:
    tls = {"mirror_certificate": "/etc/ssl/mirror.pem", "mirror_certificate_key": "/etc/ssl/mirror.key"}
    mirror_host.role(**fetching(serve(world.mirror)), **tls, mirror_port=443)
    target = new_host("alpine")
    source = mirror_host.url.replace("http:", "https:")
    # No insecure_source: over TLS the mirror may say what it has.
    task = {"version": "3.13", "source": source, "catalogue": "source", "transfer": "push", "compile_bytecode": False}
    ran = controller.play(
        {target.name: target.variables},
        [{"fleet.python.interpreter": task}],
        variables={"REQUESTS_CA_BUNDLE": str(certificate)},
    )
    assert ran.outcomes[0].ok()["changed"]
    target.sh('"$1" -c "import ssl"', PYTHON)


class Uv:
    """uv, with a home of its own."""

    def __init__(self, program: str, home: Path) -> None:
        self._program = program
        self._home = home

    def _run(self, mirror_url: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._home),
            "UV_CACHE_DIR": str(self._home / "cache"),
            "UV_PYTHON_INSTALL_DIR": str(self._home / "pythons"),
            "UV_PYTHON_INSTALL_MIRROR": mirror_url,
            "UV_NO_CONFIG": "1",
        }
        command = [self._program, "python", "install", "--no-bin", *arguments]
        return subprocess.run(
            command, env=environment | variables, capture_output=True, text=True, check=False, cwd=self._home
        )

    def install(self, mirror_url: str, world: Cache) -> None:
        """Install 3.13.2 by GitHub's URL, in whose place uv puts the mirror's.

        The digest is given to it: the world's builds are packed anew, so they are not those of uv's own list.
        """
        sums = dict(line.split()[::-1] for line in (world.mirror / "SHA256SUMS").read_text().splitlines())
        download = {
            "name": "cpython",
            "arch": {"family": "x86_64", "variant": "v2"},
            "os": "linux",
            "libc": "gnu",
            "major": 3,
            "minor": 13,
            "patch": 2,
            "prerelease": "",
            "url": f"{GITHUB}/{GNU.replace('+', '%2B')}",
            "sha256": sums[GNU],
            "variant": None,
            "build": "20250317",
        }
        name = "cpython-3.13.2-linux-x86_64_v2-gnu"
        downloads = self._home / "downloads.json"
        downloads.write_text(json.dumps({name: download}))
        done = self._run(mirror_url, name, UV_PYTHON_DOWNLOADS_JSON_URL=str(downloads))
        assert done.returncode == 0, done.stderr
        python = self._home / "pythons" / name / "bin" / "python3.13"
        assert subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout == "Python 3.13.2\n"

        # By uv's own list: it comes to the mirror too, and refuses bytes that are not upstream's.
        own = self._run(mirror_url, "--reinstall", name)
        assert own.returncode != 0
        assert sums[GNU] in own.stderr


@pytest.fixture
def uv(tmp_path: Path) -> Uv:
    program = shutil.which("uv")
    if program is None:
        pytest.fail("uv is not here: it comes with tests/requirements-tools.txt")
    home = tmp_path / "uv"
    home.mkdir()
    return Uv(program, home)


@pytest.mark.slow
def test_another_lock(
    mirror_host: Mirror, static: dict[str, Any], controller: Controller, world: Cache, tmp_path: Path
) -> None:
    """What was served before is kept, and no longer listed."""
    mirror_host.role(**static)
    triples = ["x86_64_v2-unknown-linux-gnu"]
    other = write_lock(tmp_path / "other.lock.yml", "3.12", triples, controller, world)
    changes = mirror_host.changes(**static | {"mirror_lock": str(other)})
    assert "Copy the files" in changes
    assert "Reload nginx itself" not in changes
    assert mirror_host.status(GNU) == 200
    sums = mirror_host.target.sh("cat /srv/fleet-python/files/SHA256SUMS")
    assert "cpython-3.12.6" in sums
    assert "cpython-3.13" not in sums


@pytest.mark.slow
def test_uv_by_a_mirror_that_fetches(mirror_host: Mirror, serve: Serve, world: Cache, uv: Uv) -> None:
    mirror_host.role(**fetching(serve(world.mirror)))
    uv.install(mirror_host.url, world)


@pytest.mark.slow
def test_nginx_out_of_debians_packages(
    new_host: NewHost, controller: Controller, static: dict[str, Any], everywhere: Everywhere
) -> None:
    """On a Debian that has Python and nothing more; apt installs nginx."""
    fresh = Mirror(new_host("debian12-python3", name="mirror", ansible_pipelining=True), controller)
    static |= {"mirror_install": True}
    assert "Install nginx" in fresh.changes("--check", **static)
    assert fresh.target.sh("command -v nginx || true") == ""
    assert "Install nginx" in fresh.changes(**static)
    assert fresh.changes(**static) == set()
    done = everywhere([new_host("alpine")], source=fresh.url)
    assert done["alpine"].ok()["changed"]
