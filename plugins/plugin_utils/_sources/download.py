# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Download a file, and resume where a connection or an earlier run broke off."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ansible_collections.fleet.python.plugins.module_utils._fetch.download import MOST_BYTES
from ansible_collections.fleet.python.plugins.module_utils._fetch.pace import Pace
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import Access
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import BrokenOffError
from ansible_collections.fleet.python.plugins.plugin_utils._sources.http import ask, pieces, refuse_bad_status

# How often in a row a connection may bring nothing new.
_TRIES: Final = 4
_BEGINS: Final = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")

# Called with the number of bytes so far and in all (None if the source does not say).
Watch = Callable[[int, int | None], None]


def unwatched(_have: int, _total: int | None) -> None:
    """Show no progress."""


def download(url: str, access: Access, target: Path, watch: Watch = unwatched) -> None:
    """Download the rest of a file to ``target``, which may hold an unchecked beginning of it.

    As long as each connection brings something, the next one goes on from there. A server without ranges begins again.
    Raises SourceError, after which ``target`` may hold a longer beginning, and OSError where the disk refuses it.
    """
    idle = 0
    pace = Pace(access.timeout, access.min_rate, access.download_timeout)
    while True:
        had = _size(target)
        try:
            _go_on(url, access, target, had, watch, pace)
        except BrokenOffError:
            idle = 0 if _size(target) > had else idle + 1
            if idle == _TRIES:
                raise
            time.sleep(idle / 2)
        else:
            return


def _go_on(url: str, access: Access, target: Path, had: int, watch: Watch, pace: Pace) -> None:
    with ask(url, access, headers={"Range": f"bytes={had}-"} if had else None) as answer:
        if answer.status_code == 416 and had:
            # What is here is longer than the file, so it is the beginning of another one.
            target.unlink()
            return _go_on(url, access, target, 0, watch, pace)
        refuse_bad_status(answer, url)
        found = _BEGINS.match(answer.headers.get("Content-Range", "")) if answer.status_code == 206 else None
        at = int(found[1]) if found else 0
        if at not in (0, had):
            raise BrokenOffError(f"it was asked for what comes after byte {had}, and sends from byte {at}")
        length = answer.headers.get("Content-Length", "")
        total = at + int(length) if length.isdigit() else None
        with open(target, "ab" if at else "wb") as file:
            for piece in pieces(answer, url, MOST_BYTES - at, pace, decode=False):
                file.write(piece)
                at += len(piece)
                watch(at, total)
        return None


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
