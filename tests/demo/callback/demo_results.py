# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what the demo's table shows, one JSON object a line, to the file that FLEET_PYTHON_DEMO_RESULTS names."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: demo_results
type: notification
short_description: Write the results of the demo to a file
description:
  - One JSON object a line. For each host the result of its task and the seconds from when it was handed out;
    at the end for each host the number of its changes.
"""

_ACTION = "fleet.python.interpreter"


class CallbackModule(CallbackBase):
    """ansible-core has no callback of its own that says how long a task took on each host."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "demo_results"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._started: dict[str, float] = {}

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """Note the time."""
        self._started[host.get_name()] = time.monotonic()

    def v2_runner_on_ok(self, result: Any) -> None:
        """Write the result of the one task that the demo is about."""
        if result.task.action == _ACTION:
            host = result.host.get_name()
            seconds = round(time.monotonic() - self._started[host], 3)
            self._write({"kind": "task", "host": host, "seconds": seconds, "result": result.result})

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Write Ansible's own count of changes."""
        for host in sorted(stats.processed):
            self._write({"kind": "host", "host": host, "changed": stats.summarize(host)["changed"]})

    def _write(self, line: dict[str, Any]) -> None:
        with open(os.environ["FLEET_PYTHON_DEMO_RESULTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")
