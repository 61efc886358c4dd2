# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attest what a task pins, bundles or chooses, as its options say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Lock, Pin
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.beside import Beside
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.find import Finder, Found
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.places import places_of
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.settle import (
    OFF,
    checked,
    not_attested,
    settled,
)
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.signer import signer_of
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.verify import Verifier, is_installed
from ansible_collections.fleet.python.plugins.plugin_utils._sources.skipped import SkippedSources
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import Source


@dataclass(frozen=True)
class Attester:
    """The attestations of a task: ``mode`` is its option, ``finder`` is None where nothing is sought."""

    mode: str
    finder: Finder | None
    skipped_sources: SkippedSources
    root_note: str = ""

    def find(self, entries: Iterable[Entry], *, stored_only: Iterable[str] = ()) -> dict[str, Found]:
        """What is found, by ``<release>/<asset>``; nothing where nothing is sought.

        ``stored_only`` names those for which no other place is asked than what is kept already.
        Raises AttestationError.
        """
        if self.finder is None:
            return {}
        kept = set(stored_only)
        unique = {entry.path: entry for entry in entries}
        return {path: self.finder.find(entry, stored_only=path in kept) for path, entry in unique.items()}

    def settle(self, found: Mapping[str, Found], pin: Pin, before: Pin | None) -> Pin:
        """The pin with its attestation; for `add_pins`. Raises AttestationError."""
        return settled(self.mode, pin, before, found.get(pin.entry.path))

    def check(self, lock: Lock) -> None:
        """Verify again all that a lock says, by what is kept. Raises AttestationError."""
        if self.finder is not None:
            recorded = lock.attestations()
            entries = [entry for entry in lock.entries() if entry.path in recorded]
            checked(recorded, self.find(entries, stored_only=recorded))

    def carried(self, lock: Lock) -> dict[str, str]:
        """The attestations that a bundle of the lock carries, as JSON by ``<release>/<asset>``.

        Raises AttestationError where one is required and missing, or is not what the lock says.
        """
        found = self.find(lock.entries())
        for pin in lock.all_pins():
            self.settle(found, pin, pin)
        self.tell(lock.all_pins(), found, lock)
        return texts(found)

    def tell(self, pins: Sequence[Pin], found: Mapping[str, Found], before: Lock | None) -> None:
        """Note what is not attested, once in a run."""
        said = [*not_attested(pins, found, before), *([self.root_note] if found and self.root_note else [])]
        self.skipped_sources.notes += [note for note in said if self.skipped_sources.first("attestation", note)]


def attester_of(
    options: Mapping[str, Any],
    sources: Sequence[Source],
    kept: Iterable[Source | None],
    run_directory: Path,
    skipped_sources: SkippedSources,
) -> Attester:
    """The attester of a task's options. ``kept`` is where its lock and its bundle keep attestations.

    Raises AttestationError and SourceError naming the option that makes no sense.
    """
    mode = options["attestation"]
    if mode == OFF:
        return Attester(mode, None, skipped_sources)
    signer = signer_of(options)
    root = options["attestation_trusted_root"]
    verifier = Verifier(signer, Path(root) if root else None)
    places = places_of(options, sources, signer)
    finder = Finder(verifier, [Beside(source) for source in kept if source], places, run_directory, skipped_sources)
    return Attester(mode, finder, skipped_sources, verifier.note if is_installed() else "")


def texts(found: Mapping[str, Found]) -> dict[str, str]:
    """The verified bundles, as JSON by ``<release>/<asset>``."""
    return {path: each.text for path, each in found.items() if each.attestation}


def proven(attester: Attester, entry: Entry, lock: Lock | None) -> dict[str, Any]:
    """What M(fleet.python.asset_info) says of an asset, which is from ``lock`` if there is one.

    Raises AttestationError where one is required and missing, or is not what the lock says.
    """
    found = attester.find([entry])
    pin = Pin(entry.asset, entry.release, entry.sha256, None)
    recorded = replace(pin, attestation=lock.attestations().get(entry.path)) if lock else None
    attester.settle(found, pin, recorded)
    mine = found.get(entry.path) or Found(why_not=f"attestation is {OFF}")
    return {
        "attestation": asdict(mine.attestation) if mine.attestation else None,
        "not_attested": mine.why_not,
    }
