# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What downloads that broke off have left of a file: the next one goes on from there. Called with the lock held.

The file's sha256 decides in the end. take.sh does the same on hosts without Python.
"""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress

from ansible_collections.fleet.python.plugins.module_utils._root.staging import PART, PULL, key_of, staged, staging_of
from ansible_collections.fleet.python.plugins.module_utils._root.sweep import MADE_ROOT, in_use

# In bytes. Less is not worth a folder on the host.
LEAST = 1 << 20
# In bytes, as _fetch/download.py has it: no build is larger.
_MOST = 512 << 20


def take_part(root: str, sha256: str, target: str) -> None:
    """Make the longest part that is there the new file ``target``. What cannot be used of others goes."""
    found: list[tuple[int, str]] = []
    for name in staged(root):
        folder = os.path.join(staging_of(root), name)
        if name == PART + key_of(sha256) or (name.startswith(f"{PULL}{key_of(sha256)}-") and not in_use(folder)):
            found.append((_sound_size(folder), os.path.join(folder, "archive")))
    size, path = max(found, default=(0, ""))
    if size:
        with suppress(OSError):
            os.rename(path, target)
            shutil.rmtree(os.path.dirname(path), ignore_errors=True)
    shutil.rmtree(os.path.join(staging_of(root), PART + key_of(sha256)), ignore_errors=True)


def keep_part(root: str, sha256: str, archive: str, made_root: bool) -> None:
    """Keep what has come of a file for the next run, if it is worth it. Raises OSError.

    ``made_root``: this run has made the root, so the run that removes the part removes the root too.
    """
    if not os.path.isfile(archive) or os.path.getsize(archive) < LEAST:
        return
    folder = os.path.join(staging_of(root), PART + key_of(sha256))
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder, 0o700)
    if made_root:
        with open(os.path.join(folder, MADE_ROOT), "x", encoding="ascii"):
            pass
    os.rename(archive, os.path.join(folder, "archive"))


def part_of(root: str, file: str) -> str:
    """The name of the part's folder in the staging that ``file`` lies in; empty for any other file."""
    folder, name = os.path.split(os.path.dirname(file))
    return name if folder == staging_of(root) and name.startswith(PART) else ""


def _sound_size(folder: str) -> int:
    """The bytes of the part in a folder, 0 where folder or file is not what we make."""
    with suppress(OSError):
        around, file = (os.lstat(path) for path in (folder, os.path.join(folder, "archive")))
        ours = all(each.st_uid == os.geteuid() and not each.st_mode & 0o022 for each in (around, file))
        if ours and stat.S_ISDIR(around.st_mode) and stat.S_ISREG(file.st_mode) and file.st_nlink == 1:
            return file.st_size if file.st_size <= _MOST else 0
    return 0
