# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply a delta: make the tree of a new build out of an old home and what was sent."""

from __future__ import annotations

import hashlib
import lzma
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO

from ansible_collections.fleet.python.plugins.module_utils._archive.gunzip import UnpackError
from ansible_collections.fleet.python.plugins.module_utils._archive.manifest import MANIFEST, Contents
from ansible_collections.fleet.python.plugins.module_utils._archive.new_tree import NEW_FILE, NewTree
from ansible_collections.fleet.python.plugins.module_utils._delta.errors import DeltaError
from ansible_collections.fleet.python.plugins.module_utils._delta.index import (
    DIRECTORY,
    HARD_LINK,
    KEPT,
    LINK,
    MADE,
    Entry,
    Index,
    Part,
    Stream,
    read_index,
)
from ansible_collections.fleet.python.plugins.module_utils._delta.lzma2 import SEPARATOR, filters, in_records, wrapped

_CHUNK = 1 << 18
_OLD_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OLD_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# In bytes. What is copied is bounded as what an archive unpacks to.
_MOST_BYTES = 4 << 30


def tree_digest(entries: Iterable[Entry], digests: Mapping[str, str]) -> str:
    """One sha256 for a tree: the digests and modes of its files, its links and empty directories, by their paths."""
    whole = hashlib.sha256()
    for entry in sorted(entries, key=lambda each: each.path):
        file = entry.kind in (KEPT, MADE)
        what = digests[entry.path] if file else entry.of
        words = ("file" if file else entry.kind, str(int(entry.executable)), what, entry.path, "")
        whole.update("\0".join(words).encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def apply_delta(delta: str, old: str, destination: str, archive: str, wanted: str = "") -> Contents:
    """Make the tree of a build in the existing directory ``destination``, from the home ``old`` and the file ``delta``.

    ``archive`` is the sha256 of the archive that the build would be unpacked from. Modes and owners become those that
    `unpack` gives. ``wanted`` is the `tree_digest` of that archive, if the delta's own is not trusted. Memory is
    bounded by `WINDOW`. Returns the files and links that were made: the same as in the archive, as the delta has one
    digest for all of them.
    Raises DeltaError, also where the old home is not what the delta was made for, and OSError if the host refuses.
    """
    umask = os.umask(0o022)
    home = _OldHome(old)
    tree = NewTree(destination)
    try:
        with open(delta, "rb") as file:
            index = read_index(file)
            if index.new != archive:
                raise DeltaError("it leads to another build than the one that is wanted")
            if wanted and index.tree != wanted:
                raise DeltaError("it leads to other files than the archive holds")
            for entry in index.entries:
                _begin(tree, entry, home)
            for stream in index.streams:
                _write_stream(tree, stream, file, home)
            if file.read(1):
                raise DeltaError("there is something after its end")
        _finish(tree, index)
    except (UnpackError, lzma.LZMAError, EOFError, MemoryError) as error:
        raise DeltaError(str(error) or type(error).__name__) from error
    except (FileExistsError, NotADirectoryError) as error:
        raise DeltaError(f"it names {error.filename!r} twice, or as a file and a folder") from error
    finally:
        os.umask(umask)
        home.close()
        tree.close()
    if tree_digest(index.entries, tree.contents.digests) != index.tree:
        raise DeltaError("what it makes is not the tree of the archive: the old home has changed, or the delta has")
    return tree.contents


class _OldHome:
    """The files of the old home, read by way of real folders only, and held against its manifest."""

    def __init__(self, path: str) -> None:
        self._manifest = _manifest_of(path)
        self._root = os.open(path, _OLD_FOLDER)
        # The folder that was used last: the next file is in it more often than not.
        self._last = os.dup(self._root)
        self._last_names: list[str] = []
        self._checked: set[str] = set()
        self.copied = 0

    def close(self) -> None:
        os.close(self._last)
        os.close(self._root)

    def open(self, path: str) -> BinaryIO:
        """A file of the home. Raises DeltaError where there is none."""
        *folders, name = path.split("/")
        try:
            above = self._folder(folders)
            file = open(os.open(name, _OLD_FILE, dir_fd=above), "rb", buffering=0)  # noqa: SIM115 - the caller closes it
        except OSError as error:
            raise DeltaError(f"{path} of the old home cannot be read: {error.strerror}") from error
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise DeltaError(f"{path} of the old home is no regular file")
        return file

    def _folder(self, names: list[str]) -> int:
        """A folder of the home. Raises OSError where a part of the way is none."""
        if names != self._last_names:
            above = os.dup(self._root)
            try:
                for name in names:
                    below = os.open(name, _OLD_FOLDER, dir_fd=above)
                    os.close(above)
                    above = below
            except OSError:
                os.close(above)
                raise
            os.close(self._last)
            self._last, self._last_names = above, names
        return self._last

    def check(self, path: str, digest: str) -> None:
        """Raises DeltaError if a file has another digest than it had when the home was made."""
        if self._manifest.get(path, digest) != digest:
            raise DeltaError(f"{path} of the old home has changed since it was installed")
        self._checked.add(path)

    def read(self, part: Part) -> Iterator[bytes]:
        """A part of a file, the whole of which is checked first. Raises DeltaError where it ends before."""
        with self.open(part.path) as file:
            if part.path not in self._checked:
                self.check(part.path, _digest_of(file))
            file.seek(part.start)
            left = part.size
            while left:
                piece = file.read(min(left, _CHUNK))
                if not piece:
                    raise DeltaError(f"{part.path} of the old home is shorter than it should be")
                left -= len(piece)
                yield piece


def _manifest_of(home: str) -> dict[str, str]:
    """The digests that the manifest of a home has, by path."""
    try:
        with open(os.path.join(home, MANIFEST), encoding="utf-8", errors="surrogateescape") as file:
            lines = [line.rstrip("\n").partition("  ") for line in file]
    except OSError as error:
        raise DeltaError(f"the manifest of the old home cannot be read: {error.strerror}") from error
    return {path: digest for digest, _blanks, path in lines}


def _digest_of(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while piece := file.read(_CHUNK):
        digest.update(piece)
    return digest.hexdigest()


def _begin(tree: NewTree, entry: Entry, home: _OldHome) -> None:
    """Make an entry, but for what the streams write. Hard links wait for their files."""
    *above, name = entry.path.split("/")
    if entry.kind == DIRECTORY:
        tree.directory((*above, name))
    elif entry.kind == LINK:
        os.symlink(entry.of, name, dir_fd=tree.directory(tuple(above)))
        tree.contents.links.add(entry.path)
    elif entry.kind in (KEPT, MADE):
        mode = 0o755 if entry.executable else 0o644
        with open(os.open(name, NEW_FILE, mode, dir_fd=tree.directory(tuple(above))), "wb", buffering=0) as new:
            if entry.kind == KEPT:
                tree.contents.digests[entry.path] = _copy(home, entry.of, new)


def _copy(home: _OldHome, path: str, new: BinaryIO) -> str:
    digest = hashlib.sha256()
    with home.open(path) as old:
        while piece := old.read(_CHUNK):
            home.copied += len(piece)
            if home.copied > _MOST_BYTES:
                raise DeltaError(f"it copies more than {_MOST_BYTES} bytes: no build is that large")
            digest.update(piece)
            _write(new, piece)
    home.check(path, digest.hexdigest())
    return digest.hexdigest()


def _write(file: BinaryIO, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[file.write(view) :]


def _write_stream(tree: NewTree, stream: Stream, delta: BinaryIO, home: _OldHome) -> None:
    """Write the new parts of one stream."""
    unpacked = _unpacked(stream, delta, home)
    rest = b""
    last, file = "", None
    try:
        for part in stream.new:
            if part.path != last or file is None:
                if file:
                    file.close()
                file, last = _made(tree, part.path), part.path
            file.seek(part.start)
            left = part.size
            while left:
                if not rest:
                    rest = next(unpacked, b"")
                    if not rest:
                        raise DeltaError("a stream ends before its files do")
                now, rest = rest[:left], rest[left:]
                _write(file, now)
                left -= len(now)
    finally:
        if file:
            file.close()
    if rest or next(unpacked, b""):
        raise DeltaError("a stream holds more than its files")


def _made(tree: NewTree, path: str) -> BinaryIO:
    """A file that this run has made, to write a part of it."""
    *above, name = path.split("/")
    folder = tree.directory(tuple(above))
    return open(os.open(name, os.O_RDWR | os.O_NOFOLLOW, dir_fd=folder), "rb+", buffering=0)


def _unpacked(stream: Stream, delta: BinaryIO, home: _OldHome) -> Iterator[bytes]:
    """What a stream unpacks to, after what the host has fed to it, in pieces of a bounded size."""
    known = sum(part.size for part in stream.old)
    window = known + stream.separator + sum(part.size for part in stream.new)
    decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters(window, stream.stride))
    skip = known + stream.separator
    for packed in _fed(stream, delta, home):
        waits = decoder.eof
        while not waits:
            piece = decoder.decompress(packed, _CHUNK)
            packed = b""
            known_here = min(skip, len(piece))
            skip -= known_here
            if len(piece) > known_here:
                yield piece[known_here:]
            waits = decoder.eof or decoder.needs_input
    if skip or not decoder.eof or decoder.unused_data:
        raise DeltaError("a stream is damaged: it does not end where it should")


def _fed(stream: Stream, delta: BinaryIO, home: _OldHome) -> Iterator[bytes]:
    """The stream from its beginning on: what the host has, and then what was sent."""

    def known() -> Iterable[bytes]:
        for part in stream.old:
            yield from home.read(part)
        yield SEPARATOR[: stream.skipped]

    yield from wrapped(in_records(known(), stream.stride))
    left = stream.packed
    while left:
        packed = delta.read(min(left, _CHUNK))
        if not packed:
            raise DeltaError("it is truncated")
        left -= len(packed)
        yield packed


def _finish(tree: NewTree, index: Index) -> None:
    """The digests of what the streams have written, and the hard links."""
    for entry in index.entries:
        if entry.kind == MADE:
            with _made(tree, entry.path) as file:
                tree.contents.digests[entry.path] = _digest_of(file)
    for entry in (each for each in index.entries if each.kind == HARD_LINK):
        *above, name = entry.path.split("/")
        *source, first = entry.of.split("/")
        if entry.of not in tree.contents.digests:
            raise DeltaError(f"the hard link {entry.path!r} leads to no file of the tree")
        folders = (tree.directory(tuple(source)), tree.directory(tuple(above)))
        os.link(first, name, src_dir_fd=folders[0], dst_dir_fd=folders[1], follow_symlinks=False)
        tree.contents.digests[entry.path] = tree.contents.digests[entry.of]
