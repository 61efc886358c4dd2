# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the cache within its limit: the archive that was used least recently is removed first."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError

_VARIABLE: Final = "FLEET_PYTHON_CACHE_MB"
_DEFAULT: Final = 4096
# In seconds. Another run may still be sending an archive that was used so recently.
_LATELY: Final = 3600
_NO_ARCHIVE: Final = (".lock", ".sha256")


def limit() -> int:
    """In bytes, as FLEET_PYTHON_CACHE_MB says. Raises SourceError where that is no number."""
    text = os.environ.get(_VARIABLE) or str(_DEFAULT)
    if not text.isdigit():
        raise SourceError(f"{_VARIABLE} is {text!r}, not a number of megabytes")
    return int(text) << 20


def keep_within(directory: Path, most: int, now: float | None = None) -> None:
    """Remove the least recently used archives, none of the last hour, until ``most`` bytes are left."""
    now = time.time() if now is None else now
    found = []
    for path in directory.iterdir():
        # Another run may remove it meanwhile.
        with suppress(FileNotFoundError):
            if path.suffix not in _NO_ARCHIVE:
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
    total = sum(size for _used, size, _path in found)
    for used, size, path in sorted(found):
        if total <= most or now - used < _LATELY:
            return
        path.unlink(missing_ok=True)
        path.with_name(path.name + ".sha256").unlink(missing_ok=True)
        total -= size


def used(path: Path) -> None:
    """Note that an archive is used now."""
    os.utime(path)
