# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of a host that use a home, started and ended by a test."""

from __future__ import annotations

from tests.integration.target import Target

# $1 starts, with its standard streams closed, so that podman does not wait for it. It says when it is there.
_START = 'mkfifo /tmp/up; "$@" >/tmp/up 2>/dev/null </dev/null & read -r _ </tmp/up; rm /tmp/up; echo $!'
_SLEEP = 'import time, %s; print("up", flush=True); time.sleep(100000)'


def start_python(target: Target, *python: str, modules: str = "json") -> int:
    """Start a Python, by a command, that has imported ``modules`` and sleeps; its process id."""
    return int(target.sh(_START, *python, "-c", _SLEEP % modules))


def stop(target: Target, pid: int) -> None:
    """Kill a process and wait until nothing of it is left but its entry: the host's process 1 reaps no one."""
    target.sh('kill -9 "$1"; until grep -q "^State:.Z" "/proc/$1/status"; do :; done', str(pid))
