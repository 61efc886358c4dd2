# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders and files of the controller that nobody else may change: what they hold is sent to hosts, and run there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError


def private_folder(base: Path, *names: str) -> Path:
    """The folder ``<base>/<names>``. ``base`` and what is missing below it are made with mode 0700.

    Raises SourceError where a folder from ``base`` down is not this user's, or others may write it; OSError as the
    controller does. What ``base`` lies in is the user's choice, as with XDG_CACHE_HOME.
    """
    _make_private(base)
    check_private(base)
    folder = base
    for name in names:
        folder = folder / name
        folder.mkdir(mode=0o700, exist_ok=True)
        check_private(folder)
    return folder


def check_private(path: Path) -> None:
    """Raises SourceError where a folder or regular file is not this user's (or root's), or others may write it."""
    found = path.stat()
    own = {0, os.geteuid()}
    if not (stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode)):
        why = "is neither a folder nor a regular file"
    elif found.st_uid not in own or path.lstat().st_uid not in own:
        why = f"belongs to uid {found.st_uid}"
    elif found.st_mode & stat.S_IWOTH:
        why = "may be written by everybody"
    # A user's own group has the user's number.
    elif found.st_mode & stat.S_IWGRP and found.st_gid not in (0, found.st_uid):
        why = f"may be written by the group {found.st_gid}"
    else:
        return
    raise SourceError(
        f"{path} {why} (mode {stat.S_IMODE(found.st_mode):o}), so others could change what is sent to hosts: set "
        "XDG_CACHE_HOME to a directory of your own, or remove it, or take it back (chown, chmod go-w)"
    )


def _make_private(path: Path) -> None:
    """Make a folder and those above it that are missing. Path.mkdir gives its mode to the last one only."""
    if not path.exists():
        _make_private(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
