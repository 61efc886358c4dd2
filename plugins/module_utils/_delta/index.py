# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of a delta: what leads from the tree of one archive to the tree of another.

A line that names the form and the length of the index, the index (JSON, packed as .xz), then the streams one after
another. A stream is LZMA2 without a container. It continues what its ``old`` parts of the old tree begin, and so
refers to them; what it unpacks to are the ``new`` parts of the new tree. See lzma2.py.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

from ansible_collections.fleet.python.plugins.module_utils._archive.gunzip import UnpackError
from ansible_collections.fleet.python.plugins.module_utils._archive.members import check_link, parts_below
from ansible_collections.fleet.python.plugins.module_utils._delta.errors import DeltaError
from ansible_collections.fleet.python.plugins.module_utils._delta.lzma2 import SEPARATOR

MAGIC = b"fleet-delta 2 "
# The kinds of entries. KEPT: a file of the old tree. MADE: a file that the streams write.
KEPT, MADE, LINK, HARD_LINK, DIRECTORY = "kept", "made", "link", "hard link", "directory"
# How far a stream may look back, in bytes. The host's memory is bounded by it.
WINDOW = 56 << 20
# No delta between two builds comes near these. One beyond them is a bomb.
_LONGEST_LINE = 64
_LONGEST_INDEX = 16 << 20
_MOST_BYTES = 4 << 30
_MOST_STREAMS = 256
_MOST_PARTS = 1_000_000
_TOP = ("python",)


class Part(NamedTuple):
    """A part of a file in a tree: ``size`` bytes from ``start`` on."""

    path: str
    start: int
    size: int


class Stream(NamedTuple):
    """One stream. ``packed`` is its length in the delta.

    ``separator`` is how much of the separator it has, and ``skipped`` how much of that is the host's to feed.
    ``stride`` is the size of the records that its bytes are made of: each byte is stored as the difference to the
    same byte of the record before. 0: bytes are stored as they are.
    """

    old: list[Part]
    new: list[Part]
    packed: int
    separator: int
    skipped: int
    stride: int


class Entry(NamedTuple):
    """A file, link or directory of the new tree. ``of`` is the old path (KEPT) or where it leads to (LINK, HARD_LINK).

    ``size`` is that of a MADE file, in bytes.
    """

    kind: str
    path: str
    executable: bool
    of: str
    size: int


class Index(NamedTuple):
    """``old`` and ``new`` are the sha256 of the archives, ``tree`` the `tree_digest` of the new one."""

    old: str
    new: str
    tree: str
    entries: list[Entry]
    streams: list[Stream]


def index_text(index: Index) -> bytes:
    """The index as it stands in a delta, with the line before it."""
    value = dict(
        index._asdict(),
        entries=[list(entry) for entry in index.entries],
        streams=[
            dict(stream._asdict(), old=[list(part) for part in stream.old], new=[list(part) for part in stream.new])
            for stream in index.streams
        ],
    )
    packed = lzma.compress(json.dumps(value, separators=(",", ":")).encode(), preset=9)
    return MAGIC + b"%d\n" % len(packed) + packed


def read_index(file: BinaryIO) -> Index:
    """The index at the beginning of a delta, checked: no name leads out of a tree, and no number is beyond its bound.

    Leaves ``file`` at the first stream. Raises DeltaError.
    """
    line = file.readline(_LONGEST_LINE)
    length = line[len(MAGIC) : -1]
    if not line.startswith(MAGIC) or not line.endswith(b"\n") or not length.isdigit() or int(length) > _LONGEST_INDEX:
        raise DeltaError("it is no delta of a form that is known here")
    packed = file.read(int(length))
    try:
        unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=WINDOW + (16 << 20))
        text = unpacker.decompress(packed, _LONGEST_INDEX)
        if not unpacker.eof or unpacker.unused_data:
            raise DeltaError("its index is damaged or too long")
        return _index(json.loads(text.decode()))
    except (lzma.LZMAError, ValueError, TypeError, KeyError, RecursionError, EOFError) as error:
        raise DeltaError(f"its index is damaged: {type(error).__name__}") from error
    except UnpackError as error:
        raise DeltaError(str(error)) from error


def _index(value: Mapping[str, Any]) -> Index:
    entries = [_entry(*each) for each in value["entries"]]
    streams = [_stream(each) for each in value["streams"]]
    if len(streams) > _MOST_STREAMS or sum(len(each.old) + len(each.new) for each in streams) > _MOST_PARTS:
        raise DeltaError("it has more streams or parts than any delta")
    sizes = {entry.path: entry.size for entry in entries if entry.kind == MADE}
    if sum(sizes.values()) > _MOST_BYTES:
        raise DeltaError(f"it makes more than {_MOST_BYTES} bytes: no build is that large")
    if len({entry.path for entry in entries}) != len(entries):
        raise DeltaError("it names a path twice")
    written = dict.fromkeys(sizes, 0)
    for stream in streams:
        for part in stream.new:
            if part.path not in sizes or part.start + part.size > sizes[part.path]:
                raise DeltaError(f"it writes beyond the files that it names: {part.path[:100]!r}")
            written[part.path] += part.size
    if written != sizes:
        raise DeltaError("it does not write each of its files once")
    return Index(_digest(value["old"]), _digest(value["new"]), _digest(value["tree"]), entries, streams)


def _entry(kind: str, path: str, executable: bool, of: str, size: int) -> Entry:
    if not isinstance(of, str):
        raise DeltaError("it has an entry that leads to no name")
    parts = _parts(path)
    if kind == LINK:
        check_link(parts, of)
    elif kind in (KEPT, HARD_LINK):
        _parts(of)
    elif kind not in (MADE, DIRECTORY):
        raise DeltaError(f"it has an entry of an unknown kind: {str(kind)[:20]!r}")
    return Entry(kind, path, bool(executable), of, _number(size))


def _parts(path: str) -> list[str]:
    """The parts of a path in a tree. Raises UnpackError where it leads elsewhere."""
    found = parts_below(f"{_TOP[0]}/{path}", _TOP) if isinstance(path, str) else None
    if not found:
        raise DeltaError("it has an entry without a name")
    return found


def _stream(value: Mapping[str, Any]) -> Stream:
    old = [_part(*each) for each in value["old"]]
    new = [_part(*each) for each in value["new"]]
    stride = _number(value["stride"])
    if sum(part.size for part in (*old, *new)) > WINDOW or stride > 256:
        raise DeltaError(f"a stream looks back further than {WINDOW >> 20} MB")
    separator, skipped = _number(value["separator"]), _number(value["skipped"])
    if not skipped <= separator <= len(SEPARATOR):
        raise DeltaError("a stream has a longer separator than there is")
    return Stream(old, new, _number(value["packed"]), separator, skipped, stride)


def _part(path: str, start: int, size: int) -> Part:
    _parts(path)
    return Part(path, _number(start), _number(size))


def _number(value: Any) -> int:
    if not isinstance(value, int) or not 0 <= value <= _MOST_BYTES:
        raise DeltaError("a number in it is beyond all bounds")
    return int(value)


def _digest(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 64:
        raise DeltaError("a digest in it is none")
    return value
