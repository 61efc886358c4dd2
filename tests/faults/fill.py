# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leave no space on a file system, or none of a quota: to the last byte, and to the last name."""

from __future__ import annotations

import os
import shutil

_NAMES = 100000


def fill(path: str) -> None:
    """Make ``path``, a folder that takes what is left."""
    os.mkdir(path)
    descriptor = os.open(os.path.join(path, "bytes"), os.O_WRONLY | os.O_CREAT)
    end, size = 0, 1 << 30
    while size:
        try:
            os.posix_fallocate(descriptor, end, size)
            end += size
        except OSError:
            size //= 2
    os.close(descriptor)
    try:
        for number in range(_NAMES):
            os.mkdir(os.path.join(path, str(number)))
    except OSError:
        pass


def free(path: str) -> None:
    """Give it back; nothing where there is nothing."""
    shutil.rmtree(path, ignore_errors=True)
