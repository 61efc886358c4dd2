# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Linux says of a process in /proc (proc(5))."""

from __future__ import annotations

import os

_BOOT = "/proc/sys/kernel/random/boot_id"
# Fields are numbered from 1. What follows the name begins with the third.
_STATE, _PARENT, _START = 3 - 3, 4 - 3, 22 - 3


def stat_fields(folder: str) -> list[str]:
    """The fields of ``<folder>/stat`` that follow the process's name. Raises OSError.

    The name may hold blanks and brackets, so the last bracket ends it.
    """
    with open(folder + "/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rpartition(")")[2].split()


def parent_of(pid: int) -> int:
    """The process id of a process's parent. Raises OSError, and ValueError or IndexError for what is no such file."""
    return int(stat_fields(f"/proc/{pid}")[_PARENT])


def process_mark() -> str:
    """This process as `process_lives` knows it again: process id, start, boot. Empty if there is no /proc."""
    try:
        with open(_BOOT, encoding="ascii") as file:
            boot = file.read().strip()
        return f"{os.getpid()} {stat_fields('/proc/self')[_START]} {boot}"
    except (OSError, IndexError):
        return ""


def process_lives(mark: str) -> bool:
    """Whether the process with this mark still runs, as far as this host and this container see. Raises ValueError."""
    pid, start, boot = mark.split()
    try:
        with open(_BOOT, encoding="ascii") as file:
            if file.read().strip() != boot:
                return False
        fields = stat_fields(f"/proc/{int(pid)}")
        return fields[_STATE] not in "ZX" and fields[_START] == start
    except (OSError, IndexError):
        return False
