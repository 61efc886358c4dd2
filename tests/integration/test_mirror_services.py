# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role fleet.python.mirror with its defaults, as a machine has it: package manager and service manager.

Debian with systemd and its own nginx; Alpine with its apk and OpenRC, and a stand-in for its package (alpine_nginx.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.alpine_nginx import alpine_repository
from tests.integration.conftest import Everywhere, NewHost, Serve
from tests.integration.mirror_role import Mirror, fetching
from tests.integration.playbook import Controller
from tests.world.cache import Cache

PYTHON = "/opt/python/3.13/bin/python3.13"
_WAIT_FOR_SYSTEMD = """
until [ -S /run/systemd/private ]; do sleep 0.1; done
timeout 60 systemctl is-system-running --wait || :
"""
# A container of Alpine has OpenRC, and nothing that has run it.
_PREPARE_ALPINE = """
cp /srv/repository/keys/* /etc/apk/keys
echo /srv/repository >/etc/apk/repositories
mkdir -p /run/openrc
: >/run/openrc/softlevel
"""

# Nobody collects the dead in that container, so OpenRC would not believe that nginx has stopped.
_STOP_ON_ALPINE = """
kill "$(cat /run/nginx/nginx.pid)"
while [ -e /run/nginx/nginx.pid ]; do sleep 0.1; done
rc-service nginx zap
"""


@dataclass(frozen=True)
class Machine:
    """How a machine is made, and how its service manager is asked: whether nginx comes at boot, and to stop it."""

    image: str
    prepare: str
    enabled: str
    stop: str


DEBIAN = Machine("debian12-systemd", _WAIT_FOR_SYSTEMD, "systemctl is-enabled nginx", "systemctl stop nginx")
ALPINE = Machine("alpine", _PREPARE_ALPINE, "rc-update show default | grep nginx", _STOP_ON_ALPINE)


@pytest.mark.slow
@pytest.mark.parametrize("machine", [ALPINE, DEBIAN], ids=["alpine-openrc", "debian-systemd"])
def test_with_package_and_service_manager(
    machine: Machine,
    new_host: NewHost,
    controller: Controller,
    everywhere: Everywhere,
    serve: Serve,
    world: Cache,
    tmp_path: Path,
) -> None:
    options = []
    if machine is ALPINE:
        options.append(f"--volume={alpine_repository(tmp_path / 'repository', world)}:/srv/repository:ro")
    target = new_host(
        machine.image,
        *options,
        name="mirror",
        ansible_pipelining=True,
        ansible_python_interpreter=PYTHON,
    )
    target.sh(machine.prepare)
    everywhere([target])["mirror"].ok()
    mirror = Mirror(target, controller)
    variables: dict[str, Any] = {
        **fetching(serve(world.mirror)),
        "mirror_install": True,
        "mirror_service": "service",
    }
    assert {"Install nginx", "Configure nginx"} <= mirror.changes("--check", **variables)
    assert target.sh("command -v nginx || :") == ""

    assert {"Install nginx", "Configure nginx"} <= mirror.changes(**variables)
    assert mirror.changes(**variables) == set()
    assert mirror.status("SHA256SUMS") == 200
    assert target.sh(machine.enabled).strip()

    # Reloaded, and not started anew.
    pid = "cat /run/nginx.pid /run/nginx/nginx.pid 2>/dev/null || :"
    before = target.sh(pid)
    changes = mirror.changes(**variables, mirror_port=8080)
    assert "Reload nginx's service" in changes
    assert "Run nginx as a service" not in changes
    assert target.sh(pid) == before != ""
    mirror.url += ":8080"
    assert mirror.status("SHA256SUMS") == 200

    target.sh(machine.stop)
    assert mirror.status("SHA256SUMS") == 0
    assert "Run nginx as a service" in mirror.changes(**variables, mirror_port=8080)
    client = new_host("alpine", name="client")
    assert everywhere([client], source=mirror.url, transfer="pull")["client"].ok()["changed"]
    client.sh('"$1" -c "import ssl"', PYTHON)
