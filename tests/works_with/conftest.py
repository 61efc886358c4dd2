# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One provisioned machine for all tools: Debian 12 that boots with systemd, with the Python of docs/works-with.md."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import collections, containers, world
from tests.integration.playbook import Controller, Run
from tests.integration.target import PODMAN, Target
from tests.works_with.page import PAGE, Section, sections
from tests.works_with.wheels import wheels
from tests.world import hosts
from tests.world.cache import Cache
from tests.world.podman import bridge_address
from tests.world.server import MirrorServer

__all__ = ["collections", "containers", "world"]

# What a host behind an index of its own has, here for a directory of wheels and no network.
_WHEELS = "/srv/wheels"
_SETTINGS = {
    "/etc/pip.conf": f"[global]\nno-index = true\nfind-links = {_WHEELS}\n",
    "/etc/uv/uv.toml": f'no-index = true\nfind-links = ["{_WHEELS}"]\n',
}
_PATH = "/opt/tools/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@pytest.fixture(scope="session")
def page() -> dict[str, Section]:
    return sections(PAGE.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def machine(containers: Mapping[str, str], world: Cache) -> Iterator[Target]:
    """The machine as it boots: no Python, and the tools' wheels below /srv/wheels."""
    mount = f"--volume={wheels(world)}:{_WHEELS}:ro"
    with hosts.host("debian12-systemd", f"w-{uuid.uuid4().hex[:12]}", [mount]) as container:
        # podman comes back before systemd listens.
        wait = "until [ -S /run/systemd/private ]; do sleep 0.1; done; systemctl is-system-running --wait"
        assert hosts.run(container, "timeout", "60", "sh", "-c", f"{wait} || :").strip() in ("running", "degraded")
        for path, text in _SETTINGS.items():
            hosts.run(container, "sh", "-euc", 'mkdir -p "${1%/*}"; cat > "$1"', "sh", path, text=text)
        # Its user is root already; the page's plays say become, for machines where it is not.
        own = {"ansible_connection": PODMAN, "ansible_host": container.name, "ansible_become": False}
        yield Target("machine", container, own)


PlayOf = Callable[..., Run]


@pytest.fixture(scope="session")
def play_of(
    machine: Target, world: Cache, collections: tuple[Path, ...], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PlayOf]:
    """Run plays of the page on the machine, with ``variables`` in its inventory, from the mirror of the test world."""
    controller = Controller(tmp_path_factory.mktemp("works-with"), collections)
    with MirrorServer(world.mirror, bridge_address()) as mirror:
        source = {"source": mirror.url, "catalogue": "source", "insecure_source": True}
        # By the action group, as the page says nothing of where the builds come from.
        defaults = {"group/fleet.python.python": source}

        def run(*plays: Mapping[str, Any], **variables: Any) -> Run:
            own = {**machine.variables, **variables}
            each = [{"module_defaults": defaults, **play} for play in plays]
            return controller.plays({machine.name: own}, each)

        yield run


@pytest.fixture(scope="session")
def provisioned(machine: Target, page: Mapping[str, Section], play_of: PlayOf) -> Target:
    """The machine after the page's first play, with the interpreter named in its inventory before it is there."""
    [play] = page["Works with what you already use"].plays
    [inventory] = page["Ansible"].inventories
    ran = play_of(play, **inventory["all"]["vars"])
    assert ran.status == 0, ran.output
    return machine


Shell = Callable[[str], str]


@pytest.fixture(scope="session")
def sh(provisioned: Target) -> Shell:
    """Run a script on the machine as its root user's shell would, with the tools on its PATH; what it prints."""

    def run(script: str) -> str:
        return hosts.run(provisioned.container, "env", "--chdir=/root", f"PATH={_PATH}", "sh", "-euc", script)

    return run


@pytest.fixture(scope="session")
def tools(page: Mapping[str, Section], sh: Shell) -> Shell:
    """The machine's shell after the page's section on the tools."""
    for script in page["The tools on the same Python"].scripts:
        sh(script)
    return sh
