# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpack a build's ``.tar.gz`` below one directory, and nowhere else.

Members are created relative to descriptors of directories that we made ourselves (dir_fd, O_EXCL, O_NOFOLLOW),
so a name or a link in the archive cannot lead out of the tree: there is nothing to escape through. Python's
tarfile has a data filter for that only since 3.11.4, and takes several times as long.
Formats: POSIX.1-1988 ustar, the GNU long names, and the pax records path, linkpath and size.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from ansible_collections.fleet.python.plugins.module_utils._ahead import made_ahead

_BLOCK = 512
_CHUNK = 1 << 18
_GZIP = zlib.MAX_WBITS | 16
_GZIP_MAGIC = b"\x1f\x8b"
# No build of CPython comes near these; an archive beyond them is a bomb. Bytes and members.
_MOST_BYTES = 4 << 30
_MOST_MEMBERS = 200_000
# Folders in a name (real builds have 10), and bytes in a part of it and in a link as Linux takes them (limits.h).
_DEEPEST = 32
_LONGEST_PART = 255
_LONGEST_LINK = 4095
# At least twice the deepest: the folders of a hard link's two names are open at once.
_OPEN_DIRECTORIES = 64

_OCTAL = re.compile(rb" *([0-7]*)[ \0]*")
_DECIMAL = re.compile(r"[0-9]{1,18}")

_FILE, _HARD_LINK, _LINK, _DIRECTORY = b"0", b"1", b"2", b"5"
_GNU_NAME, _GNU_LINK, _PAX, _PAX_GLOBAL = b"L", b"K", b"x", b"g"
_LONG = (_GNU_NAME, _GNU_LINK, _PAX, _PAX_GLOBAL)


class UnpackError(Exception):
    """The archive is damaged, or holds what no build of CPython holds. Nothing of it may be used."""


class Member(NamedTuple):
    """One entry of the archive; ``size`` in bytes, ``target`` of a link as it stands in the archive."""

    name: str
    kind: bytes
    size: int
    mode: int
    target: str


class _Stream:
    """The unpacked bytes of a gzip file, read forward, never more than a chunk in memory."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self.more = self.inflate
        """Where the next bytes come from."""
        self._inflater = zlib.decompressobj(_GZIP)
        self._input = b""
        self._ready = b""
        self._at = 0
        self._total = 0

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes; fewer only at the end of the file."""
        end = self._at + size
        if end <= len(self._ready):
            found = self._ready[self._at : end]
            self._at = end
            return found
        parts = [self._ready[self._at :]]
        left = size - len(parts[0])
        self._ready, self._at = b"", 0
        while left > 0:
            data = self.more()
            if not data:
                break
            parts.append(data[:left])
            self._ready, self._at = data, len(parts[-1])
            left -= len(parts[-1])
        return b"".join(parts)

    def pieces(self, size: int) -> Iterator[bytes]:
        """``size`` bytes in pieces of at most a chunk."""
        while size > 0:
            piece = self.read(min(size, _CHUNK))
            if not piece:
                raise UnpackError("the archive ends in the middle of a file: it is truncated")
            size -= len(piece)
            yield piece

    def inflate(self) -> bytes:
        """The next bytes, at most a chunk; none at the end."""
        while True:
            if self._inflater.eof and not self._next_part():
                return b""
            packed = self._input or self._packed.read(_CHUNK)
            if not packed:
                raise UnpackError("the archive ends before its gzip trailer: it is truncated")
            try:
                data = self._inflater.decompress(packed, _CHUNK)
            except zlib.error as error:
                raise UnpackError(f"the archive is no sound gzip file: {error}") from error
            self._input = self._inflater.unconsumed_tail
            if data:
                self._total += len(data)
                if self._total > _MOST_BYTES:
                    raise UnpackError(f"the archive holds more than {_MOST_BYTES} bytes: no build is that large")
                return data

    def _next_part(self) -> bool:
        """Go on with another gzip member where one follows (RFC 1952, 2.2); what else follows is nothing to us."""
        rest = self._inflater.unused_data
        if len(rest) < len(_GZIP_MAGIC):
            rest += self._packed.read(_CHUNK)
        if not rest.startswith(_GZIP_MAGIC):
            return False
        self._inflater = zlib.decompressobj(_GZIP)
        self._input = rest
        return True


def members(stream: _Stream) -> Iterator[Member]:
    """The archive's members in their order; the caller reads each one's bytes before it asks for the next."""
    long: dict[bytes, str] = {}
    for _count in range(_MOST_MEMBERS):
        header = stream.read(_BLOCK)
        if len(header) < _BLOCK:
            raise UnpackError("the archive ends without its end mark: it is truncated")
        if header == bytes(_BLOCK):
            return
        kind = header[156:157] if header[156:157] != b"\0" else _FILE
        if _number(header[148:156]) != sum(header[:148]) + sum(header[156:]) + 8 * 0x20:
            raise UnpackError("a header's checksum is wrong: the archive is damaged")
        size = _number(header[124:136])
        if kind in _LONG:
            long.update(_long_record(kind, _padded(stream, size)))
            continue
        if b"size" in long:
            size = _decimal(long[b"size"])
        yield Member(
            name=long[_GNU_NAME] if _GNU_NAME in long else _name(header),
            kind=kind,
            size=size if kind == _FILE else 0,
            mode=_number(header[100:108]),
            target=long[_GNU_LINK] if _GNU_LINK in long else _text(header[157:257]),
        )
        long = {}
    raise UnpackError(f"the archive has more than {_MOST_MEMBERS} members: no build has")


def _name(header: bytes) -> str:
    """The name in the header; where a long one stands before it, this is cut off, in the middle of a character even."""
    name = _text(header[:100])
    if header[257:263] == b"ustar\0" and header[345] != 0:
        return _text(header[345:500]) + "/" + name
    return name


def _number(field: bytes) -> int:
    if field[0] & 0x80:  # base 256, as GNU tar writes what octal digits cannot hold
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
        return field.split(b"\0", 1)[0].decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnpackError(f"a member's name is not UTF-8: {field[:100]!r}") from error


def _padded(stream: _Stream, size: int) -> bytes:
    if size > 1 << 20:
        raise UnpackError("a name in the archive is longer than a megabyte")
    return stream.read(size + -size % _BLOCK)[:size]


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
    """The path of a member below ``top``, None where it lies outside of it. Raises UnpackError for a foul name.

    The top folder itself has the empty path.
    """
    parts = name.rstrip("/").split("/")
    if name.startswith("/") or any(part in ("", ".", "..") for part in parts):
        raise UnpackError(f"the name {name!r} does not stay inside the archive")
    # The manifest and the probe have a name a line.
    if not name.isprintable():
        raise UnpackError(f"the name {name!r} has a character in it that cannot be shown: no build has such")
    if len(parts) > _DEEPEST:
        raise UnpackError(f"the name {name[:100]!r}... has {len(parts)} folders: no build is that deep")
    if any(len(part) > _LONGEST_PART // 4 and len(part.encode()) > _LONGEST_PART for part in parts):
        raise UnpackError(f"the name {name[:100]!r}... has a part longer than {_LONGEST_PART} bytes")
    if parts[0] != top[0]:
        raise UnpackError(f"the member {name!r} is not below {top[0]}/: this is no build of CPython")
    return parts[len(top) :] if tuple(parts[: len(top)]) == top else None


def check_link(parts: list[str], target: str) -> None:
    """Raises UnpackError where a symbolic link at ``parts`` would lead out of the tree, or could.

    Two dots stand for what a look at the names tells only where no name comes before them: that may be a link itself.
    """
    if len(target.encode("utf-8", "surrogateescape")) > _LONGEST_LINK:
        raise UnpackError("the link {!r} is longer than {} bytes".format("/".join(parts), _LONGEST_LINK))
    steps = [step for step in target.split("/") if step not in ("", ".")]
    up = next((count for count, step in enumerate(steps) if step != ".."), len(steps))
    if not target or target.startswith("/") or up > len(parts) - 1 or ".." in steps[up:]:
        raise UnpackError("the link {!r} leads out of the tree, to {!r}".format("/".join(parts), target))


class _Tree:
    """The tree being made: directories by descriptor, the lately used ones kept open."""

    def __init__(self, destination: str) -> None:
        self._root = os.open(destination, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        self._open: OrderedDict[tuple[str, ...], int] = OrderedDict()

    def close(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)
        os.close(self._root)

    def directory(self, path: tuple[str, ...]) -> int:
        """A descriptor of the directory, made with mode 0755 where it is not there yet."""
        if not path:
            return self._root
        if path in self._open:
            self._open.move_to_end(path)
            return self._open[path]
        parent = self.directory(path[:-1])
        # Made before, or no directory: then the next line but one says so.
        with suppress(FileExistsError):
            os.mkdir(path[-1], 0o755, dir_fd=parent)
        descriptor = os.open(path[-1], os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
        self._open[path] = descriptor
        if len(self._open) > _OPEN_DIRECTORIES:
            os.close(self._open.popitem(last=False)[1])
        return descriptor


def unpack(
    archive: str, destination: str, top: tuple[str, ...] = ("python",), digests: dict[str, str] | None = None
) -> int:
    """Unpack what the ``.tar.gz`` holds below ``top`` into the existing directory ``destination``.

    Modes become 0755 (directories, and files with any execute bit) or 0644, whatever the archive and, for files,
    the umask say; the owner is who runs this. ``digests`` gets the sha256 of each file by its path.
    Returns the number of files and links. Raises UnpackError for an archive that is damaged or foul, OSError where the
    host refuses (a full disk).
    """
    count = 0
    tree = _Tree(destination)
    try:
        with open(archive, "rb") as packed:
            stream = _Stream(packed)
            with made_ahead(stream.inflate) as stream.more:
                for member in members(stream):
                    parts = parts_below(member.name, top)
                    if parts:
                        count += _create(tree, parts, member, stream, top, digests)
                    else:
                        for _piece in stream.pieces(member.size):
                            pass
                    stream.read(-member.size % _BLOCK)
    except FileExistsError as error:
        raise UnpackError(f"the archive names {error.filename!r} twice") from error
    except NotADirectoryError as error:
        raise UnpackError(f"the archive has {error.filename!r} as a file or link and as a folder") from error
    finally:
        tree.close()
    if not count:
        raise UnpackError("the archive holds nothing below {}/: this is no build of CPython".format("/".join(top)))
    return count


def _create(
    tree: _Tree,
    parts: list[str],
    member: Member,
    stream: _Stream,
    top: tuple[str, ...],
    digests: dict[str, str] | None,
) -> int:
    if member.kind == _DIRECTORY:
        tree.directory(tuple(parts))
        return 0
    if member.mode & 0o6000:
        raise UnpackError(f"{member.name!r} is setuid or setgid: no build has such a file")
    folder = tree.directory(tuple(parts[:-1]))
    if member.kind == _FILE:
        mode = 0o755 if member.mode & 0o111 else 0o644
        descriptor = os.open(parts[-1], os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
        try:
            digest = hashlib.sha256()
            for piece in stream.pieces(member.size):
                digest.update(piece)
                view = memoryview(piece)
                while view:
                    view = view[os.write(descriptor, view) :]
            os.fchmod(descriptor, mode)
            if digests is not None:
                digests["/".join(parts)] = digest.hexdigest()
        finally:
            os.close(descriptor)
    elif member.kind == _LINK:
        check_link(parts, member.target)
        os.symlink(member.target, parts[-1], dir_fd=folder)
    elif member.kind == _HARD_LINK:
        _create_hard_link(tree, parts, member, top)
    else:
        raise UnpackError(f"{member.name!r} is a device or of an unknown kind {member.kind!r}: no build has such")
    return 1


def _create_hard_link(tree: _Tree, parts: list[str], member: Member, top: tuple[str, ...]) -> None:
    source = parts_below(member.target, top)
    if not source:
        raise UnpackError(f"the hard link {member.name!r} leads out of the tree, to {member.target!r}")
    above = tree.directory(tuple(source[:-1]))
    try:
        kind = os.stat(source[-1], dir_fd=above, follow_symlinks=False).st_mode
    except FileNotFoundError as error:
        raise UnpackError(f"the hard link {member.name!r} leads to {member.target!r}, which is not there") from error
    # Another name of a symbolic link would lead elsewhere.
    if not stat.S_ISREG(kind):
        raise UnpackError(f"the hard link {member.name!r} leads to {member.target!r}, which is no file")
    folder = tree.directory(tuple(parts[:-1]))
    os.link(source[-1], parts[-1], src_dir_fd=above, dst_dir_fd=folder, follow_symlinks=False)
