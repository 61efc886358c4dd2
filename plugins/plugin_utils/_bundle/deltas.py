# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which deltas a bundle holds. They are made once, and the lock inside names them from then on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Catalogue, Entry
from ansible_collections.fleet.python.plugins.plugin_utils._builds.deltas import Delta, older_patches
from ansible_collections.fleet.python.plugins.plugin_utils._bundle.files import BundleError
from ansible_collections.fleet.python.plugins.plugin_utils._cache.archives import cached_asset
from ansible_collections.fleet.python.plugins.plugin_utils._delta.cached import (
    NoDeltaError,
    cached_delta,
    pinned_delta,
)
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Lock
from ansible_collections.fleet.python.plugins.plugin_utils._sources.skipped import SkippedSources
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import Source

# Makes the delta from one asset to another. Raises NoDeltaError.
Make = Callable[[Entry, Entry], Delta]
# No minor version has had more.
MOST_PATCHES: Final = 50


@dataclass(frozen=True, slots=True)
class DeltaMaker:
    """Makes the deltas of a bundle, and gets what the bundle holds.

    ``write`` is false in check mode. ``makes``: whether any may be made, or only those carried that a lock names.
    """

    sources: Sequence[Source]
    skipped_sources: SkippedSources
    write: bool
    makes: bool = True

    def make(self, old: Entry, new: Entry) -> Delta:
        """The delta from one asset to another. In check mode, one that is not made yet has no digest, and no size.

        Raises NoDeltaError.
        """
        try:
            made = cached_delta(old, new, self.sources, self.skipped_sources, make=self.write)
        except NoDeltaError:
            if self.write or new.asset.archive != "tar.gz":
                raise
            return Delta(old, new, "", 0)
        return Delta(old, new, made.sha256, made.path.stat().st_size)

    def get(self, file: Entry | Delta) -> Path:
        """An asset, or a delta that the lock names, on the controller. Raises BundleError, SourceError."""
        if isinstance(file, Entry):
            return cached_asset(file, self.sources, self.skipped_sources)
        try:
            return pinned_delta(file, self.sources, self.skipped_sources).path
        except NoDeltaError as error:
            if again := self._again(file):
                return again
            raise BundleError(
                f"the lock names a delta, and {error}; name a source that has it, or a lock without it"
            ) from error

    def _again(self, delta: Delta) -> Path | None:
        """A delta made once more, if the same comes of it: the same library packs the same bytes."""
        if not self.makes:
            return None
        with suppress(NoDeltaError):
            made = cached_delta(delta.old, delta.new, self.sources, self.skipped_sources, make=True)
            return made.path if made.sha256 == delta.sha256 else None
        return None


def deltas_of(
    lock: Lock, kept: Iterable[Delta], count: int, catalogue: Catalogue, make: Make
) -> tuple[list[Delta], list[str]]:
    """The deltas to all that a lock pins from the last ``count`` patch versions, and why others cannot be made.

    Those in ``kept``, which a lock names already, are not made again.
    """
    known = {(delta.old, delta.new): delta for delta in kept}
    found: list[Delta] = []
    notes: list[str] = []
    for new in lock.entries():
        for old in older_patches(new, catalogue, count):
            try:
                found.append(known.get((old, new)) or make(old, new))
            except NoDeltaError as error:
                notes.append(f"there is no delta from {old.path} to {new.path}: {error}")
    return found, notes
