# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose wget is Wget2, as on Fedora: the tests of fetch.sh with that of Debian 13, and tasks with it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.conftest import Cases, Interpreter, NewHost
from tests.integration.target import Target
from tests.unit.execute import test_fetch_sh as fetch_sh
from tests.unit.execute.test_fetch_sh import Bucket, Host
from tests.world.cache import Cache
from tests.world.server import MirrorHandler, MirrorServer

IMAGE = "debian13-wget2"

# Each of those tests is one of this module too, and gets the host that is below.
source = fetch_sh.source
globals().update({name: test for name, test in vars(fetch_sh).items() if name.startswith("test_")})


class _InContainer(Host):
    """Its programs run in a container, which has this machine's network and the directory of the test."""

    def __init__(self, directory: Path, container: str) -> None:
        self._container = container
        super().__init__(directory, "wget2", program="/usr/bin/wget2")

    def run(self, script: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        variables = {"PATH": str(self.programs), "HOME": str(self.stage), **environment}
        setting = [f"--env={name}={value}" for name, value in variables.items()]
        return subprocess.run(
            ["podman", "exec", *setting, self._container, "/bin/sh", "-c", script],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )


@pytest.fixture(scope="module")
def container(shared_host: NewHost, tmp_path_factory: pytest.TempPathFactory) -> str:
    """One for all: each test has a directory of its own there, which is the same path on this machine."""
    base = tmp_path_factory.getbasetemp()
    return shared_host(IMAGE, "--network=host", f"--volume={base}:{base}").container.name


@pytest.fixture
def host(container: str, tmp_path: Path) -> Host:
    return _InContainer(tmp_path, container)


class _WantsHeader(MirrorHandler):
    def intercept(self) -> bool:
        refused = self.headers["X-Token"] != "t0ken"
        if refused:
            self.send_text(403, "no\n")
        return refused


@pytest.fixture
def fedora(new_host: NewHost) -> Target:
    """A host whose wget is Wget2."""
    target = new_host(IMAGE)
    target.sh("ln -s wget2 /usr/bin/wget")
    return target


def test_a_task_pulls_with_a_header(fedora: Target, interpreter: Interpreter, mirror: MirrorServer) -> None:
    mirror._server.RequestHandlerClass = _WantsHeader
    [done] = interpreter(fedora, transfer="pull", headers={"X-Token": "t0ken"}).ok()["interpreters"]
    assert done["transfer"] == "pull"
    assert mirror.requests[-1].client == fedora.container.address
    fedora.sh("/opt/python/3.13/bin/python3.13 -c 'import ssl'")


def test_a_plus_that_is_a_blank_in_a_task(fedora: Target, cases: Cases, mirror: MirrorServer, world: Cache) -> None:
    """Wget2 cannot ask such a server: auto pushes, and pull says what to do."""
    mirror._server.RequestHandlerClass = Bucket
    given = {name: (fedora, {"transfer": name, "root": f"/opt/{name}"}) for name in ("auto", "pull")}
    outcomes = cases(given, catalogue=str(world.mirror / "SHA256SUMS"))
    [done] = outcomes["auto"].ok()["interpreters"]
    assert done["transfer"] == "push"
    assert "sends %2B as +" in done["transfer_reason"]
    assert "install curl on the host, or set transfer to push" in outcomes["pull"].refusal()


def test_no_user_of_a_url(host: Host, source: Path) -> None:
    with MirrorServer(source) as server:
        said = host.pull([server.url.replace("://", "://deploy:s3cret@") + "/file"])
    assert not server.requests
    assert "does not use the user and password of a URL" in said.failures[0]
    assert "s3cret" not in said.failures[0]
