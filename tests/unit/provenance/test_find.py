# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search for an attestation: in which order, once for a run, and what comes of places that fail."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._lock.attestation import Attestation
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Lock, Pin
from ansible_collections.fleet.python.plugins.plugin_utils._provenance import find as _find
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.attest import Attester, proven
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.errors import AttestationError
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.find import Finder
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.verify import Verifier
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError, UnreachedError
from ansible_collections.fleet.python.plugins.plugin_utils._sources.skipped import SkippedSources
from tests.unit.provenance.conftest import NAME, text


@dataclass
class At:
    """A place with bundles at hand, or with an error; ``asked`` counts."""

    name: str
    has: list[str] | Exception | None = None
    local: bool = False
    asked: int = field(default=0, repr=False)

    def bundles(self, entry: Entry) -> list[str] | None:
        self.asked += 1
        if isinstance(self.has, Exception):
            raise self.has
        return self.has


def finder(verifier: Verifier, run: Path, *places: At, stored: At | None = None) -> Finder:
    return Finder(verifier, [stored] if stored else [], places, run, SkippedSources(run))


def test_what_is_kept_comes_first(verifier: Verifier, good: dict[str, Any], entry: Entry, tmp_path: Path) -> None:
    kept, elsewhere = At("kept", [text(good)], local=True), At("elsewhere", [text(good)])
    found = finder(verifier, tmp_path, elsewhere, stored=kept).find(entry)
    assert found.attestation is not None
    assert (kept.asked, elsewhere.asked) == (1, 0)


def test_each_place_is_asked_once_in_a_run(
    verifier: Verifier, good: dict[str, Any], entry: Entry, tmp_path: Path
) -> None:
    """Each host of a play has a finder of its own."""
    empty, full = At("a"), At("b", [text(good)])
    first, second = (finder(verifier, tmp_path, empty, full).find(entry) for _host in range(2))
    assert first == second
    assert (empty.asked, full.asked) == (1, 1)


@pytest.mark.parametrize("error", [SourceError("x: HTTP 403"), UnreachedError("x: no answer")])
def test_a_failure_is_remembered_too(verifier: Verifier, entry: Entry, tmp_path: Path, error: SourceError) -> None:
    """A limit is not tried again for each host."""
    place = At("a", error)
    for _host in range(2):
        found = finder(verifier, tmp_path, place).find(entry)
        assert (found.attestation, found.why_not, found.gone) == (None, str(error), False)
    assert place.asked == 1


def test_the_next_place_takes_over(verifier: Verifier, good: dict[str, Any], entry: Entry, tmp_path: Path) -> None:
    down, full = At("a", UnreachedError("a: no answer")), At("b", [text(good)])
    assert finder(verifier, tmp_path, down, full).find(entry).attestation is not None
    # It is asked last for the rest of the run.
    other = Entry(entry.release, parse_asset(NAME.replace("3.13.2", "3.13.1")), entry.sha256)
    full.has = None
    finder(verifier, tmp_path, down, full).find(other)
    assert (down.asked, full.asked) == (2, 2)


def test_what_proves_nothing_is_no_reason_to_ask_on(
    verifier: Verifier, good: dict[str, Any], entry: Entry, tmp_path: Path
) -> None:
    wrong = At("a", ["{}"])
    with pytest.raises(AttestationError, match=f"^{NAME.replace('+', '.')}: the attestation from a is no bundle"):
        finder(verifier, tmp_path, wrong, At("b", [text(good)])).find(entry)


def test_a_senseless_answer_is_remembered_too(verifier: Verifier, entry: Entry, tmp_path: Path) -> None:
    place = At("a", AttestationError("a: its answer is no list"))
    for _host in range(2):
        with pytest.raises(AttestationError, match="a: its answer is no list"):
            finder(verifier, tmp_path, place).find(entry)
    assert place.asked == 1


def test_a_choice_from_a_lock_is_held_against_it(
    verifier: Verifier, good: dict[str, Any], entry: Entry, tmp_path: Path
) -> None:
    attester = Attester("when_present", finder(verifier, tmp_path, At("a", [text(good)])), SkippedSources(tmp_path))
    said = proven(attester, entry, None)
    assert said["not_attested"] == ""
    same = Attestation(**said["attestation"])
    pin = Pin(entry.asset, entry.release, entry.sha256, None, same)
    lock = Lock(("3.13",), {"x86_64_v3-unknown-linux-gnu": {"3.13": pin}})
    assert proven(attester, entry, lock) == said
    other = replace(
        lock, pins={"x86_64_v3-unknown-linux-gnu": {"3.13": replace(pin, attestation=replace(same, log_index=1))}}
    )
    with pytest.raises(AttestationError, match="has another attestation than the lock says"):
        proven(attester, entry, other)


def test_none_anywhere(verifier: Verifier, entry: Entry, tmp_path: Path) -> None:
    found = finder(verifier, tmp_path, At("a"), At("b")).find(entry)
    assert (found.why_not, found.gone) == ("there is none at: a, b", True)
    found = finder(verifier, tmp_path, At("a", UnreachedError("a: no answer")), At("b")).find(entry)
    assert (found.why_not, found.gone) == ("a: no answer", False)


def test_nothing_is_asked_of_a_release_before_the_first(verifier: Verifier, tmp_path: Path) -> None:
    old = Entry("20250205", parse_asset(NAME.replace("20250317", "20250205")), "a" * 64)
    place = At("a")
    found = finder(verifier, tmp_path, place).find(old)
    assert (found.expected, place.asked) == (False, 0)


def test_without_sigstore_it_is_said_and_nobody_is_asked(
    verifier: Verifier, entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_find, "is_installed", lambda: False)
    place = At("a")
    found = finder(verifier, tmp_path, place).find(entry)
    assert found.why_not.endswith("verifies attestations: python3 -m pip install sigstore")
    assert (found.gone, place.asked) == (False, 0)


def test_another_signer_is_judged_anew(verifier: Verifier, good: dict[str, Any], entry: Entry, tmp_path: Path) -> None:
    place = At("a", [text(good)], local=True)
    assert finder(verifier, tmp_path, place).find(entry).attestation is not None
    other = Verifier(type(verifier.signer)(repository="a/b"), verifier.root)
    with pytest.raises(AttestationError, match=r"does not prove that https://github\.com/a/b/"):
        finder(other, tmp_path, place).find(entry)
