# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LZMA2 that refers to bytes which both sides have, with nothing but Python's lzma.

LZMA2 is a row of chunks, and a chunk may hold bytes as they are (xz, src/liblzma/lzma/lzma2_encoder.c and
doc/xz-file-format.txt, 5.3.1). So a host wraps what it has into such chunks, and the decoder then knows these bytes
when it comes to the chunks that were sent. The controller has packed the same: what both have, a separator that no
packer can make smaller, and what is new. It sends the chunks from the first on that refers to none before the
separator's end.
"""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Iterable, Iterator
from typing import Any

# A chunk of plain bytes: the first one empties the dictionary, the others do not.
FIRST_PLAIN, PLAIN = 1, 2
# The most bytes of such a chunk.
_MOST = 1 << 16
# LZMA2 allows no dictionary below 4 KiB (liblzma, lzma_decoder.c).
_LEAST_WINDOW = 1 << 12
# Enough that the packer writes at least one chunk of it as it is, whatever it packs before and after it.
SEPARATOR = hashlib.shake_256(b"fleet.python delta").digest(3 << 16)


def filters(window: int, stride: int, **packer: Any) -> list[dict[str, Any]]:
    """The filters of a stream, as lzma takes them. ``packer`` is for the side that packs."""
    records = [{"id": lzma.FILTER_DELTA, "dist": stride}] if stride else []
    return [*records, {"id": lzma.FILTER_LZMA2, "dict_size": max(window, _LEAST_WINDOW), **packer}]


def wrapped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces as chunks of plain bytes."""
    kind = FIRST_PLAIN
    for piece in pieces:
        for at in range(0, len(piece), _MOST):
            plain = piece[at : at + _MOST]
            yield bytes((kind, (len(plain) - 1) >> 8, (len(plain) - 1) & 0xFF)) + plain
            kind = PLAIN


def in_records(pieces: Iterable[bytes], stride: int) -> Iterator[bytes]:
    """What lzma's delta filter makes of the pieces: the difference of each byte to the one ``stride`` before it.

    Many bytes at a time, as one large number: the top bit of each byte stands apart, so that nothing is carried over.
    """
    before = bytes(stride)
    for piece in pieces:
        if not stride or not piece:
            yield piece
            continue
        shifted = (before + piece)[: len(piece)]
        before = (before + piece)[-stride:]
        yield subtracted(piece, shifted)


def subtracted(left: bytes, right: bytes) -> bytes:
    """The difference of each two bytes, modulo 256. Both have the same length."""
    size = len(left)
    top = int.from_bytes(b"\x80" * size, "little")
    low = int.from_bytes(b"\x7f" * size, "little")
    a, b = int.from_bytes(left, "little"), int.from_bytes(right, "little")
    return (((a | top) - (b & low)) ^ ((a ^ b ^ top) & top)).to_bytes(size, "little")
