# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock on the controller's disk: read it, and update it while other hosts' tasks do the same."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Lock, LockError, Pin, update_lock
from ansible_collections.fleet.python.plugins.plugin_utils._lock.text import format_lock, parse_lock
from ansible_collections.fleet.python.plugins.plugin_utils._sources.tar import TarError, members, pieces

# What the lock inside a bundle is called.
BUNDLED_LOCK: Final = "python.lock.yml"


def read_lock(path: Path) -> Lock:
    """The lock at ``path``, or in the bundle there. Raises LockError where it cannot be read or is damaged."""
    return parse_lock(read_lock_text(path), origin=str(path))


def read_lock_text(path: Path) -> str:
    """The text of a lock file, or of the lock in a bundle, which is a directory or a tar. Raises LockError."""
    try:
        if path.suffix == ".tar":
            member = members(path).get(BUNDLED_LOCK)
            if member is None:
                raise LockError(f"{path} has no {BUNDLED_LOCK} in it, so it is no bundle of fleet.python")
            return b"".join(pieces(path, member)).decode("utf-8")
        file = path / BUNDLED_LOCK if path.is_dir() else path
        return file.read_text(encoding="utf-8")
    except (OSError, TarError, UnicodeDecodeError) as error:
        raise LockError(f"lock {str(path)!r} cannot be read: {error}") from error


def add_pins(path: Path, pins: Mapping[tuple[str, str], Pin], *, write: bool) -> tuple[str, str]:
    """Set pins (keyed by triple and request) in the lock at ``path``; its text before and after.

    One task after the other: each host of a play adds its own. With ``write`` false nothing is written.
    Raises LockError.
    """
    # Lock the directory: the file is replaced, and no other file should stay beside it.
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise LockError(f"lock {str(path)!r} cannot be written: {error}") from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        before = ""
        lock = None
        if path.exists():
            lock = read_lock(path)
            before = path.read_text(encoding="utf-8")
        after = format_lock(update_lock(lock, {key: _with_size(pin, lock, key) for key, pin in pins.items()}))
        if write and after != before:
            _replace(path, after)
    except OSError as error:
        raise LockError(f"lock {str(path)!r} cannot be written: {error}") from error
    finally:
        os.close(folder)
    return before, after


def _with_size(pin: Pin, lock: Lock | None, key: tuple[str, str]) -> Pin:
    """Keep a known size if no source could tell it this time."""
    triple, text = key
    old = lock.pins.get(triple, {}).get(text) if lock else None
    if old and pin.size is None and old.sha256 == pin.sha256:
        return old
    return pin


def _replace(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.rename(name, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)
