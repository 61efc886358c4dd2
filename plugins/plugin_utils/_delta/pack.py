# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack bytes into a stream that refers to others, which the host has: see module_utils/_delta/lzma2.py."""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from typing import Final, NamedTuple

from ansible_collections.fleet.python.plugins.module_utils._delta.lzma2 import SEPARATOR, filters

# lc, lp and pb as xz has them by default, and for records of 64-bit words.
_PLAIN: Final = (3, 0, 2)
_RECORDS: Final = (0, 3, 3)
# What takes half of the time and of the memory of xz's own level 6, for less than a tenth more bytes.
_EFFORT: Final = {"mode": lzma.MODE_NORMAL, "mf": lzma.MF_HC4, "nice_len": 64, "depth": 12}
# A chunk's first byte, from where on it is packed, and has lc, lp and pb (xz, lzma2_decoder.c).
_PACKED, _PROPERTIES = 0x80, 0xC0
# The bits of its size.
_SIZE: Final = 0x1F
_CHUNK: Final = 1 << 20


# How many bytes of the separator are packed before the next look at what has come of them.
_STEP: Final = 1 << 12


class Packed(NamedTuple):
    """The chunks to send, how many bytes of the separator were packed, and how many of these the host feeds."""

    chunks: bytes
    separator: int
    skipped: int


class _Chunk(NamedTuple):
    """``at``: its place in the stream. ``first``: its first byte. ``begins``: how many bytes are unpacked before it."""

    at: int
    first: int
    begins: int


def pack(old: bytes, new: bytes, stride: int) -> Packed:
    """Pack ``new`` for a host that has ``old``. ``stride`` is the size of the records that both are made of, or 0."""
    lc, lp, pb = _RECORDS if stride else _PLAIN
    window = len(old) + len(SEPARATOR) + len(new)
    packer = lzma.LZMACompressor(lzma.FORMAT_RAW, filters=filters(window, stride, lc=lc, lp=lp, pb=pb, **_EFFORT))
    stream = b"".join(map(packer.compress, _pieces(old)))
    separator = 0
    # What is packed of it after its first plain chunk has to be sent.
    while separator < len(SEPARATOR) and not any(
        chunk.first < _PACKED and chunk.begins >= len(old) for chunk in _chunks(stream)
    ):
        stream += packer.compress(SEPARATOR[separator : separator + _STEP])
        separator += _STEP
    stream = b"".join([stream, *map(packer.compress, _pieces(new)), packer.flush()])
    at, skipped = _first_of_its_own(stream, len(old), len(old) + separator)
    return Packed(_with_properties(stream[at:], (pb * 5 + lp) * 9 + lc), separator, skipped)


def _with_properties(chunks: bytes, properties: int) -> bytes:
    """The chunks with lc, lp and pb in the first packed one: the host's decoder has seen plain chunks only by then."""
    packed = next((chunk for chunk in _chunks(chunks) if chunk.first >= _PACKED), None)
    if packed is None or packed.first >= _PROPERTIES:
        return chunks
    sizes = packed.at + 5
    first = bytes((_PROPERTIES | (packed.first & _SIZE),))
    return b"".join([chunks[: packed.at], first, chunks[packed.at + 1 : sizes], bytes((properties,)), chunks[sizes:]])


def _pieces(whole: bytes) -> Iterator[bytes]:
    for at in range(0, len(whole), _CHUNK):
        yield whole[at : at + _CHUNK]


def _first_of_its_own(stream: bytes, least: int, most: int) -> tuple[int, int]:
    """The place of the last chunk within the separator that refers to none before it, and what is before it of that.

    Such is a plain chunk, and one after it, since the packer begins with a new state then.
    """
    found = None
    before = _PACKED
    for chunk in _chunks(stream):
        if chunk.begins > most:
            break
        if chunk.begins >= least and (before < _PACKED or chunk.first < _PACKED):
            found = chunk
        before = chunk.first
    if found is None:
        raise ValueError("this packer makes no plain chunks of what it cannot make smaller")
    return found.at, found.begins - least


def _chunks(stream: bytes) -> Iterator[_Chunk]:
    at = begins = 0
    while at < len(stream) and stream[at]:
        first = stream[at]
        size = int.from_bytes(stream[at + 1 : at + 3], "big") + 1
        yield _Chunk(at, first, begins)
        if first >= _PACKED:
            begins += size + ((first & _SIZE) << 16)
            at += int.from_bytes(stream[at + 3 : at + 5], "big") + 1 + (6 if first >= _PROPERTIES else 5)
        else:
            begins += size
            at += 3 + size
