# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole plays that change something: a fresh install and an upgrade on one host, a push to many; and over ssh."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.world import hosts
from tests.world.server import MirrorServer

from .controller import RIVALS, Controller
from .filesystem import fresh
from .idle import Stage, contenders
from .measure import Contender, Result, Sample, side_by_side

_PODMAN = "containers.podman.podman"
PUSHED_TO = 20
# Over ssh; see idle.SELDOM.
_SELDOM = {"usual role": 3, "tuned role": 2, "our role": 2}


def task(mirror: MirrorServer, version: str, **options: Any) -> dict[str, Any]:
    """Our task, with the mirror as its source."""
    given = {"version": version, "source": mirror.url, "catalogue": "source", "insecure_source": True}
    return {"fleet.python.interpreter": given | options}


@contextmanager
def _container(image: str, name: str) -> Iterator[dict[str, Any]]:
    """The variables of a new host, whose /opt is a file system of its own: that of the images has trees going away."""
    with fresh(name) as opt, hosts.host(image, f"bench-{name}", [f"--volume={opt}:/opt"]) as host:
        yield {"ansible_connection": _PODMAN, "ansible_host": host.name}


def fresh_play(
    controller: Controller, mirror: MirrorServer, variables: Mapping[str, Any], rounds: int
) -> dict[str, Result]:
    """One host over podman: ours without any Python there, and the usual role where Debian's Python is."""
    ours = controller.tasks("fresh", task(mirror, "3.13.2"))

    def run(image: str, name: str, playbook: Path, **more: Any) -> Sample:
        with _container(image, name) as host:
            inventory = controller.inventory(name, {name: host}, **more)
            return controller.play(playbook, inventory)

    usual = {"python_root": "/opt/python", **variables}
    return side_by_side(
        {
            "ours, Debian without Python": partial(run, "debian12", "ours", ours),
            "ours, Alpine without Python (BusyBox)": partial(run, "alpine", "alpine", ours),
            "ours, Debian with Python": partial(run, "debian12-python3", "python3", ours),
            "usual role, Debian with Python": partial(run, "debian12-python3", "usual", RIVALS / "usual.yml", **usual),
        },
        rounds,
        warm_up=0,
        every={"ours, Alpine without Python (BusyBox)": 2, "ours, Debian with Python": 2},
    )


def upgrade(controller: Controller, mirror: MirrorServer, rounds: int) -> Result:
    """One host without a Python of its own, from 3.12.2 to 3.12.6."""
    first = controller.tasks("first", task(mirror, "3.12.2"))
    second = controller.tasks("second", task(mirror, "3.12", state="latest"))

    def run() -> Sample:
        with _container("debian12", "upgrade") as host:
            inventory = controller.inventory("upgrade", {"upgrade": host})
            controller.play(first, inventory)
            return controller.play(second, inventory)

    return side_by_side({"": run}, rounds, warm_up=0)[""]


def push(controller: Controller, mirror: MirrorServer, scratch: Path) -> dict[str, Any]:
    """A push to many hosts, local ones with a root each: time, and the bytes that went out of mirror and controller."""
    pushed = task(mirror, "3.13.2", transfer="push", root="{{ python_root }}", compile_bytecode=False)
    playbook = controller.tasks("push", pushed)
    roots = {f"p{number}": {"python_root": str(scratch / f"p{number}" / "python")} for number in range(PUSHED_TO)}
    inventory = controller.inventory(
        "push",
        roots,
        ansible_connection="ansible.builtin.local",
        ansible_python_interpreter="/usr/bin/python3",
    )
    before = len(mirror.requests)
    taken = controller.play(playbook, inventory, forks=5)
    archives = [request for request in mirror.requests[before:] if request.path.endswith(".tar.gz")]
    [size] = {request.sent for request in archives}
    return {
        "hosts": PUSHED_TO,
        "wall": round(taken.wall, 2),
        "cpu": round(taken.cpu, 2),
        "requests_to_the_source": len(archives),
        "bytes_from_the_source": size * len(archives),
        "bytes_to_the_hosts": size * PUSHED_TO,
    }


def ssh(
    stage: Stage, mirror: MirrorServer, key: Path, counts: tuple[int, ...], rounds: int, names: tuple[str, ...]
) -> dict[int, dict[str, Result]]:
    """Nothing to do over ssh, by the number of hosts: one sshd, as many connections, kept open as Ansible does."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    with ExitStack() as stack:
        host = stack.enter_context(hosts.host("debian12-ssh", "bench-ssh"))
        hosts.start_sshd(host, key.with_suffix(".pub").read_text())
        by_podman = {"ansible_connection": _PODMAN, "ansible_host": host.name}
        setup = stage.controller.inventory("ssh-setup", {"ssh": by_podman})
        stage.controller.play(stage.controller.tasks("ssh-setup", task(mirror, "3.13.2")), setup)
        # The usual role, whose work was done before as well.
        python = {"ansible_python_interpreter": "/opt/python/3.13/bin/python3.13"}
        every = {"python_root": "/srv/usual", **stage.variables, **python}
        prepared = stage.controller.inventory("ssh-usual", {"ssh": by_podman}, **every)
        hosts.run(host, "mkdir", "-m", "777", "-p", "/srv/usual")
        stage.controller.play(RIVALS / "usual.yml", prepared)
        hosts.run(host, "chown", "-R", f"{host.image.user}:", "/srv/usual")
        sockets = stage.controller.directory / "cp"
        sockets.mkdir()
        aliases = {
            f"s{number}": {
                "ansible_host": host.address,
                "ansible_ssh_args": (
                    f"-F /dev/null -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR "
                    f"-o ControlMaster=auto -o ControlPersist=300 -o ControlPath={sockets}/{number}"
                ),
            }
            for number in range(max(counts))
        }
        over_ssh = {
            "ansible_connection": "ansible.builtin.ssh",
            "ansible_user": host.image.user,
            "ansible_ssh_private_key_file": str(key),
        }

        def some(count: int) -> dict[str, Contender]:
            few = dict(list(aliases.items())[:count])
            theirs = {**over_ssh, **every, "python_root": "/srv/usual"}
            usual = contenders(stage, stage.controller.inventory(f"ssh-{count}", few, **theirs), 20)
            mine = {**over_ssh, "python_root": "/opt/python"}
            own = contenders(stage, stage.controller.inventory(f"ssh-ours-{count}", few, **mine), 20)
            return {name: (own if name in ("ours", "our role", "raw") else usual)[name] for name in names}

        # sshd drops some of those that knock at once (MaxStartups in sshd_config(5)); these connections stay open.
        knocking = stage.controller.inventory("ssh-first", aliases, **over_ssh)
        contenders(stage, knocking, 5)["raw"]()
        try:
            return {count: side_by_side(some(count), rounds, warm_up=0, every=_SELDOM) for count in counts}
        finally:
            for socket in sockets.iterdir():
                subprocess.run(
                    ["ssh", "-O", "exit", "-o", f"ControlPath={socket}", host.address],
                    stderr=subprocess.DEVNULL,
                    check=False,
                )
