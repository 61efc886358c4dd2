# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Push a file over a connection that may break off: whole at first, and then what is missing, in parts.

A connection that holds costs nothing. Where it breaks, the host says how much has arrived and its sha256, and keeps
that where root alone may write. What comes next is added to it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ansible_collections.fleet.python.plugins.plugin_utils._resume.parts import (
    PIECE,
    SMALLEST,
    Kept,
    PartError,
    Patience,
    append_command,
    parse_part,
    part_path,
)

_CHUNK = 1 << 20


class LostError(Exception):
    """The connection broke off; ``cause`` is what it said. More may work on another one."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Way(Protocol):
    """The way to a host. Each of these raises LostError."""

    def target(self, name: str) -> str:
        """The path on the host that a file with this name gets."""

    def copy(self, local: Path, *, any_method: bool) -> str:
        """Copy a file; its path there. ``any_method``: by each method that the connection has, one after the other."""

    def write(self, data: bytes, target: str) -> None:
        """Write bytes into a new file on the host."""

    def run(self, command: str) -> str:
        """Run a command as the user who installs; what it prints."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """The file on the host, and how many bytes of it were sent by this push."""

    path: str
    sent: int


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of the controller with its sha256, and the root on the host that it is for."""

    local: Path
    sha256: str
    root: str

    @property
    def size(self) -> int:
        """In bytes."""
        return self.local.stat().st_size

    def begins_with(self, kept: Kept) -> bool:
        """Whether that is the beginning of this file."""
        digest = hashlib.sha256()
        left = kept.size
        with self.local.open("rb") as file:
            while left and (data := file.read(min(_CHUNK, left))):
                digest.update(data)
                left -= len(data)
        return not left and digest.hexdigest() == kept.sha256

    def piece(self, at: int, most: int) -> bytes:
        """What follows after so many bytes, and ``most`` of it."""
        with self.local.open("rb") as file:
            file.seek(at)
            return file.read(most)


def push(
    way: Way,
    file: Upload,
    watch: Callable[[int, int], object],
    *,
    begun: bool,
    pieces: bool,
    pause: Callable[[float], object] = time.sleep,
) -> Pushed:
    """Send a file, and go on where it breaks off. Raises PartError, and what the connection said if that is all.

    ``begun``: the host may have a part of it already. ``pieces``: send parts from the beginning. ``watch`` is told
    how many bytes are there, and of how many.
    """
    kept_parts = _KeptParts(way, file)
    size, kept, had = file.size, 0, 0
    waiting, look, whole, piece = "", begun, 0, PIECE
    patience = Patience()
    while True:
        lost: LostError | None = None
        try:
            if look or waiting:
                kept = kept_parts.add(waiting, kept)
                had = kept if look else had
                look, waiting = False, ""
                watch(kept, size)
            if kept == size:
                return Pushed(part_path(file.root, file.sha256), size - had)
            if not kept and not pieces and whole < 2:
                whole += 1
                # Where nothing arrives by the first method of a connection, it may have another one.
                waiting = way.target(file.local.name)
                return Pushed(way.copy(file.local, any_method=whole == 2), size)
            waiting = way.target(f"{file.sha256[:16]}-{kept}-{patience.idle}")
            try:
                way.write(file.piece(kept, piece), waiting)
            except LostError:
                piece = max(piece // 2, SMALLEST)
                raise
        except LostError as error:
            lost = error
        if not patience.came(kept):
            raise lost.cause if lost else PartError("nothing of what is sent arrives")
        if lost and patience.idle:
            pause(patience.idle)


class _KeptParts:
    """What the host keeps of a file."""

    def __init__(self, way: Way, file: Upload) -> None:
        self._way = way
        self._file = file
        self._anew = False

    def add(self, path: str, at: int) -> int:
        """Add a file of the host, if it belongs there; how many bytes are there now. Raises LostError, PartError."""
        kept = self._ask(path, at)
        if not kept.size or self._file.begins_with(kept):
            return kept.size
        if self._anew:
            raise PartError(f"what the host has of {self._file.local.name} is again no beginning of it")
        gone = self._ask("", None).size
        self._anew = True
        return gone

    def _ask(self, path: str, at: int | None) -> Kept:
        file = self._file
        return parse_part(self._way.run(append_command(file.root, file.sha256, file.size, file=path, at=at)), file.size)
