# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small files that a root keeps: a home's receipt, the links that were made, the CPU level."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._root.foreign import read_foreign
from ansible_collections.fleet.python.plugins.module_utils._root.staging import scratch

RECEIPT = ".fleet-receipt"
_LINKS, LEVEL = ".links", ".level"
# What a boot script keeps of itself, so that its next run asks nobody.
CARRIER = ".boot"


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


def record_links(root: str, paths: Iterable[str]) -> None:
    """Record the links that we made outside the root, so that a later run can remove them with their target."""
    _record(root, _LINKS, "".join(line + "\n" for line in sorted(paths)))


def read_links(root: str) -> list[str]:
    """The links that `record_links` has recorded."""
    return (read_foreign(os.path.join(root, _LINKS)) or "").splitlines()


def remember_level(root: str, level: int) -> None:
    """Record the highest x86-64 level whose builds run on this host."""
    _record(root, LEVEL, f"{level}\n")


def keep_carrier(root: str, data: bytes) -> None:
    """Keep the carrier of a boot script, if another one or none is there. Raises OSError.

    Who reads it compares its digest, so half of it does no harm.
    """
    path = os.path.join(root, CARRIER)
    with suppress(OSError), open(path, "rb") as file:
        if file.read(len(data) + 1) == data:
            return
    remove_file(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with open(descriptor, "wb") as file:
        file.write(data)
        os.fchmod(file.fileno(), 0o644)


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


def remove_file(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
