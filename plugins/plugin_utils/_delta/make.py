# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a delta from one archive to another. See module_utils/_delta/index.py for its form."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ansible_collections.fleet.python.plugins.module_utils._archive.manifest import BYTECODE
from ansible_collections.fleet.python.plugins.module_utils._archive.unpack import unpack
from ansible_collections.fleet.python.plugins.module_utils._delta.apply import tree_digest
from ansible_collections.fleet.python.plugins.module_utils._delta.index import (
    DIRECTORY,
    HARD_LINK,
    KEPT,
    LINK,
    MADE,
    WINDOW,
    Entry,
    Index,
    Part,
    Stream,
    index_text,
)
from ansible_collections.fleet.python.plugins.module_utils._home.relocate import is_rewritten
from ansible_collections.fleet.python.plugins.plugin_utils._delta.pack import pack
from ansible_collections.fleet.python.plugins.plugin_utils._delta.split import RECORD, split

# From this size on, in bytes, a file has streams of its own.
_LARGE: Final = 4 << 20
# How much further than its share a part of a long stream looks at the old bytes, to both sides.
_MARGIN: Final = 1 << 20
# Each packer takes up to seven times a stream's window.
_PACKERS: Final = 2
_MINOR: Final = re.compile(r"3\.[0-9]+")


@dataclass(frozen=True, slots=True)
class Tree:
    """An unpacked archive: where it is, the archive's sha256, and the sha256 of each file."""

    path: Path
    sha256: str
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Share:
    """What one stream will hold."""

    old: list[Part]
    new: list[Part]
    stride: int


def make_delta(old: tuple[Path, str], new: tuple[Path, str], top: Sequence[str], target: Path, scratch: Path) -> None:
    """Write the delta that leads from one ``.tar.gz`` to another, each with its sha256, into the file ``target``.

    ``top`` is the folder of both archives that becomes the home. ``scratch`` is a folder that is made for the work and
    removed. Takes a minute or two, and up to 1 GB of memory. Raises UnpackError and OSError.
    """
    # What a run that was killed has left.
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        trees: dict[str, Tree] = {}
        for name, (archive, sha256) in (("old", old), ("new", new)):
            path = scratch / name
            path.mkdir(parents=True)
            trees[name] = Tree(path, sha256, unpack(str(archive), str(path), tuple(top)).digests)
        write_delta(trees["old"], trees["new"], target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_delta(old: Tree, new: Tree, target: Path) -> None:
    """Write the delta from one tree to another. Raises OSError."""
    entries = _entries(old, new)
    shares = _shares(old, new, [entry for entry in entries if entry.kind == MADE], entries)
    with ThreadPoolExecutor(_PACKERS) as packers:
        packed = list(packers.map(lambda share: _packed(old, new, share), shares))
    streams = [
        Stream(share.old, share.new, len(chunks), skipped, share.stride)
        for share, (chunks, skipped) in zip(shares, packed, strict=True)
    ]
    index = Index(old.sha256, new.sha256, digest_of_tree(new), entries, streams)
    target.write_bytes(b"".join([index_text(index), *(chunks for chunks, _skipped in packed)]))


def digest_of_tree(tree: Tree) -> str:
    """What a delta to an archive must say of the archive's tree. Raises OSError."""
    return tree_digest(dict(tree.digests))


def _packed(old: Tree, new: Tree, share: _Share) -> tuple[bytes, int]:
    found = pack(_read(old, share.old), _read(new, share.new), share.stride)
    return found.chunks, found.skipped


def _read(tree: Tree, parts: Iterable[Part]) -> bytes:
    found = []
    for part in parts:
        with open(tree.path / part.path, "rb") as file:
            file.seek(part.start)
            found.append(file.read(part.size))
    return b"".join(found)


def _usable(path: str) -> bool:
    """Whether a host's home has the same file as the archive that it was made from."""
    return not is_rewritten(path) and f"/{BYTECODE}/" not in f"/{path}"


def _entries(old: Tree, new: Tree) -> list[Entry]:
    """Everything in the new tree, sorted by path."""
    known = {digest: path for path, digest in sorted(old.digests.items(), reverse=True) if _usable(path)}
    found: list[Entry] = []
    names: dict[tuple[int, int], str] = {}
    for path in sorted(new.path.rglob("*")):
        name = str(path.relative_to(new.path))
        status = path.lstat()
        if path.is_symlink():
            found.append(Entry(LINK, name, False, os.readlink(path), 0))
        elif path.is_dir():
            found += [] if any(path.iterdir()) else [Entry(DIRECTORY, name, False, "", 0)]
        elif (first := names.setdefault((status.st_dev, status.st_ino), name)) != name:
            found.append(Entry(HARD_LINK, name, False, first, 0))
        else:
            digest = new.digests[name]
            same = name if old.digests.get(name) == digest and _usable(name) else known.get(digest)
            executable = bool(status.st_mode & 0o111)
            found.append(
                Entry(KEPT, name, executable, same, 0) if same else Entry(MADE, name, executable, "", status.st_size)
            )
    return found


def _shares(old: Tree, new: Tree, made: Sequence[Entry], entries: Iterable[Entry]) -> list[_Share]:
    """The streams: for each large file one of its tables and one of all else, and one for all small files."""
    shares: list[_Share] = []
    by_name = {_plain(path): path for path in sorted(old.digests) if _usable(path)}
    large = [entry for entry in made if entry.size >= _LARGE]
    for entry in large:
        before = by_name.get(_plain(entry.path))
        for stride in (0, RECORD):
            parts = (_parts(old, before, stride) if before else [], _parts(new, entry.path, stride))
            shares += _within_window(*parts, stride)
    kept = {entry.of for entry in entries if entry.kind == KEPT}
    taken = {by_name.get(_plain(entry.path)) for entry in large}
    before_small = [path for path in by_name.values() if path not in kept and path not in taken]
    parts = (
        [Part(path, 0, (old.path / path).stat().st_size) for path in sorted(before_small)],
        [Part(entry.path, 0, entry.size) for entry in made if entry.size < _LARGE],
    )
    return shares + _within_window(*parts, 0)


def _plain(path: str) -> str:
    """A path without the minor version, which the same file has of another version."""
    return _MINOR.sub("3", path)


def _parts(tree: Tree, path: str, stride: int) -> list[Part]:
    content = (tree.path / path).read_bytes()
    return [Part(path, piece.start, piece.size) for piece in split(content) if piece.table == bool(stride)]


def _within_window(old: list[Part], new: list[Part], stride: int) -> list[_Share]:
    """One stream, or several for what a host has no memory for: each looks at its part of the old bytes."""
    new = [part for part in new if part.size]
    before, after = (sum(part.size for part in parts) for parts in (old, new))
    if not after:
        return []
    count = 1 if before + after <= WINDOW else -(-(before + after) // (WINDOW - 4 * _MARGIN))
    shares = []
    for number in range(count):
        start, end = (_rounded(after * each // count) for each in (number, number + 1))
        from_, to = (_rounded(before * each // count) for each in (number, number + 1))
        last = number + 1 == count
        shares.append(
            _Share(
                _cut(old, max(from_ - _MARGIN, 0), before if last else min(to + _MARGIN, before)),
                _cut(new, start, after if last else end),
                stride,
            )
        )
    return shares


def _rounded(place: int) -> int:
    """A place between two records."""
    return place - place % RECORD


def _cut(parts: Iterable[Part], start: int, end: int) -> list[Part]:
    """The parts from ``start`` to ``end``, counted over all of them."""
    found = []
    at = 0
    for part in parts:
        first, last = max(start - at, 0), min(end - at, part.size)
        if first < last:
            found.append(Part(part.path, part.start + first, last - first))
        at += part.size
    return found
