# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo provisions: this machine, and containers of the test world."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.world import hosts
from tests.world.errors import WorldError
from tests.world.output import say
from tests.world.podman import is_native

# The host's name in the inventory -> the test world's image. None of them has a Python.
CONTAINERS: Final = {
    "debian-x86-64": "debian12",
    "debian-aarch64": "debian12-arm64",
    "alpine-x86-64": "alpine",
    "alpine-aarch64": "alpine-arm64",
}


@dataclass(frozen=True)
class Machine:
    """One host of the inventory; ``container`` is None for this machine."""

    name: str
    variables: dict[str, Any]
    container: hosts.Host | None = None

    def says(self, *command: str) -> str:
        """Run a program on the machine, past Ansible; what it printed. Raises WorldError where it fails."""
        if self.container:
            return hosts.run(self.container, *command).strip()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise WorldError(f"{' '.join(command)} failed on this machine: {done.stderr.strip()}")
        return done.stdout.strip()


def this_machine(root: Path) -> Machine:
    """The machine that the demo runs on, with the root that it may write."""
    return Machine("this-machine", {"ansible_connection": "local", "interpreter_root": str(root)})


def containers(name: str) -> list[Machine]:
    """Containers whose names begin with ``name``. They stay for the next demo, which has less to do then."""
    machines = []
    emulated = []
    for host_name, image in CONTAINERS.items():
        container = hosts.up(image, f"{name}-{image}")
        variables: dict[str, Any] = {
            "ansible_connection": "containers.podman.podman",
            "ansible_host": container.name,
        }
        if not is_native(container.image.arch):
            emulated.append(host_name)
            variables["interpreter_compile_bytecode"] = False
        machines.append(Machine(host_name, variables, container))
    say(f"running: {', '.join(machine.name for machine in machines)}; they stay for the next time")
    say(f"emulated, so bytecode is not compiled there, which would take minutes: {', '.join(emulated)}")
    return machines
