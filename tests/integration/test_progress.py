# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A long transfer tells a person at a terminal how far it is, and says nothing in a log."""

from __future__ import annotations

import re
import sys
import time
from typing import BinaryIO

import pytest

from tests.integration.playbook import Controller
from tests.world.cache import Cache
from tests.world.server import MirrorHandler, MirrorServer

# Runs a command in a terminal of its own.
_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
_LINE = re.compile(r"host: download of cpython-3\.13\.2\S+: \d+\.\d of \d+\.\d MB, \d+\.\d MB/s")


class _Slow(MirrorHandler):
    """Some megabytes a second: this is the link's speed, not a wait for something."""

    def copy(self, file: BinaryIO, length: int) -> None:
        while chunk := file.read(1 << 16):
            self.send_body(chunk)
            time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("terminal", [True, False])
def test_progress(terminal: bool, controller: Controller, world: Cache) -> None:
    with MirrorServer(world.mirror, handler=_Slow) as mirror:
        task = {
            "version": "3.13",
            "root": str(controller.directory / "python"),
            "source": mirror.url,
            "catalogue": str(world.mirror / "SHA256SUMS"),
            "transfer": "push",
            "compile_bytecode": False,
        }
        ran = controller.play(
            {"host": {"ansible_connection": "local"}},
            [{"fleet.python.interpreter": task}],
            launcher=(sys.executable, "-c", _TERMINAL) if terminal else (),
        )
    assert ran.outcomes[0].ok()["changed"]
    assert bool(_LINE.search(ran.output)) is terminal
    assert ("MB/s" in ran.output) is terminal
