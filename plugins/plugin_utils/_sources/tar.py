# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read members of a plain .tar on the controller by their offset, without unpacking it."""

from __future__ import annotations

import functools
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CHUNK: Final = 1 << 20


class TarError(ValueError):
    """A file is no plain tar, or is cut short."""


@dataclass(frozen=True, slots=True)
class Member:
    """Where a file's bytes are in the tar."""

    offset: int
    size: int
    """Bytes."""


def members(path: Path) -> Mapping[str, Member]:
    """The files in the tar by name, without a leading ``./``. Raises TarError, OSError."""
    status = path.stat()
    return _members(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=8)
def _members(path: Path, _mtime_ns: int, _size: int) -> Mapping[str, Member]:
    """The index, with one seek for each member. The file may change, so time and size belong to the key."""
    try:
        with tarfile.open(path, "r:") as tar:
            return {
                found.name.removeprefix("./"): Member(found.offset_data, found.size) for found in tar if found.isreg()
            }
    except tarfile.TarError as error:
        raise TarError(
            f"{path} is no plain .tar or is cut short ({error}); unpack it where it is compressed, or copy it again"
        ) from error


def pieces(path: Path, member: Member) -> Iterator[bytes]:
    """A member's bytes, a megabyte at a time. Raises TarError if the file ends early, OSError."""
    left = member.size
    with open(path, "rb") as file:
        file.seek(member.offset)
        while left:
            piece = file.read(min(_CHUNK, left))
            if not piece:
                raise TarError(f"{path} is cut short")
            left -= len(piece)
            yield piece
