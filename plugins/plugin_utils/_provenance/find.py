# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find an asset's attestation and verify it. The processes of a run share what each place has answered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._cache.single_flight import single_flight
from ansible_collections.fleet.python.plugins.plugin_utils._lock.attestation import Attestation
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.beside import Place
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.errors import AttestationError
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.signer import FIRST_RELEASE
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.verify import MISSING, Verifier, is_installed
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError, UnreachedError
from ansible_collections.fleet.python.plugins.plugin_utils._sources.skipped import SkippedSources

# What a place may raise, by name. Any other SourceError is one.
_FAILURES: Final[dict[str, type[ValueError]]] = {
    kind.__name__: kind for kind in (AttestationError, SourceError, UnreachedError)
}


@dataclass(frozen=True, slots=True)
class Found:
    """What came of the search for an asset's attestation."""

    attestation: Attestation | None = None
    text: str = ""
    """The verified bundle as JSON."""
    why_not: str = ""
    """Why there is none."""
    gone: bool = False
    """Whether each place has answered, and has none."""
    expected: bool = True
    """Whether builds of that release should have one."""
    asked: bool = True
    """Whether others were asked than what is kept already."""


class Finder:
    """Asks ``stored``, which is what a lock and a bundle have kept, and then the other places, in their order."""

    def __init__(
        self,
        verifier: Verifier,
        stored: Sequence[Place],
        places: Sequence[Place],
        run_directory: Path,
        skipped_sources: SkippedSources,
    ) -> None:
        self._verifier = verifier
        self._stored = stored
        self._places = places
        self._shared = run_directory / "fleet.python"
        self._skipped = skipped_sources

    def find(self, entry: Entry, *, stored_only: bool = False) -> Found:
        """The attestation. Raises AttestationError where one is there and does not prove what it should."""
        if not self._verifier.signer.attests(entry.release):
            return Found(why_not=f"upstream attests its builds since release {FIRST_RELEASE}", expected=False)
        if not is_installed():
            return Found(why_not=MISSING)
        places = list(self._stored)
        if not stored_only:
            places += sorted(self._places, key=lambda place: self._skipped.is_down(place.name))
        failures: list[str] = []
        for place in places:
            try:
                texts = place.bundles(entry) if place.local else self._remembered(place, entry)
            except SourceError as error:
                if isinstance(error, UnreachedError):
                    self._skipped.mark_down(place.name)
                failures.append(str(error))
            except AttestationError as error:
                raise AttestationError(f"{entry.asset.name}: {error}") from error
            else:
                if texts:
                    return self._judged(texts, entry, place.name)
        if failures:
            return Found(why_not="; ".join(failures), asked=not stored_only)
        where = ", ".join(place.name for place in places) or "no attestation_source is named"
        return Found(why_not=f"there is none at: {where}", gone=True, asked=not stored_only)

    def _judged(self, texts: list[str], entry: Entry, name: str) -> Found:
        """Verified once in a run, since the import of sigstore alone takes most of a second."""

        def judge() -> dict[str, Any]:
            try:
                attestation, text = self._verifier.fitting(texts, entry)
            except AttestationError as error:
                return {"refused": str(error)}
            return {"attestation": asdict(attestation), "text": text}

        said = self._once(["verify", self._verifier.key, entry.path, entry.sha256, *texts], judge)
        if "refused" in said:
            raise AttestationError(f"{entry.asset.name}: the attestation from {name} {said['refused']}")
        return Found(Attestation(**said["attestation"]), said["text"])

    def _remembered(self, place: Place, entry: Entry) -> list[str] | None:
        """What a place has answered in this run. An error is remembered too: a limit is not for each host anew."""

        def answer() -> dict[str, Any]:
            try:
                return {"texts": place.bundles(entry)}
            except (AttestationError, SourceError) as error:
                return {"failed": type(error).__name__, "why": str(error)}

        said = self._once(["ask", repr(place), entry.path, entry.sha256], answer)
        if "failed" in said:
            raise _FAILURES.get(said["failed"], SourceError)(said["why"])
        texts: list[str] | None = said["texts"]
        return texts

    def _once(self, key: Sequence[str], make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        name = hashlib.sha256("\0".join(key).encode()).hexdigest()

        def write(target: Path) -> None:
            target.write_text(json.dumps(make()), encoding="utf-8")

        path = single_flight(self._shared / f"attestation-{name}", write)
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return said
