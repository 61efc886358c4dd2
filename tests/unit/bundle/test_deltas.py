# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deltas of a bundle: made once, and named by its lock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry, ListCatalogue
from ansible_collections.fleet.python.plugins.plugin_utils._builds.deltas import Delta
from ansible_collections.fleet.python.plugins.plugin_utils._bundle import deltas as _deltas
from ansible_collections.fleet.python.plugins.plugin_utils._bundle.contents import contents
from ansible_collections.fleet.python.plugins.plugin_utils._bundle.deltas import DeltaMaker, deltas_of
from ansible_collections.fleet.python.plugins.plugin_utils._bundle.files import BundleError
from ansible_collections.fleet.python.plugins.plugin_utils._cache.archives import Archive
from ansible_collections.fleet.python.plugins.plugin_utils._delta.cached import NoDeltaError
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Lock, Pin
from ansible_collections.fleet.python.plugins.plugin_utils._sources.skipped import SkippedSources

_GNU = "x86_64_v2-unknown-linux-gnu"


def _entry(version: str, release: str, sha256: str, kind: str = "install_only_stripped.tar.gz") -> Entry:
    return Entry(release, parse_asset(f"cpython-{version}+{release}-{_GNU}-{kind}"), sha256)


NEW = _entry("3.12.6", "20240909", "a" * 64)
FIVE, TWO = _entry("3.12.5", "20240814", "b" * 64), _entry("3.12.2", "20240224", "c" * 64)
LOCK = Lock(("3.12",), {_GNU: {"3.12": Pin(NEW.asset, NEW.release, NEW.sha256, None)}})
KNOWN = ListCatalogue([NEW, FIVE, TWO], origin="x")


def test_what_is_named_already_is_not_made_again() -> None:
    made = []

    def make(old: Entry, new: Entry) -> Delta:
        made.append(old)
        return Delta(old, new, "e" * 64, 5)

    kept = Delta(FIVE, NEW, "d" * 64, 4)
    found, notes = deltas_of(LOCK, [kept], 3, KNOWN, make)
    assert (found, notes, made) == ([kept, Delta(TWO, NEW, "e" * 64, 5)], [], [TWO])


def test_one_that_cannot_be_made_is_told() -> None:
    def make(_old: Entry, _new: Entry) -> Delta:
        raise NoDeltaError("no source has it")

    found, notes = deltas_of(LOCK, [], 1, KNOWN, make)
    assert found == []
    assert notes == [f"there is no delta from {FIVE.path} to {NEW.path}: no source has it"]


def test_check_mode_makes_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def cached(*_others: Any, make: bool) -> Archive:
        if not make:
            raise NoDeltaError("there is none yet")
        (tmp_path / "delta").write_bytes(b"delta")
        return Archive(tmp_path / "delta", "e" * 64)

    monkeypatch.setattr(_deltas, "cached_delta", cached)
    assert DeltaMaker((), SkippedSources(), write=False).make(TWO, NEW) == Delta(TWO, NEW, "", 0)
    assert DeltaMaker((), SkippedSources(), write=True).make(TWO, NEW) == Delta(TWO, NEW, "e" * 64, 5)


def test_one_that_the_lock_names_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(delta: Delta, *_others: Any) -> Archive:
        raise NoDeltaError(f"{delta.path} cannot be had: no source gave the delta")

    monkeypatch.setattr(_deltas, "pinned_delta", missing)
    monkeypatch.setattr(_deltas, "cached_delta", lambda *_others, make: Archive(Path("made"), "e" * 64))
    maker = DeltaMaker((), SkippedSources(), write=True)
    assert maker.get(Delta(TWO, NEW, "e" * 64, 5)) == Path("made")
    for other, sha256 in ((maker, "f" * 64), (replace(maker, makes=False), "e" * 64)):
        with pytest.raises(BundleError, match=r"the lock names a delta, and 20240909/cpython-3\.12\.6.*cannot be had"):
            other.get(Delta(TWO, NEW, sha256, 5))


def test_it_lies_beside_its_archive() -> None:
    delta = Delta(TWO, NEW, "e" * 64, 5)
    names = {file.name: file.sha256 for file in contents("lock\n", [NEW], deltas=[delta])}
    assert names[f"{NEW.path}.from-{'c' * 16}.delta"] == "e" * 64
    assert list(names).index(NEW.path) < list(names).index(delta.path) < list(names).index("SHA256SUMS")
