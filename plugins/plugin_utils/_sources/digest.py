# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compute the sha256 of a file, and compare it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ansible_collections.fleet.python.plugins.module_utils._fetch.verify import (
    BEGINNING,
    UNPACKED,
    WEB_PAGE,
    is_page,
    is_unpacked,
)
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError


def digest_of(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_digest(path: Path, sha256: str, origin: str) -> None:
    """Raises SourceError, and removes the file, where it has another sha256."""
    found = digest_of(path)
    if found != sha256:
        size = path.stat().st_size
        with open(path, "rb") as file:
            beginning = file.read(BEGINNING)
        os.unlink(path)
        if is_unpacked(beginning) and origin.startswith("http"):
            raise SourceError(f"{origin}: {UNPACKED}")
        why = WEB_PAGE if is_page(beginning) else ""
        raise SourceError(f"{origin} has sha256 {found} ({size} bytes), not {sha256}{why}")
