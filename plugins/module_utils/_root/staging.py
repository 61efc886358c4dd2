# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The staging of a root: a directory on its own file system, for what nobody may see yet."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_STAGING = ".staging"
OURS = "module-"
# What is there of a file whose transfer broke off; and the stages of those who download or unpack it: PULL, key, mark.
PART = "part-"
PULL = "pull-"


def staging_of(root: str) -> str:
    return os.path.join(root, _STAGING)


def key_of(sha256: str) -> str:
    """The part of a file's sha256 that names what is there of it. Paths with all of it are too long for ``#!``."""
    return sha256[:16]


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
