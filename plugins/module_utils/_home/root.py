# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The root on a host: its lock, its staging, and the changes that users see. Each change is one rename."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Callable

from ansible_collections.fleet.python.plugins.module_utils._home.foreign import read_foreign
from ansible_collections.fleet.python.plugins.module_utils._home.trust import distrust

RECEIPT = ".fleet-receipt"
_LOCK, _STAGING, _LINKS, _LEVEL = ".lock", ".staging", ".links", ".level"
_PREVIOUS = ".{}.previous"
OURS = "module-"
# Seconds to wait for another run on this host. A fresh install on a slow host takes a few minutes.
_PATIENCE = 900


class RootError(Exception):
    """The root cannot be changed as planned. What users see is as it was."""


class ConcurrentRunError(RootError):
    """Another run has changed the host since the plan was made. The caller must probe and plan again."""


def staging_of(root: str) -> str:
    return os.path.join(root, _STAGING)


def _make_root(root: str) -> None:
    staging = staging_of(root)
    try:
        os.makedirs(root, 0o755, exist_ok=True)
        # Nobody else may see archives and trees before their trial.
        with suppress(FileExistsError):
            os.mkdir(staging, 0o700)
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


@contextmanager
def locked(root: str, patience: float = _PATIENCE) -> Iterator[None]:
    """Hold the root's lock. The kernel frees it when its holder dies. Raises RootError after ``patience`` seconds."""
    end = time.monotonic() + patience
    path = os.path.join(root, _LOCK)
    why = distrust(root)
    if why:
        raise RootError(f"{root} cannot be trusted: {why}; set root to another directory, or chown it")
    while True:
        _make_root(root)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            continue  # the run before us has removed it with its root
        except OSError as error:
            raise RootError(f"{path} cannot be locked: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                break
        except FileNotFoundError:
            pass  # removed as above
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise RootError(
                    f"another run has held {path} for {patience:g} seconds: see what it does, then run again"
                ) from error
            time.sleep(0.1)
        os.close(descriptor)
    try:
        yield
    finally:
        os.close(descriptor)


def new_stage(root: str) -> str:
    """A fresh directory on the root's own file system. Called with the lock held."""
    while True:
        # Another run, or the sh of one that failed, may remove an empty staging without the lock.
        with suppress(FileExistsError):
            os.mkdir(staging_of(root), 0o700)
        with suppress(FileNotFoundError):
            return tempfile.mkdtemp(prefix=OURS, dir=staging_of(root))


def staged(root: str) -> list[str]:
    """The names in the staging. Empty if there is no staging."""
    try:
        return os.listdir(staging_of(root))
    except FileNotFoundError:
        return []


@contextmanager
def scratch(root: str) -> Iterator[str]:
    """A fresh directory from `new_stage`, removed at the end of the block."""
    stage = new_stage(root)
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def read_receipt(home: str) -> dict[str, Any] | None:
    """The receipt of a home. None if it cannot be read."""
    try:
        receipt = json.loads(read_foreign(os.path.join(home, RECEIPT)) or "")
    except (ValueError, RecursionError):
        return None
    return receipt if isinstance(receipt, dict) else None


def write_synced(path: str, text: str) -> None:
    """Write a new file, and wait until it is on the disk, so that a power cut cannot leave it incomplete."""
    with open(path, "x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fchmod(file.fileno(), 0o644)
        os.fsync(file.fileno())


def stands(root: str, home: str, sha256: str) -> bool:
    """Whether this home already has a receipt for the archive with this digest."""
    standing = read_receipt(os.path.join(root, home))
    return standing is not None and standing.get("sha256") == sha256


def place(root: str, tree: str, home: str, receipt: dict[str, Any], sync: Callable[[], None]) -> None:
    """Rename a tree to its home after its trial. ``sync`` returns once all of the tree is on the disk."""
    target = os.path.join(root, home)
    if os.path.lexists(target):
        raise RootError(f"{target} is in the way and has no receipt of ours: move it away, then run again")
    write_synced(os.path.join(tree, RECEIPT), json.dumps(receipt, sort_keys=True) + "\n")
    # Put everything on the disk before the rename, or a power cut could leave empty files in the home.
    sync()
    os.rename(tree, target)
    _sync_directory(root)
    failure = _restore_labels(target)
    if failure:
        raise RootError(failure)


def _restore_labels(home: str) -> str:
    """Give a home the SELinux labels of its place, since rename(2) kept those of the staging.

    Returns why that failed, or an empty text.
    """
    restorecon = shutil.which("restorecon", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if restorecon and os.path.exists("/sys/fs/selinux/enforce"):
        # AnsibleModule is not available here.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            [restorecon, "-RF", home], capture_output=True, text=True, check=False
        )
        if done.returncode:
            return f"restorecon fails for {home}: {done.stderr.strip()[-300:]}"
    return ""


def _sync_directory(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_link_place(path: str) -> None:
    """Raises RootError if anything but a link is at ``path``."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise RootError(f"{path} cannot be looked at: {error.strerror}") from error
    if not stat.S_ISLNK(found.st_mode):
        raise RootError(f"{path} is no link, and we replace nothing else: move it away, then run again")


def switch_link(root: str, path: str, target: str) -> None:
    """Make ``path`` a link to ``target`` by one rename, so that at each instant it leads to the old or new target."""
    check_link_place(path)
    folder, name = os.path.split(path)
    try:
        with ExitStack() as stack:
            if folder == root:
                fresh = os.path.join(stack.enter_context(scratch(root)), name)
            else:
                os.makedirs(folder, 0o755, exist_ok=True)
                _sweep_links(root, folder, name)
                # Others may write there too. symlink(2) makes a new name or fails, and never follows a link.
                fresh = os.path.join(folder, f".{name}.{os.urandom(8).hex()}")
            os.symlink(target, fresh)
            try:
                os.rename(fresh, path)
            except OSError:
                os.unlink(fresh)
                raise
        _sync_directory(folder)
    except OSError as error:
        raise RootError(f"the link {path} cannot be made: {error.strerror}") from error


def _sweep_links(root: str, folder: str, name: str) -> None:
    """Remove the new link that a run left when it was cut off before its rename."""
    for other in os.listdir(folder):
        path = os.path.join(folder, other)
        ours = re.fullmatch(rf"\.{re.escape(name)}\.[0-9a-f]{{16}}", other) and os.path.islink(path)
        if ours and os.readlink(path).startswith(root + "/"):
            os.unlink(path)


def links_to(root: str, home: str) -> list[str]:
    """The names of the minor links that lead to a home. Records of previous links do not count."""
    return [
        name
        for name in sorted(os.listdir(root))
        if not name.startswith(".") and leads_to(os.path.join(root, name), home)
    ]


def leads_to(path: str, target: str) -> bool:
    return os.path.islink(path) and os.readlink(path) == target


def remove_link(path: str) -> None:
    """Remove a link. Does nothing if the path is missing or is not a link."""
    try:
        if stat.S_ISLNK(os.lstat(path).st_mode):
            os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise RootError(f"the link {path} cannot be removed: {error.strerror}") from error


def record_links(root: str, paths: Iterable[str]) -> None:
    """Record the links that we made outside the root, so that a later run can remove them with their target."""
    _record(root, _LINKS, "".join(line + "\n" for line in sorted(paths)))


def remember_level(root: str, level: int) -> None:
    """Record the highest x86-64 level whose builds run on this host."""
    _record(root, _LEVEL, f"{level}\n")


def _record(root: str, name: str, text: str) -> None:
    """Replace a small file in the root. An empty ``text`` removes it."""
    record = os.path.join(root, name)
    if not text:
        remove_file(record)
        return
    with scratch(root) as stage:
        fresh = os.path.join(stage, name)
        write_synced(fresh, text)
        os.rename(fresh, record)


def record_previous(root: str, path: str) -> None:
    """Record the current target of the minor link ``path``, so that a later run can roll back to it."""
    if os.path.islink(path):
        folder, name = os.path.split(path)
        switch_link(root, os.path.join(folder, _PREVIOUS.format(name)), os.readlink(path))


def forget_dangling_previous(root: str) -> None:
    """Remove the records of homes that are gone."""
    for name in os.listdir(root):
        path = os.path.join(root, name)
        if name.startswith(".") and name.endswith(".previous") and not os.path.exists(path):
            remove_link(path)


def remove_file(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


def remove_home(root: str, home: str) -> None:
    """Hide a home by one rename, then delete it."""
    away = os.path.join(new_stage(root), "gone")
    with suppress(FileNotFoundError):
        os.rename(os.path.join(root, home), away)
    shutil.rmtree(os.path.dirname(away))


def leave_if_empty(root: str, keep_root: bool) -> None:
    """Remove our lock and staging if nothing else is left in the root. Also remove the root, unless ``keep_root``.

    Called with the lock held.
    """
    if set(os.listdir(root)) - {_LOCK, _STAGING, _LEVEL} or staged(root):
        return
    if not keep_root:
        remove_file(os.path.join(root, _LEVEL))
    try:
        os.rmdir(staging_of(root))
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
        return  # the sh of another run has just begun to stage
    remove_file(os.path.join(root, _LOCK))
    if keep_root:
        return
    try:
        os.rmdir(root)
    except OSError as error:
        # rmdir fails for a mount point, for a link to a folder, and for a root that another process has begun to fill.
        if error.errno not in (errno.EBUSY, errno.ENOTDIR, errno.ENOTEMPTY, errno.EACCES, errno.EPERM):
            raise
