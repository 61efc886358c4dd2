# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End a run with a table of what became of each host's interpreters."""

from __future__ import annotations

DOCUMENTATION = r"""
name: summary
type: aggregate
short_description: End a run with a table of what became of each host's interpreters
version_added: 0.1.0
author:
  - the fleet.python contributors (@fleet-python)
description:
  - Prints a table after the last play, with a line for each interpreter that a task of M(fleet.python.interpreter),
    or of the role C(fleet.python.interpreter), was asked for. It has the host, its platform and CPU level, the
    path and version, what was done, how the archive reached the host, and how many seconds the task took there.
  - A last line has the bytes that the controller has sent and hosts have downloaded, if any.
  - A host on which the task failed has a line that says so. Prints nothing if there was no such task.
requirements:
  - Enable it in the configuration, for example with C(callbacks_enabled = fleet.python.summary) in the section
    C([defaults]) of C(ansible.cfg), or with the environment variable
    C(ANSIBLE_CALLBACKS_ENABLED=fleet.python.summary).
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ansible.plugins.callback import CallbackBase

from ansible_collections.fleet.python.plugins.module_utils._text import clean
from ansible_collections.fleet.python.plugins.plugin_utils._report.table import columns, platform_words

_ACTION: Final = "fleet.python.interpreter"
_HEADER: Final = ("host", "platform", "level", "interpreter", "version", "action", "archive", "seconds")
_GLIBC: Final = {"gnu": "glibc"}


class CallbackModule(CallbackBase):
    """Listens to the tasks of this collection, and to nothing else."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "fleet.python.summary"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._started: dict[tuple[str, str], float] = {}
        self._rows: list[Sequence[str]] = []
        self._bytes = {"sent_bytes": 0, "pulled_bytes": 0}

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """Note when the task was handed out for a host."""
        if task.action == _ACTION:
            self._started[host.get_name(), task._uuid] = time.monotonic()

    def v2_runner_on_ok(self, result: Any) -> None:
        """Note what became of a host's interpreters."""
        if result.task.action == _ACTION:
            self._rows += rows_of(self._host(result), result.result, self._seconds(result))
            for found in result.result.get("interpreters") or []:
                for key in self._bytes:
                    self._bytes[key] += int(found.get(key) or 0)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Note that the task failed."""
        if result.task.action == _ACTION:
            self._rows.append((self._host(result), "", "", "", "", "failed", "", self._seconds(result)))

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Note that a host was not reached."""
        if result.task.action == _ACTION:
            self._rows.append((self._host(result), "", "", "", "", "unreachable", "", self._seconds(result)))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Print the table."""
        if self._rows:
            self._display.display(f"\n{columns([_HEADER, *self._rows])}")
        if any(self._bytes.values()):
            sent, pulled = (f"{each / 1e6:.1f} MB" for each in self._bytes.values())
            self._display.display(f"{sent} sent by the controller, {pulled} downloaded by hosts")

    def _host(self, result: Any) -> str:
        return clean(str(result.host.get_name()))

    def _seconds(self, result: Any) -> str:
        started = self._started.get((result.host.get_name(), result.task._uuid))
        return "" if started is None else f"{time.monotonic() - started:7.1f}"


def rows_of(host: str, result: Mapping[str, Any], seconds: str) -> list[Sequence[str]]:
    """The rows of one host's result: one for each interpreter, of which the first has the seconds."""
    platform = result.get("platform") or {}
    named = dict.fromkeys(("arch", "libc", "libc_version")) | platform
    words = platform_words({**named, "libc": _GLIBC.get(named["libc"], named["libc"])})
    about = (host, words, str(platform.get("level") or "-"))
    archive = _archive(result.get("steps") or [])
    rows: list[Sequence[str]] = []
    for number, found in enumerate(result.get("interpreters") or []):
        cells = (clean(str(found.get(key, "-"))) for key in ("interpreter", "version", "action"))
        way = "delta" if found.get("delta") else archive
        way = way if found.get("action") not in ("kept", "removed", "rolled_back") else "-"
        rows.append((*about, *cells, way, "" if number else seconds))
    return rows


def _archive(steps: Sequence[Mapping[str, Any]]) -> str:
    """How archives came to the host: the controller's own step, or a download of the host's."""
    if not steps:
        return "-"
    return "pushed" if any(step.get("name") == "push" for step in steps) else "pulled"
