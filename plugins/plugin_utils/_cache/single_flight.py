# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single-flight: many processes want a file, one makes it. Ansible runs each host's task in its own process."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path


def single_flight(
    path: Path,
    make: Callable[[Path], None],
    *,
    good: Callable[[Path], bool] = Path.exists,
    resumable: bool = False,
) -> Path:
    """The file at ``path``. The first process that needs it makes it, and the others wait.

    ``make`` writes the file whose name it is given, which becomes ``path`` by a rename once it is complete. A file
    that is there but not ``good`` is made again. Raises OSError, and what ``make`` raises.

    ``resumable``: ``make`` goes on with what an earlier one has left, which stays where ``make`` leaves it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(path.with_name(path.name + ".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (path.exists() and good(path)):
            # All share one name, since the lock keeps them apart. The file of a killed run is overwritten or resumed.
            unfinished = path.with_name(path.name + ".part")
            try:
                if not resumable:
                    unfinished.unlink(missing_ok=True)
                make(unfinished)
                unfinished.rename(path)
            finally:
                if not resumable:
                    unfinished.unlink(missing_ok=True)
    return path
