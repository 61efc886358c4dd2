# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until the disk of one file system has everything that was written. Other disks of a host may be busy."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

# Errors of syncfs(2) where an old kernel lacks it, or a sandbox forbids it.
_NOT_THERE = (errno.ENOSYS, errno.EPERM, errno.EACCES)


@contextmanager
def watched_disk(path: str) -> Iterator[Callable[[], None]]:
    """Provide a function that waits until everything written to the file system of ``path`` is on its disk.

    The function raises OSError if a write has failed since the block began, or before that without any report
    (Linux 5.8 and later). The disk may be broken, or may have promised more space than it has. sync(2) does not
    report that.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield lambda: _sync(descriptor, path)
    finally:
        os.close(descriptor)


def _sync(descriptor: int, path: str) -> None:
    try:
        # Debian's minimal Python has no ctypes, and a static Python cannot load a library.
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        failed = libc.syncfs(descriptor)
    except (ImportError, OSError, AttributeError):
        os.sync()
        return
    if not failed:
        return
    number = ctypes.get_errno()
    if number not in _NOT_THERE:
        raise OSError(number, f"not everything could be written to the disk: {os.strerror(number)}", path)
    os.sync()
