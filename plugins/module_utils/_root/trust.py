# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check that only the superuser and this user may change a root and the folders above it."""

from __future__ import annotations

import os
import stat

_OPEN = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def distrust(root: str) -> str:
    """Why ``root`` cannot be trusted, or an empty text. Folders that do not exist yet are not checked.

    The plan has checked the same with the probe's report (plugin_utils/_plan/trust.py). This checks each folder by its
    descriptor, from ``/`` on, so that nobody can exchange one between two checks. Raises OSError.
    """
    for link in _links_of(root):
        owner = os.lstat(link).st_uid
        if not _is_ours(owner):
            return f"the link {link} belongs to uid {owner}, who may lead it elsewhere"
    real = os.path.realpath(root)
    path = "/"
    descriptor = os.open(path, _OPEN)
    try:
        names = [name for name in real.split("/") if name]
        for number in range(len(names) + 1):
            found = os.fstat(descriptor)
            last = number == len(names)
            if not _is_ours(found.st_uid):
                return f"{path} belongs to uid {found.st_uid}"
            sticky_above = bool(found.st_mode & stat.S_ISVTX) and not last
            if found.st_mode & stat.S_IWOTH and not sticky_above:
                return f"anybody may write {path} (mode {stat.S_IMODE(found.st_mode):o})"
            if not last:
                try:
                    below = os.open(names[number], _OPEN, dir_fd=descriptor)
                except (FileNotFoundError, NotADirectoryError):
                    return ""  # still to be made, which may fail later
                os.close(descriptor)
                descriptor = below
                path = os.path.join(path, names[number])
    finally:
        os.close(descriptor)
    return ""


def _is_ours(owner: int) -> bool:
    return owner in (0, os.geteuid())


def _links_of(path: str) -> list[str]:
    """The symbolic links among a path and the folders above it."""
    parts = [part for part in path.split("/") if part]
    paths = ["/" + "/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return [each for each in paths if os.path.islink(each)]
