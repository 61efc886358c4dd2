# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read files that others may have made, without waiting, without recursion, and in bounded memory."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

# In bytes. A pyvenv.cfg has a few hundred, a receipt a few thousand.
LONGEST = 64 << 10


def read_foreign(path: str) -> str | None:
    """The text in the first `LONGEST` bytes of a regular file. None for anything else, and if it cannot be read.

    Opening a FIFO may wait, a link may lead to /dev/zero, and a device may do anything when it is opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(LONGEST).decode("utf-8", errors="replace")
    except OSError:
        return None
    finally:
        os.close(descriptor)


def folders_with(name: str, root: str) -> Iterator[str]:
    """Each folder from ``root`` down that contains ``name``. Does not look below such a folder.

    Does not follow links. Leaves out what cannot be read.
    """
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        except OSError:
            continue
        if any(each == name for each, _is_folder in found):
            yield folder
        else:
            waiting += sorted((os.path.join(folder, each) for each, is_folder in found if is_folder), reverse=True)
