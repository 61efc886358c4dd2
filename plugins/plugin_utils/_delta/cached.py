# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's cache of deltas: each is made once, however many hosts and forks want it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ansible_collections.fleet.python.plugins.module_utils._archive.gunzip import UnpackError
from ansible_collections.fleet.python.plugins.module_utils._delta.index import MAGIC
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._cache.archives import (
    Archive,
    cache_directory,
    cached_archive,
)
from ansible_collections.fleet.python.plugins.plugin_utils._cache.limit import keep_within, limit, used
from ansible_collections.fleet.python.plugins.plugin_utils._cache.private import check_private, private_folder
from ansible_collections.fleet.python.plugins.plugin_utils._cache.single_flight import single_flight
from ansible_collections.fleet.python.plugins.plugin_utils._delta.make import make_delta
from ansible_collections.fleet.python.plugins.plugin_utils._sources.digest import digest_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.skipped import SkippedSources
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import Source, SourceError

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
