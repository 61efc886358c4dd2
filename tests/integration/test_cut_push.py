# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection is cut while the controller sends an archive: nothing half is used, and the next run starts clean."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.conftest import Everywhere, SshHost
from tests.integration.link import Link
from tests.integration.target import Target
from tests.world.server import MirrorServer

PYTHON = "/opt/python/3.13/bin/python3.13"


@pytest.fixture
def target(ssh_host: SshHost) -> Target:
    return ssh_host(ansible_become=True)


@pytest.fixture
def link(target: Target) -> Iterator[Link]:
    with Link(target.container.address, 22) as link:
        yield link


def _through(link: Link, target: Target) -> Target:
    """The same host, reached through the link."""
    reached = {"ansible_host": "127.0.0.1", "ansible_port": link.port}
    return Target(target.name, target.container, {**target.variables, **reached})


def _large(target: Target) -> list[str]:
    """What has been written to the host of half a megabyte or more."""
    return target.sh('find / -xdev -type f -size +500k -newer "$1"', "/begun").splitlines()


@pytest.mark.parametrize("megabytes", [1, 15])
def test_cut_copy(megabytes: int, link: Link, target: Target, everywhere: Everywhere, mirror: MirrorServer) -> None:
    target.sh(': >"$1"', "/begun")
    link.most = megabytes << 20
    cut = everywhere([_through(link, target)], transfer="push")[target.name]
    assert cut.status in ("failed", "unreachable"), cut
    assert link.cuts
    assert target.sh("ls -A /opt") == ""
    # What was sent of it went with the task's temporary directory.
    assert _large(target) == []

    link.most = None
    assert everywhere([_through(link, target)], transfer="push")[target.name].ok()["changed"]
    target.sh('"$1" -c "import ssl"', PYTHON)
    assert not [path for path in _large(target) if not path.startswith("/opt/python/cpython-")]
    # What the controller has, it keeps.
    assert len([request for request in mirror.requests if request.path.endswith(".tar.gz")]) == 1
