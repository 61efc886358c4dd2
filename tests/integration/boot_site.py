# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site whose hosts begin with a boot script: its mirror with the carrier, the script, and a host that runs it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.integration.playbook import Controller
from tests.integration.target import Target
from tests.world import hosts
from tests.world.podman import podman_environment, search_path
from tests.world.server import MirrorServer

TRIPLES = (
    "x86_64_v3-unknown-linux-gnu",
    "x86_64_v2-unknown-linux-gnu",
    "x86_64_v3-unknown-linux-musl",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
)
HERE = {"here": {"ansible_connection": "local"}}
# Nobody waits in a test.
AT_ONCE = {"spread": 0, "retries": 1}


class Site:
    """The release mirror, and a server of ``directory`` for carriers; script and lock are in the controller's."""

    def __init__(self, controller: Controller, mirror: MirrorServer, directory: Path, carriers: MirrorServer) -> None:
        self.controller = controller
        self.mirror = mirror
        self.directory = directory
        self.carriers = carriers
        self.lock = controller.directory / "python.lock.yml"
        self.script = controller.directory / "boot.sh"

    @property
    def mirrored(self) -> dict[str, Any]:
        return {"source": [self.mirror.url], "catalogue": "source", "insecure_source": True}

    def pin(self, *versions: str, triples: Sequence[str] = TRIPLES, **options: Any) -> None:
        task = {"path": str(self.lock), "version": list(versions), "triples": list(triples), **self.mirrored, **options}
        self.controller.play(HERE, [{"fleet.python.lock": task}]).outcomes[0].ok()

    def write(self, **options: Any) -> dict[str, Any]:
        """Write the script and its carrier; the task's result."""
        own: dict[str, Any] = {"path": str(self.script), "lock": str(self.lock)}
        own |= {"carrier_path": str(self.directory), "carrier_source": [self.carriers.url]}
        task = {**own, **self.mirrored, **AT_ONCE, "compile_bytecode": False, **options}
        return self.controller.play(HERE, [{"fleet.python.boot": task}]).outcomes[0].ok()

    def role(self, target: Target, **variables: Any) -> dict[str, Any]:
        """What the role does on a host, with the same lock."""
        given = {f"interpreter_{name}": value for name, value in (self.mirrored | variables).items()}
        given |= {"interpreter_lock": str(self.lock), "interpreter_compile_bytecode": False}
        done = self.controller.play(
            {target.name: target.variables}, [], roles=[{"role": "fleet.python.interpreter", **given}]
        )
        return done.outcomes[-1].ok()

    def requests(self) -> list[str]:
        """The files that were asked for since this was called last: carriers, then archives."""
        paths = []
        for server in (self.carriers, self.mirror):
            paths += [request.path for request in server.requests if request.path.endswith((".pyz", ".tar.gz"))]
            server.requests.clear()
        return paths


def boot(target: Target, script: Path, shell: str = "sh") -> tuple[int, dict[str, Any]]:
    """Run the script on a host: its exit status, and the one line that it says."""
    hosts.run(target.container, "sh", "-c", "umask 077; cat >/root/boot.sh", text=script.read_text())
    done = subprocess.run(
        ["podman", "exec", target.container.name, *shell.split(), "/root/boot.sh"],
        env={"PATH": search_path(), **podman_environment()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    target.sh("rm /root/boot.sh")
    assert done.stdout.count("\n") == 1, f"{done.stdout!r} {done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, said
