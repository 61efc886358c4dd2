# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take over the stages that sh has made, and sweep those that nobody needs."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Callable

from ansible_collections.fleet.python.plugins.module_utils._process import process_lives, process_mark
from ansible_collections.fleet.python.plugins.module_utils._root.errors import ConcurrentRunError
from ansible_collections.fleet.python.plugins.module_utils._root.links import forget_dangling_previous
from ansible_collections.fleet.python.plugins.module_utils._root.lock import NO_FLOCK
from ansible_collections.fleet.python.plugins.module_utils._root.records import write_synced
from ansible_collections.fleet.python.plugins.module_utils._root.staging import OURS, PULL, key_of, staged, staging_of

# Files in a stage that sh has made. stage.sh writes the first two: who makes the stage, and whether it made the root
# too. The third is the lock of the module that has taken the stage over.
_MAKER, MADE_ROOT, _HELD = "maker", "made-root", "held"
# A folder that somebody still writes into takes more than one try to delete.
_DELETIONS = 100


@contextmanager
def held(root: str, stages: Iterable[str]) -> Iterator[Callable[[], None]]:
    """Protect the stages that sh has made for this run from sweeping, even while it waits for the root's lock.

    Provides a function that checks the stages once more. Call it with that lock held, since another run may have
    swept a stage during the wait. Raises ConcurrentRunError if another run has swept a stage, as the function does.
    """
    found: dict[str, int] = {}

    def still_there() -> None:
        for path, descriptor in found.items():
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                    continue
            raise ConcurrentRunError(f"another run has swept {os.path.dirname(path)}")

    with ExitStack() as stack:
        for stage in stages:
            path = os.path.join(staging_of(root), stage, _HELD)
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            except FileNotFoundError:
                raise ConcurrentRunError(f"another run has swept {os.path.dirname(path)}") from None
            stack.callback(os.close, descriptor)
            _protect(os.path.dirname(path), descriptor)
            found[path] = descriptor
        yield still_there


def _protect(stage: str, descriptor: int) -> None:
    """Lock a stage's file. Without flock(2), this process becomes the stage's maker."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in NO_FLOCK:
            raise
        fresh = os.path.join(stage, f".{_MAKER}")
        with suppress(FileNotFoundError):
            write_synced(fresh, process_mark() + "\n")
            os.rename(fresh, os.path.join(stage, _MAKER))


@contextmanager
def own_stage(root: str, sha256: str) -> Iterator[str]:
    """A stage of this process for work on the file with this digest, without the root's lock.

    No sweep takes it while the process lives. Entered with the lock held. It goes at the end.
    """
    with ExitStack() as stack:
        while True:
            with suppress(FileExistsError):
                os.mkdir(staging_of(root), 0o700)
            # The sweep of sh does not know the lock, and may take it before it names its maker.
            with suppress(FileNotFoundError, ConcurrentRunError):
                stage = tempfile.mkdtemp(prefix=f"{PULL}{key_of(sha256)}-", dir=staging_of(root))
                stack.callback(shutil.rmtree, stage, ignore_errors=True)
                with open(os.path.join(stage, _MAKER), "x", encoding="ascii") as maker:
                    maker.write(process_mark() + "\n")
                stack.enter_context(held(root, [os.path.basename(stage)]))
                break
        yield stage


def made_with(root: str, stages: Iterable[str]) -> bool:
    """Whether sh made the root together with one of these stages."""
    return any(os.path.exists(os.path.join(staging_of(root), stage, MADE_ROOT)) for stage in stages)


def drop_stages(root: str, stages: Iterable[str], keep_root: bool) -> None:
    """Remove the stages of a run that does not get the lock, and the folders above if that leaves them empty."""
    for stage in stages:
        shutil.rmtree(os.path.join(staging_of(root), stage), ignore_errors=True)
    with suppress(OSError):
        if os.lstat(staging_of(root)).st_uid == os.geteuid():
            os.rmdir(staging_of(root))
    with suppress(OSError):
        if not keep_root:
            os.rmdir(root)


def sweep(root: str, ours: Iterable[str]) -> None:
    """Sweep the stages of runs that were cut off. Called with the lock held.

    A module makes its stages under the lock, so nobody uses those now. A stage that sh has made is needed while that
    shell runs, and then while a module holds it. Between the two it may be swept. Its run then begins again, and finds
    the Python that this run has installed. No clock is read. ``ours`` are the stages of this run.
    """
    staging = staging_of(root)
    for name in set(staged(root)) - set(ours):
        path = os.path.join(staging, name)
        if name.startswith(OURS):
            _delete(path)
        elif not in_use(path):
            # Rename first: its run may take it over at this moment, and must find all of it or nothing.
            aside = os.path.join(staging, OURS + name)
            with suppress(OSError):
                os.rename(path, aside)
                path = aside
            _delete(path)
    forget_dangling_previous(root)


def in_use(stage: str) -> bool:
    """Whether a process holds a stage, or still makes it."""
    return _is_held(stage) or _maker_lives(stage)


def _is_held(stage: str) -> bool:
    try:
        descriptor = os.open(os.path.join(stage, _HELD), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # see _protect
    finally:
        os.close(descriptor)
    return False


def _maker_lives(stage: str) -> bool:
    """Whether the process that makes a stage still runs."""
    try:
        with open(os.path.join(stage, _MAKER), encoding="ascii") as file:
            return process_lives(file.read())
    except (OSError, ValueError):
        return False


def _delete(path: str) -> None:
    for _try in range(_DELETIONS):
        try:
            if stat.S_ISDIR(os.lstat(path).st_mode):
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.unlink(path)
        except FileNotFoundError:
            return
