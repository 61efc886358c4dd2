# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Split the files of a build into parts that pack well together: tables of a linker apart from all else.

The static library of a build is an ar archive of object files, and its shared library keeps its relocations for the
linker. Both have many records of 24 bytes, whose numbers all move when something before them grows.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

# The size of Elf64_Sym and Elf64_Rela (elf(5)).
RECORD: Final = 24
_SYMBOLS, _RELOCATIONS = 2, 4
# From ar(5): the magic, and the header of each member.
_AR: Final = b"!<arch>\n"
_AR_HEADER: Final = 60
_ELF64: Final = b"\x7fELF\x02\x01"
_SECTION: Final = struct.Struct("<IIQQQQIIQQ")


class Piece(NamedTuple):
    """A piece of a file: ``size`` bytes from ``start`` on. ``table``: they are records of `RECORD` bytes."""

    start: int
    size: int
    table: bool


def split(content: bytes) -> list[Piece]:
    """The pieces of a file in their order, without gaps. A file of a form that is not known is one piece."""
    found: list[Piece] = []
    at = 0
    for start, size in sorted(_tables(content)):
        if start >= at and size:
            found += [Piece(at, start - at, False)] if start > at else []
            found.append(Piece(start, size, True))
            at = start + size
    return [*found, Piece(at, len(content) - at, False)] if at < len(content) else found


def _tables(content: bytes) -> Iterator[tuple[int, int]]:
    if content.startswith(_AR):
        at = len(_AR)
        while at + _AR_HEADER <= len(content):
            digits = content[at + 48 : at + 58].strip()
            size = int(digits) if digits.isdigit() else len(content)
            at += _AR_HEADER
            for start, length in _sections(content[at : at + size]):
                yield at + start, length
            # Members begin at even positions.
            at += size + size % 2
    else:
        yield from _sections(content)


def _sections(content: bytes) -> Iterator[tuple[int, int]]:
    """The tables of an ELF file for 64 bits, little endian. Builds for other machines are left in one piece."""
    if not content.startswith(_ELF64) or len(content) < 64:
        return
    (headers,) = struct.unpack_from("<Q", content, 40)
    size, count = struct.unpack_from("<HH", content, 58)
    for number in range(count):
        at = headers + number * size
        if size < _SECTION.size or at + _SECTION.size > len(content):
            return
        _name, kind, _flags, _address, start, length, *_rest = _SECTION.unpack_from(content, at)
        if kind in (_SYMBOLS, _RELOCATIONS) and start + length <= len(content) and length % RECORD == 0:
            yield start, length
