# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection without a host: whatever is to be run, the answer is what was recorded."""

from __future__ import annotations

import os
from pathlib import Path

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: recorded
short_description: answer each command with a file's content, and start no process
description:
  - The environment variable C(FLEET_BENCH_ANSWER) names the file.
author: the fleet.python contributors
options: {}
"""


class Connection(ConnectionBase):
    """Takes no time for what a host would do: what is left is the controller's own."""

    transport = "recorded"
    has_pipelining = True

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Success, and the answer."""
        return 0, Path(os.environ["FLEET_BENCH_ANSWER"]).read_bytes(), b""

    def put_file(self, in_path: str, out_path: str) -> None:
        """Nobody is there to take it."""
        raise AnsibleConnectionFailure(f"nothing was to be sent to this host, and {in_path} was")

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Nobody is there to give it."""
        raise AnsibleConnectionFailure(f"nothing was to be fetched from this host, and {in_path} was")

    def close(self) -> None:
        """Nothing is open."""
        self._connected = False
