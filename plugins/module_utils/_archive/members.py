# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members of a tar archive: parse their headers, and refuse what no build of CPython has.

Formats: POSIX.1-1988 ustar, the GNU long names, and the pax records path, linkpath and size.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from ansible_collections.fleet.python.plugins.module_utils._archive.gunzip import Stream, UnpackError

BLOCK = 512
# No build of CPython comes near this. An archive beyond it is a bomb.
_MOST_MEMBERS = 200_000
# The most folders in a name (real builds have 10), and the most bytes of a part and of a link on Linux (limits.h).
_DEEPEST = 32
_LONGEST_PART = 255
_LONGEST_LINK = 4095

_END = bytes(BLOCK)
_OCTAL = re.compile(rb" *([0-7]*)[ \0]*")
_DECIMAL = re.compile(r"[0-9]{1,18}")
# The largest prime below 2**16, as Adler-32 uses it (RFC 1950, 9).
_ADLER = 65521

FILE, HARD_LINK, LINK, DIRECTORY = b"0", b"1", b"2", b"5"
_GNU_NAME, _GNU_LINK, _PAX, _PAX_GLOBAL = b"L", b"K", b"x", b"g"
_LONG = (_GNU_NAME, _GNU_LINK, _PAX, _PAX_GLOBAL)


class Member(NamedTuple):
    """One entry of the archive. ``size`` is in bytes, and ``target`` is where a link leads, as the archive says."""

    name: str
    kind: bytes
    size: int
    mode: int
    target: str


def members(stream: Stream) -> Iterator[Member]:
    """The archive's members in their order. Read the bytes of each before you ask for the next.

    Raises UnpackError.
    """
    long: dict[bytes, str] = {}
    for _count in range(_MOST_MEMBERS):
        header = stream.read(BLOCK)
        if len(header) < BLOCK:
            raise UnpackError("the archive ends without its end mark: it is truncated")
        if header == _END:
            return
        kind = header[156:157]
        if kind == b"\0":
            kind = FILE
        if _number(header[148:156]) % _ADLER != _sum(header):
            raise UnpackError("a header's checksum is wrong: the archive is damaged")
        size = _number(header[124:136])
        if kind in _LONG:
            long.update(_long_record(kind, _padded(stream, size)))
            continue
        if b"size" in long:
            size = _decimal(long[b"size"])
        yield Member(
            long[_GNU_NAME] if _GNU_NAME in long else _name(header),
            kind,
            size if kind == FILE else 0,
            _number(header[100:108]),
            long[_GNU_LINK] if _GNU_LINK in long else _text(header[157:257]),
        )
        if long:
            long = {}
    raise UnpackError(f"the archive has more than {_MOST_MEMBERS} members: no build has")


def _sum(header: bytes) -> int:
    """The sum of a header's bytes modulo `_ADLER`, with its own field as blanks. zlib adds faster than sum()."""
    return ((zlib.adler32(header) & 0xFFFF) - 1 - sum(header[148:156]) + 8 * 0x20) % _ADLER


def _name(header: bytes) -> str:
    """The name in the header. After a record with a long name it is cut off, even within a character."""
    name = _text(header[:100])
    if header[345] != 0 and header[257:263] == b"ustar\0":
        return _text(header[345:500]) + "/" + name
    return name


def _number(field: bytes) -> int:
    if field[0] & 0x80:  # base 256, as GNU tar writes numbers that are too large for octal digits
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    found = _OCTAL.fullmatch(field)
    if not found:
        raise UnpackError(f"a header's number is not octal: {field!r}")
    return int(found[1] or b"0", 8)


def _decimal(text: str) -> int:
    if not _DECIMAL.fullmatch(text):
        raise UnpackError("a pax record is damaged")
    return int(text)


def _text(field: bytes) -> str:
    try:
        return field.partition(b"\0")[0].decode()
    except UnicodeDecodeError as error:
        raise UnpackError(f"a member's name is not UTF-8: {field[:100]!r}") from error


def _padded(stream: Stream, size: int) -> bytes:
    if size > 1 << 20:
        raise UnpackError("a name in the archive is longer than a megabyte")
    return stream.read(size + -size % BLOCK)[:size]


def _long_record(kind: bytes, data: bytes) -> dict[bytes, str]:
    if kind == _PAX_GLOBAL:
        return {}
    if kind != _PAX:
        return {kind: _text(data)}
    keys = {b"path": _GNU_NAME, b"linkpath": _GNU_LINK, b"size": b"size"}
    found: dict[bytes, str] = {}
    while data:
        length_text = data[:20].partition(b" ")[0]
        length = _decimal(_text(length_text))
        if not len(length_text) < length <= len(data) or data[length - 1 : length] != b"\n":
            raise UnpackError("a pax record is damaged")
        key, _mark, value = data[len(length_text) + 1 : length - 1].partition(b"=")
        if key in keys:
            found[keys[key]] = _text(value)
        data = data[length:]
    return found


def parts_below(name: str, top: tuple[str, ...]) -> list[str] | None:
    """The path of a member below ``top``, None if it is outside. Raises UnpackError for a hostile name.

    The top folder itself has the empty path.
    """
    parts = name.rstrip("/").split("/")
    if "" in parts or "." in parts or ".." in parts:
        raise UnpackError(f"the name {name!r} does not stay inside the archive")
    # The manifest and the probe have one name on each line.
    if not name.isprintable():
        raise UnpackError(f"the name {name!r} has a character in it that cannot be shown: no build has such")
    if len(parts) > _DEEPEST:
        raise UnpackError(f"the name {name[:100]!r}... has {len(parts)} folders: no build is that deep")
    if len(name) > _LONGEST_PART // 4 and any(len(part.encode()) > _LONGEST_PART for part in parts):
        raise UnpackError(f"the name {name[:100]!r}... has a part longer than {_LONGEST_PART} bytes")
    if parts[0] != top[0]:
        raise UnpackError(f"the member {name!r} is not below {top[0]}/: this is no build of CPython")
    return parts[len(top) :] if tuple(parts[: len(top)]) == top else None


def check_link(parts: list[str], target: str) -> None:
    """Raises UnpackError if a symbolic link at ``parts`` leads, or could lead, out of the tree.

    Two dots are safe only at the start. A name before them may be a link itself, and then they lead elsewhere.
    """
    if len(target.encode("utf-8", "surrogateescape")) > _LONGEST_LINK:
        raise UnpackError("the link {!r} is longer than {} bytes".format("/".join(parts), _LONGEST_LINK))
    steps = [step for step in target.split("/") if step not in ("", ".")]
    up = next((count for count, step in enumerate(steps) if step != ".."), len(steps))
    if not target or target.startswith("/") or up > len(parts) - 1 or ".." in steps[up:]:
        raise UnpackError("the link {!r} leads out of the tree, to {!r}".format("/".join(parts), target))
