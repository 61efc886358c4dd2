# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the unpacked bytes of a gzip file from start to end, with a chunk or two in memory."""

from __future__ import annotations

import zlib
from typing import BinaryIO

CHUNK = 1 << 18
_GZIP = zlib.MAX_WBITS | 16
_GZIP_MAGIC = b"\x1f\x8b"
# No build of CPython comes near this. An archive beyond it is a bomb.
_MOST_BYTES = 4 << 30


class UnpackError(Exception):
    """The archive is damaged or hostile. Nothing of it may be used."""


class Stream:
    """The unpacked bytes of an archive. Every method that reads raises UnpackError if the archive is damaged."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self.more = self.inflate
        """Returns the next chunk."""
        self._inflater = zlib.decompressobj(_GZIP)
        self._input = b""
        self._total = 0
        self._chunk = b""
        self._view = memoryview(b"")
        self._at = 0

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes, fewer only at the end of the file."""
        end = self._at + size
        if end <= len(self._chunk):
            found = self._chunk[self._at : end]
            self._at = end
            return found
        parts = []
        while size and self._filled():
            part = self._chunk[self._at : self._at + size]
            self._at += len(part)
            size -= len(part)
            parts.append(part)
        return b"".join(parts)

    def piece(self, most: int) -> memoryview:
        """The next bytes without a copy: at least one, at most ``most``."""
        if self._at == len(self._chunk) and not self._filled():
            raise UnpackError("the archive ends in the middle of a file: it is truncated")
        found = self._view[self._at : self._at + most]
        self._at += len(found)
        return found

    def skip(self, size: int) -> None:
        """Skip ``size`` bytes."""
        while size:
            size -= len(self.piece(size))

    def _filled(self) -> bool:
        """Whether there is a byte to read. Reads another chunk if this one is used up."""
        if self._at == len(self._chunk):
            self._chunk = self.more()
            self._view = memoryview(self._chunk)
            self._at = 0
        return bool(self._chunk)

    def inflate(self) -> bytes:
        """The next bytes: at most a chunk, and none at the end."""
        while True:
            if self._inflater.eof and not self._next_part():
                return b""
            packed = self._input or self._packed.read(CHUNK)
            if not packed:
                raise UnpackError("the archive ends before its gzip trailer: it is truncated")
            try:
                data = self._inflater.decompress(packed, CHUNK)
            except zlib.error as error:
                raise UnpackError(f"the archive is no sound gzip file: {error}") from error
            self._input = self._inflater.unconsumed_tail
            if data:
                self._total += len(data)
                if self._total > _MOST_BYTES:
                    raise UnpackError(f"the archive holds more than {_MOST_BYTES} bytes: no build is that large")
                return data

    def _next_part(self) -> bool:
        """Continue with another gzip member if one follows (RFC 1952, 2.2). Ignore anything else."""
        rest = self._inflater.unused_data
        if len(rest) < len(_GZIP_MAGIC):
            rest += self._packed.read(CHUNK)
        if not rest.startswith(_GZIP_MAGIC):
            return False
        self._inflater = zlib.decompressobj(_GZIP)
        self._input = rest
        return True
