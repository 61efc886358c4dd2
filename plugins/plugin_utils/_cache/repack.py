# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repack an archive from zstd to gzip, which every host can unpack, in little memory."""

from __future__ import annotations

import errno
import mmap
import os
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Final

from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError

if TYPE_CHECKING:
    import zstandard

_CHUNK: Final = 1 << 20
# How far an archive may look back. Upstream packs for 128 MB, and zstd itself streams no more.
_WINDOW: Final = 1 << 27
# How much of that zstd may keep in memory.
_IN_MEMORY: Final = 1 << 23
# More than any build unpacks to. Hosts have the same limit.
_MOST: Final = 4 << 30
# RFC 8878, 3.1.1: magic number and frame header at their longest.
_HEADER: Final = 18
# Errors of posix_fallocate(3) on file systems without it.
_NO_SUCH_CALL: Final = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


def pack_anew(zst: Path, target: Path, name: str) -> None:
    """Pack the content of ``zst`` into the gzip file ``target``; fast rather than small, since it travels once.

    ``name`` is what messages call it. Raises SourceError, and OSError where the disk refuses it.
    """
    try:
        import zstandard
    except ImportError:
        raise SourceError(
            "a full archive needs the Python package zstandard on the controller: pip install zstandard"
        ) from None
    decoder = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    with open(zst, "rb") as packed, TemporaryFile(dir=target.parent) as file:
        try:
            frame = zstandard.get_frame_parameters(packed.read(_HEADER))
            if frame.window_size > _WINDOW:
                raise SourceError(
                    f"{name} looks back {frame.window_size >> 20} MB when it is unpacked: more than {_WINDOW >> 20} MB "
                    "of memory are not given to it, and no build needs them"
                )
            looks_far = frame.window_size > _IN_MEMORY and frame.content_size <= _MOST
            if looks_far and _unpacked(decoder, packed, file, frame):
                _deflate(file, target, name)
                return
            packed.seek(0)
            # Parallel compressors write several frames.
            with decoder.stream_reader(packed, read_across_frames=True) as plain:
                _deflate(plain, target, name)
        except zstandard.ZstdError as error:
            raise SourceError(f"{name} is no sound zstd file: {error}") from error


def _unpacked(
    decoder: zstandard.ZstdDecompressor, packed: IO[bytes], file: IO[bytes], frame: zstandard.FrameParameters
) -> bool:
    """Unpack a frame of known size into a file. False if that is impossible, or if more frames follow.

    zstd looks back at what it has written: where input and output lie before it as a whole, at the output itself, here
    a file that the system can write out at any time; else at a copy of the last 128 MB, which takes memory.
    """
    try:
        # Writing to a hole without space on the disk would kill the process.
        os.posix_fallocate(file.fileno(), 0, frame.content_size)
    except AttributeError:  # macOS
        return False
    except OSError as error:
        if error.errno in _NO_SUCH_CALL:
            return False
        raise
    with (
        mmap.mmap(packed.fileno(), 0, access=mmap.ACCESS_READ) as source,
        mmap.mmap(file.fileno(), frame.content_size) as plain,
        _let_go(source, plain),
        # The map itself has a method read, so it would be read in pieces.
        memoryview(source) as view,
        decoder.stream_reader(view, read_across_frames=True) as reader,
    ):
        return reader.readinto(plain) == frame.content_size and not reader.read(1)


@contextmanager
def _let_go(*maps: mmap.mmap) -> Iterator[None]:
    """Return pages soon after use. They stay in the files, and zstd unpacks megabytes in a millisecond."""
    done = threading.Event()

    def give_back() -> None:
        while not done.wait(0.001):
            for each in maps:
                each.madvise(mmap.MADV_DONTNEED)

    thread = threading.Thread(target=give_back, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _deflate(plain: Any, target: Path, name: str) -> None:
    """Pack what ``plain.read`` gives, a megabyte at a time."""
    deflater = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
    size = 0
    with open(target, "wb") as out:
        while piece := plain.read(_CHUNK):
            size += len(piece)
            if size > _MOST:
                raise SourceError(f"{name} unpacks to more than {_MOST} bytes: no build is that large")
            out.write(deflater.compress(piece))
        out.write(deflater.flush())
