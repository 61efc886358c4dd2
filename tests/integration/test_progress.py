# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A long transfer tells a person at a terminal how far it is, and says nothing in a log."""

from __future__ import annotations

import re
import sys
import time
from typing import Any, BinaryIO

import pytest

from tests.integration.conftest import NewHost, SshHost
from tests.integration.playbook import Controller
from tests.world.cache import Cache
from tests.world.podman import bridge_address
from tests.world.server import MirrorHandler, MirrorServer

# Runs a command in a terminal of its own.
_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
_LINE = re.compile(r"host: download of cpython-3\.13\.2\S+: \d+\.\d of \d+\.\d MB, \d+\.\d MB/s")


class _Slow(MirrorHandler):
    """A megabyte and a half a second: this is the link's speed, not a wait for something."""

    def copy(self, file: BinaryIO, length: int) -> None:
        while chunk := file.read(1 << 16):
            self.send_body(chunk)
            time.sleep(0.04)


def _task(world: Cache, mirror: MirrorServer, transfer: str, version: str = "3.13") -> dict[str, Any]:
    task = {
        "version": version,
        "root": "{{ python_root }}",
        "source": mirror.url,
        "catalogue": str(world.mirror / "SHA256SUMS"),
        "insecure_source": True,
        "transfer": transfer,
        "compile_bytecode": False,
    }
    return {"fleet.python.interpreter": task}


# By whom the archive is downloaded: the controller, the module, sh with BusyBox wget.
@pytest.mark.slow
@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize(("transfer", "image"), [("push", ""), ("pull", ""), ("pull", "alpine")])
def test_progress(
    transfer: str, image: str, terminal: bool, controller: Controller, world: Cache, new_host: NewHost
) -> None:
    local = {"ansible_connection": "local", "python_root": str(controller.directory / "python")}
    variables = {**new_host(image).variables, "python_root": "/opt/python"} if image else local
    with MirrorServer(world.mirror, bridge_address() if image else "127.0.0.1", handler=_Slow) as mirror:
        ran = controller.play(
            {"host": variables},
            [_task(world, mirror, transfer)],
            launcher=(sys.executable, "-c", _TERMINAL) if terminal else (),
        )
    assert ran.outcomes[0].ok()["changed"]
    assert bool(_LINE.search(ran.output)) is terminal
    assert ("MB/s" in ran.output) is terminal


@pytest.mark.slow
def test_progress_over_ssh(controller: Controller, world: Cache, ssh_host: SshHost) -> None:
    """The looks go over the connection that is waited for, and under become, beside what runs there."""
    host = {"host": ssh_host(ansible_become=True, python_root="/opt/python").variables}
    with MirrorServer(world.mirror, bridge_address(), handler=_Slow) as mirror:
        # This host has neither Python nor curl: the first is sent, and carries out the second.
        controller.play(host, [_task(world, mirror, "push", "3.12")]).outcomes[0].ok()
        launcher = (sys.executable, "-c", _TERMINAL)
        ran = controller.play(host, [_task(world, mirror, "pull")], launcher=launcher)
    assert ran.outcomes[0].ok()["changed"]
    assert _LINE.search(ran.output)
