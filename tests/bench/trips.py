# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a fresh install goes to the host over ssh: each program that the connection starts is one round trip."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.counter import Counter
from tests.integration.target import Target
from tests.world import hosts
from tests.world.server import MirrorServer

from .controller import Controller
from .plays import task

# What makes a host without Python of one with Python. BusyBox downloads there.
_WITHOUT_PYTHON = "rm /usr/bin/python3*; ln -s busybox /usr/bin/wget"


@contextmanager
def _host(key: Path, name: str, *, python: bool) -> Iterator[Target]:
    """A Debian reached over ssh by its ordinary user, who becomes root by sudo; with a Python of its own or without."""
    with hosts.host("debian12-others", f"bench-{name}") as host:
        hosts.start_sshd(host, key.with_suffix(".pub").read_text())
        if not python:
            hosts.run(host, "sh", "-c", _WITHOUT_PYTHON)
        # No connection is kept open: what is counted is the same, and no process stays behind.
        words = "-F /dev/null -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR"
        variables = {
            "ansible_connection": "ansible.builtin.ssh",
            "ansible_host": host.address,
            "ansible_user": host.image.user,
            "ansible_ssh_private_key_file": str(key),
            "ansible_ssh_args": words,
            "ansible_become": True,
        }
        yield Target(name, host, variables)


def round_trips(controller: Controller, mirror: MirrorServer) -> dict[str, list[str]]:
    """What is started for one host in turn, by what the host has: ``ssh`` for a command, ``sftp`` for a file.

    Ansible's settings are its own, so without pipelining.
    """
    key = controller.directory / "trips-key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    playbook = controller.tasks("trips", task(mirror, "3.13.2"))
    found = {}
    for word, python in (("with", True), ("without", False)):
        name = f"trips-{word}"
        counter = Counter(controller.directory / name)
        with _host(key, name, python=python) as target:
            inventory = controller.inventory(name, {name: counter.before(target).variables})
            controller.play(playbook, inventory)
            found[f"{word} Python"] = [start.split()[0] for start in counter.starts()]
    return found
