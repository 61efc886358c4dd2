# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of ansible-playbook that come to no good end, on several hosts at once."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.faults.direct import wait_for
from tests.faults.scene import Scene
from tests.integration.playbook import Controller
from tests.integration.target import Target

# The controller's process and all that it has started; it alone; or its workers, with the clients that they have.
Who = Literal["all", "controller", "workers"]


@dataclass
class Played:
    """A host as a play reaches it, and the state from which it starts. What runs there now goes on running."""

    target: Target
    scene: Scene
    staying: set[int] = field(init=False)

    def __post_init__(self) -> None:
        self.staying = self.scene.host.running()

    @property
    def variables(self) -> dict[str, object]:
        wanted = {**self.scene.given(), "version": self.scene.version, "insecure_source": True}
        return {**self.target.variables, "wanted": wanted}

    def sent(self) -> str:
        """What Ansible and we have left in the temporary directories of the users that plays come in as."""
        return self.target.sh("find /root/.ansible /home/*/.ansible -type f 2>/dev/null || :")


@dataclass
class Plays:
    """Runs of one controller, on the same hosts from the same state."""

    controller: Controller
    hosts: list[Played]

    def restore(self) -> None:
        for host in self.hosts:
            host.scene.restore()

    @contextmanager
    def begun(self) -> Iterator[subprocess.Popen[bytes]]:
        """A run that the block may end."""
        options = ("version", "source", "catalogue", "compile_bytecode", "insecure_source", "state", "keep", "transfer")
        task = {option: f"{{{{ wanted.{option} | default(omit) }}}}" for option in options}
        variables = {host.target.name: host.variables for host in self.hosts}
        with self.controller.started(variables, [{"fleet.python.interpreter": task}], self.output) as run:
            yield run

    @property
    def output(self) -> Path:
        """What the latest run has printed."""
        return self.controller.directory / "output.txt"

    def run(self) -> None:
        """A run that must go well."""
        with self.begun() as run:
            status = run.wait()
        assert status == 0, self.output.read_text()

    def look(self) -> None:
        """Right after the fault."""
        for host in self.hosts:
            host.scene.works(must=host.scene.linked_before)

    def settle(self) -> None:
        """After the next run, beside which others may have outlived the fault: all is as any run leaves it."""
        wait_for(self.processes())
        for host in self.hosts:
            host.scene.host.wait_for_orphans(host.staying)
            assert not host.scene.task()["changed"]
            host.scene.settled()
            assert not (left := host.sent()), left

    def processes(self) -> set[int]:
        """All processes of this controller's runs on this machine, but for podman's own monitors of containers."""
        ours = f"FLEET_PYTHON_RECORD={self.controller.record}".encode()
        found = set()
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (entry / "comm").read_text() != "conmon\n" and ours in (entry / "environ").read_bytes().split(b"\0"):
                    found.add(int(entry.name))
        return found

    def kill(self, run: subprocess.Popen[bytes], who: Who) -> None:
        """kill -9."""
        if who == "controller":
            run.kill()
            return
        if who == "all":
            run.kill()
        # One that is to die may start another one before it does.
        while found := self.processes() - {run.pid}:
            for process in found:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            wait_for(found)
