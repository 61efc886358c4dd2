# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a root: one run at a time changes what is there."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Callable, Optional

from ansible_collections.fleet.python.plugins.module_utils._root.errors import RootError
from ansible_collections.fleet.python.plugins.module_utils._root.lock_folder import (
    enter,
    leave,
    occupants,
    remove_folder,
)
from ansible_collections.fleet.python.plugins.module_utils._root.staging import staging_of
from ansible_collections.fleet.python.plugins.module_utils._root.trust import distrust

LOCK = ".lock"
# What flock(2) says where the file system does not know it.
NO_FLOCK = frozenset({errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK})
# Seconds to wait for another run on this host. A fresh install on a slow host takes a few minutes.
_PATIENCE = 900

_Release = Optional[Callable[[], None]]


@contextmanager
def locked(root: str, patience: float = _PATIENCE) -> Iterator[None]:
    """Hold the root's lock. Raises RootError after ``patience`` seconds.

    The kernel frees a lock by flock(2) when its holder dies. Where the file system has none, the lock is a folder.
    """
    end = time.monotonic() + patience
    path = os.path.join(root, LOCK)
    why = distrust(root)
    if why:
        raise RootError(f"{root} cannot be trusted: {why}; set root to another directory, or chown it")
    while True:
        _make_root(root)
        try:
            release = _enter_folder(path) if _is_folder(path) else _lock_file(path)
        except (FileNotFoundError, IsADirectoryError):
            continue  # the run before us has removed it with its root, or has made it a folder
        except OSError as error:
            raise RootError(f"{path} cannot be locked: {error.strerror}") from error
        if release:
            break
        if time.monotonic() > end:
            waited = f"another run has held {path} for {patience:g} seconds"
            raise RootError(f"{waited}: see what it does, then run again{_holders(path)}")
        time.sleep(0.1)
    try:
        yield
    finally:
        release()


def _lock_file(path: str) -> _Release:
    """How to release the file, now locked. None if another run holds it.

    Raises OSError, which is FileNotFoundError if another file or a folder is there now.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return partial(os.close, descriptor)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError as error:
        if error.errno not in NO_FLOCK:
            os.close(descriptor)
            raise
        with suppress(OSError):  # another run does the same
            os.unlink(path)
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)
    os.close(descriptor)
    raise FileNotFoundError(path)


def _enter_folder(path: str) -> _Release:
    entry = enter(path)
    return partial(leave, entry) if entry else None


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _holders(path: str) -> str:
    """Who holds a lock folder, for messages. Of a file, only the kernel knows."""
    with suppress(OSError):
        held = [f"{entry} of host {host}" for entry, host in occupants(path).items()]
        if held:
            return f". It is held by {' and '.join(held)}: remove that if that host has been booted since"
    return ""


def remove_lock(root: str) -> None:
    """Remove the lock of a root that nothing else is in. Called with the lock held."""
    path = os.path.join(root, LOCK)
    with suppress(FileNotFoundError):
        if _is_folder(path):
            remove_folder(path)
        else:
            os.unlink(path)


def _refuse_without_links(root: str, staging: str) -> None:
    """Raises RootError if the file system has no symbolic links or no modes. The new staging then goes again."""
    link = os.path.join(staging, "link")
    lacks = "modes" if os.lstat(staging).st_mode & 0o077 else ""
    try:
        os.symlink("nowhere", link)
        os.unlink(link)
    except OSError as error:
        lacks = f"symbolic links ({error.strerror})"
    if lacks:
        for folder in (staging, root):
            with suppress(OSError):
                os.rmdir(folder)
        raise RootError(f"{root} lies on a file system without {lacks}: set root to a directory on another one")


def _make_root(root: str) -> None:
    staging = staging_of(root)
    try:
        os.makedirs(root, 0o755, exist_ok=True)
        # Nobody else may see archives and trees before their trial.
        with suppress(FileExistsError):
            os.mkdir(staging, 0o700)
            _refuse_without_links(root, staging)
        found = os.lstat(staging)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise RootError(
                f"{staging} is no directory of this user's that only this user may write: "
                "see who made it, move it away, then run again"
            )
    except FileNotFoundError:
        return  # the run before us has removed it with its root, and the caller sees that
    except OSError as error:
        if isinstance(error, FileExistsError) and (os.path.isdir(root) or not os.path.lexists(root)):
            return  # removed while os.makedirs looked at it, and perhaps made again since
        raise RootError(
            f"{root} cannot be made or written: {error.strerror}. "
            "Run with become, or set root to a directory that this user may write"
        ) from error
