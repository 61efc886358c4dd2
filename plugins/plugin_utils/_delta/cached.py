# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's cache of deltas: each is made or fetched once, however many hosts and forks want it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ansible_collections.fleet.python.plugins.module_utils._archive.gunzip import UnpackError
from ansible_collections.fleet.python.plugins.module_utils._archive.unpack import unpack
from ansible_collections.fleet.python.plugins.module_utils._delta.errors import DeltaError
from ansible_collections.fleet.python.plugins.module_utils._delta.index import MAGIC, read_index
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._builds.deltas import Delta
from ansible_collections.fleet.python.plugins.plugin_utils._cache.archives import (
    Archive,
    cache_directory,
    cached_archive,
)
from ansible_collections.fleet.python.plugins.plugin_utils._cache.limit import keep_within, limit, used
from ansible_collections.fleet.python.plugins.plugin_utils._cache.private import check_private, private_folder
from ansible_collections.fleet.python.plugins.plugin_utils._cache.single_flight import single_flight
from ansible_collections.fleet.python.plugins.plugin_utils._delta.make import Tree, digest_of_tree, make_delta
from ansible_collections.fleet.python.plugins.plugin_utils._sources.digest import digest_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.skipped import SkippedSources
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import Source, SourceError, fetch_from

# The folder of an archive that becomes a home. Those of the flavor full are no .tar.gz.
_TOP: Final = ("python",)


class NoDeltaError(Exception):
    """There is no delta, and the message says why. The whole archive does as well."""


def cached_delta(
    old: Entry, new: Entry, sources: Sequence[Source], skipped_sources: SkippedSources | None = None, *, make: bool
) -> Archive:
    """The delta from one asset to another, with its sha256. Made from both archives, whose digests are checked.

    ``make``: whether to make it if it is not there, which takes a minute or two. Raises NoDeltaError.
    """
    if old.asset.archive != "tar.gz" or new.asset.archive != "tar.gz":
        raise NoDeltaError("deltas are made of archives that are .tar.gz only")
    try:
        private_folder(cache_directory(), "deltas")
        private_folder(cache_directory(), "delta-trees")
        path = cache_directory() / "deltas" / f"{old.sha256}-{new.sha256}"
        note = path.with_name(path.name + ".sha256")
        for each in (path, note):
            if each.exists():
                check_private(each)
        if not make and not _good(path):
            raise NoDeltaError("there is none yet, and nothing says that making one pays: see delta_link")
        single_flight(path, lambda target: _make(old, new, sources, skipped_sources, target), good=_good)
        used(path)
        return Archive(path, note.read_text(encoding="ascii"))
    except (OSError, UnpackError, SourceError, ValueError, MemoryError) as error:
        raise NoDeltaError(f"it cannot be made: {str(error) or type(error).__name__}") from error


def pinned_delta(delta: Delta, sources: Sequence[Source], skipped_sources: SkippedSources | None = None) -> Archive:
    """The delta that a lock pins, by its sha256: from this cache, or from the first source that has it.

    Raises NoDeltaError.
    """
    try:
        folder = private_folder(cache_directory(), "deltas")
        path = folder / f"{delta.old.sha256}-{delta.new.sha256}"
        if not _is(path, delta.sha256):
            path = single_flight(
                folder / delta.sha256,
                lambda target: _fetch(delta, sources, skipped_sources, target),
                good=lambda found: _is(found, delta.sha256),
            )
        if path.stat().st_size != delta.size:
            raise NoDeltaError(f"{delta.path} has {path.stat().st_size} bytes, and the lock says {delta.size}")
        used(path)
        return Archive(path, delta.sha256)
    except (OSError, SourceError) as error:
        raise NoDeltaError(f"{delta.path} cannot be had: {error}") from error


def proven_delta(delta: Delta, sources: Sequence[Source], skipped_sources: SkippedSources | None = None) -> Archive:
    """As `pinned_delta`, for a delta that leads to the archive's own tree. Raises NoDeltaError."""
    found = pinned_delta(delta, sources, skipped_sources)
    try:
        with open(found.path, "rb") as file:
            index = read_index(file)
    except (DeltaError, OSError) as error:
        raise NoDeltaError(f"{delta.path}: {error}") from error
    if (index.old, index.new) != (delta.old.sha256, delta.new.sha256):
        raise NoDeltaError(f"{delta.path} is a delta between other archives than the lock says")
    if index.tree != archive_tree(delta.new, sources, skipped_sources):
        raise NoDeltaError(f"{delta.path} leads to other files than {delta.new.asset.name} holds")
    return found


def archive_tree(entry: Entry, sources: Sequence[Source], skipped_sources: SkippedSources | None = None) -> str:
    """The `digest_of_tree` of an asset's archive. Takes the archive, and some seconds, the first time.

    So what comes of a delta can be held against the archive itself, whoever has made the delta. Raises NoDeltaError.
    """
    scratch = cache_directory() / "delta-trees"

    def write(target: Path) -> None:
        tree = scratch / f"{entry.sha256}.tree"
        shutil.rmtree(tree, ignore_errors=True)
        try:
            tree.mkdir()
            archive = cached_archive(entry, sources, skipped_sources).path
            digests = unpack(str(archive), str(tree), _TOP).digests
            target.write_text(digest_of_tree(Tree(tree, entry.sha256, digests)), encoding="ascii")
        finally:
            shutil.rmtree(tree, ignore_errors=True)

    try:
        private_folder(cache_directory(), scratch.name)
        note = private_folder(cache_directory(), "deltas") / f"{entry.sha256}.tree"
        if note.exists():
            check_private(note)
        return single_flight(note, write).read_text(encoding="ascii")
    except (OSError, UnpackError, SourceError, ValueError) as error:
        raise NoDeltaError(f"the archive that it must lead to cannot be had: {error}") from error


def _is(path: Path, sha256: str) -> bool:
    if not path.is_file():
        return False
    check_private(path)
    return digest_of(path) == sha256


def _fetch(delta: Delta, sources: Sequence[Source], skipped_sources: SkippedSources | None, target: Path) -> None:
    fetch_from(sources, delta, target, skipped_sources, what="delta")
    keep_within(target.parent, limit())


def _good(path: Path) -> bool:
    """Whether a delta is there, and still what was made: its digest was noted then."""
    note = path.with_name(path.name + ".sha256")
    if not path.is_file() or not note.is_file() or digest_of(path) != note.read_text(encoding="ascii"):
        return False
    # Those of an older form are made anew.
    with open(path, "rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _make(
    old: Entry, new: Entry, sources: Sequence[Source], skipped_sources: SkippedSources | None, target: Path
) -> None:
    before, after = (cached_archive(entry, sources, skipped_sources) for entry in (old, new))
    scratch = cache_directory() / "delta-trees" / target.name
    make_delta((before.path, before.sha256), (after.path, after.sha256), _TOP, target, scratch)
    final = target.with_name(f"{old.sha256}-{new.sha256}.sha256")
    final.write_text(digest_of(target), encoding="ascii")
    keep_within(target.parent, limit())
