# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packing anew: the content stays, whatever the form of a zstd file.

How much memory that takes is looked at in tests/integration/test_memory.py.
"""

from __future__ import annotations

import gzip
import io
import os
import random
from pathlib import Path

import pytest
import zstandard

from ansible_collections.fleet.python.plugins.plugin_utils._cache import repack as _zstd
from ansible_collections.fleet.python.plugins.plugin_utils._cache.repack import pack_anew
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError

PLAIN = random.Random(7).randbytes(50_000) * 300
NAME = "cpython-full.tar.zst"


def frame(window_log: int, plain: bytes = PLAIN, *, tells_size: bool = True) -> bytes:
    """A frame whose reader must look back 2 ** ``window_log`` bytes, as upstream's packer says it."""
    parameters = zstandard.ZstdCompressionParameters(window_log=window_log)
    packed = io.BytesIO()
    with zstandard.ZstdCompressor(compression_params=parameters).stream_writer(packed, closefd=False) as writer:
        writer.write(plain)
    content = packed.getvalue()
    # RFC 8878, 3.1.1.1: here the size has no place yet, and the window is the byte after the descriptor. A packer that
    # knows the size would write a smaller window.
    assert content[4:6] == bytes([0, (window_log - 10) << 3])
    return (
        content[:4] + b"\x80" + content[5:6] + len(plain).to_bytes(4, "little") + content[6:] if tells_size else content
    )


def packed_anew(directory: Path, content: bytes) -> bytes:
    """What the gzip file holds; nothing else is left in the directory."""
    source, target = directory / "source", directory / "target"
    source.write_bytes(content)
    pack_anew(source, target, NAME)
    assert sorted(os.listdir(directory)) == ["source", "target"]
    return gzip.decompress(target.read_bytes())


@pytest.mark.parametrize("tells_size", [True, False])
@pytest.mark.parametrize("window_log", [20, 23, 24, 27])
def test_one_frame(window_log: int, tells_size: bool, tmp_path: Path) -> None:
    content = frame(window_log, tells_size=tells_size)
    assert (zstandard.frame_content_size(content) == len(PLAIN)) is tells_size
    assert packed_anew(tmp_path, content) == PLAIN


@pytest.mark.parametrize("window_log", [20, 27])
def test_several_frames(window_log: int, tmp_path: Path) -> None:
    """The first one's size is not the file's."""
    content = frame(window_log, PLAIN[:70_000]) + frame(window_log) + zstandard.compress(b"")
    assert packed_anew(tmp_path, content) == PLAIN[:70_000] + PLAIN


@pytest.mark.parametrize("size", [0, 5])
def test_frames_without_content(size: int, tmp_path: Path) -> None:
    """Those that zstd's readers skip, and one that holds nothing."""
    skipped = (0x184D2A50).to_bytes(4, "little") + size.to_bytes(4, "little") + bytes(size)
    assert packed_anew(tmp_path, skipped + zstandard.compress(b"") + frame(27)) == PLAIN


def test_a_file_system_that_cannot_set_space_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS: then it is done in memory."""
    monkeypatch.delattr(os, "posix_fallocate")
    assert packed_anew(tmp_path, frame(27)) == PLAIN


@pytest.mark.parametrize("tells_size", [True, False])
def test_one_that_looks_back_further_than_any_build(tells_size: bool, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=rf"{NAME} looks back 256 MB .* more than 128 MB"):
        packed_anew(tmp_path, frame(28, tells_size=tells_size))
    assert os.listdir(tmp_path) == ["source"]


def test_a_later_frame_that_does(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=rf"{NAME} is no sound zstd file: .*too much memory"):
        packed_anew(tmp_path, frame(27) + frame(28))


@pytest.mark.parametrize("content", [b"", b"(", b"no zstd at all", frame(27)[:-1000] + bytes(1000)])
def test_what_is_not_sound(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=rf"{NAME} is no sound zstd file"):
        packed_anew(tmp_path, content)


@pytest.mark.parametrize("window_log", [20, 27])
def test_one_that_unpacks_to_more_than_any_build(
    window_log: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_zstd, "_MOST", len(PLAIN) - 1)
    with pytest.raises(SourceError, match=rf"{NAME} unpacks to more than {len(PLAIN) - 1} bytes"):
        packed_anew(tmp_path, frame(window_log))
