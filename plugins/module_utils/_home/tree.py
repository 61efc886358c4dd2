# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Normalise the owners, modes and times in a staged tree, and refuse what no build contains."""

from __future__ import annotations

import os
import shutil
import stat
import time
from contextlib import suppress

from ansible_collections.fleet.python.plugins.module_utils._archive.gunzip import UnpackError
from ansible_collections.fleet.python.plugins.module_utils._archive.manifest import BYTECODE
from ansible_collections.fleet.python.plugins.module_utils._archive.members import check_link

# Names as in acl(5). A new file or folder inherits the default list of the folder above instead of the umask, so
# folders of bytecode would be as open as that list.
_ACCESS_LISTS = ("system.posix_acl_default", "system.posix_acl_access")


def normalize(tree: str) -> None:
    """Set every mode to 0755 or 0644 and every owner to this user, whatever unpacked the tree.

    Removes access lists that the folder above has handed down.
    Gives a file from the future (the host's clock may be years behind the build) the present time, since a file that
    is newer than the home's receipt counts as changed.
    Raises UnpackError if a link leads out of the tree, or if there is anything but folders, files and links.
    """
    now = time.time()
    lists = _handed_down(tree)
    folders = [""]
    shared: dict[int, list[str]] = {}
    while folders:
        below = folders.pop()
        with os.scandir(os.path.join(tree, below)) as entries:
            for entry in entries:
                name = os.path.join(below, entry.name)
                if entry.is_symlink():
                    check_link(name.split("/"), os.readlink(entry.path))
                    continue
                found = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(found.st_mode):
                    if entry.name == BYTECODE:
                        shutil.rmtree(entry.path)
                        continue
                    folders.append(name)
                elif not stat.S_ISREG(found.st_mode):
                    raise UnpackError(f"{name!r} is neither a file, a folder nor a link: no build has such")
                elif found.st_nlink > 1:
                    shared.setdefault(found.st_ino, []).append(name)
                    continue
                _own(entry.path, found, now, lists)
    # All hard links to a file must be in the tree. Otherwise the mode and owner of a file outside would change.
    for names in shared.values():
        path = os.path.join(tree, names[0])
        found = os.lstat(path)
        if found.st_nlink != len(names):
            raise UnpackError(f"{names[0]!r} is a hard link to a file outside of the tree: no build has such")
        _own(path, found, now, lists)
    _own(tree, os.lstat(tree), now, lists)


def inherits_access(tree: str) -> bool:
    """Whether this tree inherited a group or access lists from the folder above it."""
    return os.lstat(tree).st_gid != os.getegid() or bool(_handed_down(tree))


def size_of(tree: str) -> int:
    """The bytes that a tree takes on the disk. A file with several names counts once."""
    blocks = {}
    for folder, folders, files in os.walk(tree):
        for name in (*folders, *files):
            found = os.lstat(os.path.join(folder, name))
            blocks[found.st_ino] = found.st_blocks
    # A block of stat(2) has 512 bytes, whatever the file system's own have.
    return 512 * sum(blocks.values())


def _handed_down(tree: str) -> list[str]:
    """The access lists that the tree has inherited from the folder above it."""
    if not hasattr(os, "listxattr"):  # macOS
        return []
    try:
        return [name for name in os.listxattr(tree) if name in _ACCESS_LISTS]
    except OSError:  # a file system without attributes
        return []


def _own(path: str, found: os.stat_result, now: float, lists: list[str]) -> None:
    owner, group = os.geteuid(), os.getegid()
    for name in lists:
        with suppress(OSError):  # a file has no default list
            os.removexattr(path, name)
    if found.st_uid != owner or found.st_gid != group:
        os.chown(path, owner, group)
    if found.st_mtime > now:
        # Let the kernel set its own time, which is never ahead of the times that it sets next. time.time() can be.
        os.utime(path)
    mode = 0o755 if stat.S_ISDIR(found.st_mode) or found.st_mode & 0o111 else 0o644
    if stat.S_IMODE(found.st_mode) != mode:
        os.chmod(path, mode)
