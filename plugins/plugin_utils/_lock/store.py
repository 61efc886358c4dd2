# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock on the controller's disk: read it, and update it while other hosts' tasks do the same."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._lock.attestations import differing, keep
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Lock, LockError, Pin, update_lock
from ansible_collections.fleet.python.plugins.plugin_utils._lock.text import format_lock, parse_lock
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError
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


@dataclass(frozen=True, slots=True)
class Change:
    """What a task does with a lock: its text before and after, and the attestations that are written beside it."""

    before: str
    after: str
    pins: Mapping[tuple[str, str], Pin]
    """What was set, as it is in the lock."""
    attestations: tuple[str, ...]
    """By ``<release>/<asset>``, sorted."""

    def __bool__(self) -> bool:
        return self.before != self.after or bool(self.attestations)


def _as_made(pin: Pin, _before: Pin | None) -> Pin:
    return pin


def add_pins(
    path: Path,
    pins: Mapping[tuple[str, str], Pin],
    *,
    write: bool,
    settle: Callable[[Pin, Pin | None], Pin] = _as_made,
    attestations: Mapping[str, str] | None = None,
) -> Change:
    """Set pins (keyed by triple and request) in the lock at ``path``.

    One task after the other: each host of a play adds its own. With ``write`` false nothing is written.
    ``settle`` makes a pin final, with the one that it replaces. ``attestations`` are bundles of Sigstore by
    ``<release>/<asset>``, which are kept beside the lock. Raises LockError, and what ``settle`` raises.
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
        final = {key: _final(pin, lock, key, settle) for key, pin in pins.items()}
        updated = update_lock(lock, final)
        after = format_lock(updated)
        new = differing(path, attestations or {})
        if write and (after != before or new):
            # The lock speaks of no attestation that is not kept.
            keep(path, new, (), ())
            if after != before:
                _replace(path, after)
            keep(path, {}, _paths(lock), _paths(updated))
    except (OSError, SourceError) as error:
        raise LockError(f"lock {str(path)!r} cannot be written: {error}") from error
    finally:
        os.close(folder)
    return Change(before, after, final, tuple(sorted(new)))


def _paths(lock: Lock | None) -> list[str]:
    return [entry.path for entry in lock.entries()] if lock else []


def _final(pin: Pin, lock: Lock | None, key: tuple[str, str], settle: Callable[[Pin, Pin | None], Pin]) -> Pin:
    triple, text = key
    before = lock.pins.get(triple, {}).get(text) if lock else None
    return settle(_with_known(pin, before), before)


def _with_known(pin: Pin, before: Pin | None) -> Pin:
    """Keep the deltas to the same archive, and a known size if no source could tell it this time."""
    if before and before.entry == pin.entry:
        return replace(pin, size=before.size if pin.size is None else pin.size, deltas=before.deltas)
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
