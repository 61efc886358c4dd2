# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a root whose file system has no flock(2): a folder that a run holds if nobody else is in it.

Lustre has no flock(2) without its mount option, and NFS has none without a lock daemon. Each run makes an entry of its
own and then looks who else is there, so of two runs at once at least one sees the other. Whoever sees another steps
back. An entry is a symbolic link to nothing, since symlink(2) makes a name and its text in one step.
"""

from __future__ import annotations

import os
from contextlib import suppress

from ansible_collections.fleet.python.plugins.module_utils._process import process_lives, process_mark


def enter(folder: str) -> str | None:
    """The path of this run's entry. None if another run is in.

    Raises OSError, which is FileNotFoundError if there is no such folder any more.
    """
    entry = os.path.join(folder, os.urandom(8).hex())
    os.symlink(f"{os.uname().nodename} {_space()} {process_mark()}", entry)
    if occupants(folder).keys() - {entry}:
        leave(entry)
        return None
    return entry


def leave(entry: str) -> None:
    """Remove an entry."""
    with suppress(FileNotFoundError):
        os.unlink(entry)


def remove_folder(folder: str) -> None:
    """Leave the folder, and remove it unless somebody else has entered meanwhile. Called by whoever holds it."""
    for name in os.listdir(folder):
        entry = os.path.join(folder, name)
        with suppress(OSError):
            if os.readlink(entry).endswith(f" {_space()} {process_mark()}"):
                os.unlink(entry)
    with suppress(OSError):
        os.rmdir(folder)


def occupants(folder: str) -> dict[str, str]:
    """Who is in: the name of its host by the path of each entry. Removes the entries of processes that are dead.

    A process is dead if this boot of the kernel shows the same process ids, and not this one. Any other process counts
    as alive: it runs on another host or in another container, or ran before this host was booted.
    """
    found = {}
    for name in sorted(os.listdir(folder)):
        entry = os.path.join(folder, name)
        try:
            host, space, mark = os.readlink(entry).split(" ", 2)
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            host, space, mark = "?", "", ""
        if space and space == _space() and _is_of_this_boot(mark) and not process_lives(mark):
            leave(entry)
        else:
            found[entry] = host
    return found


def _is_of_this_boot(mark: str) -> bool:
    return mark.rpartition(" ")[2] == process_mark().rpartition(" ")[2] != ""


def _space() -> str:
    """The name space of process ids, in which a number means one process (pid_namespaces(7))."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return "-"
