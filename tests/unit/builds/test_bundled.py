# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue that ships with the collection, and any directory of its form."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.bundled import (
    SUFFIX,
    BundledCatalogue,
    bundled_catalogue,
)
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import CatalogueError, Entry, parse_sums
from tests.catalogue.mark_partial import marked


@pytest.fixture(scope="module")
def strictly() -> list[Entry]:
    """All files as the strict parser reads them."""
    entries: list[Entry] = []
    for path in bundled_catalogue().directory.iterdir():
        assert path.name.endswith(SUFFIX)
        release = path.name.removesuffix(SUFFIX)
        sums = parse_sums(path.read_text(encoding="utf-8"), origin=path.name, release=release)
        assert sums.entries
        entries.extend(sums.entries)
    return entries


def test_a_list_that_lacks_triples_of_its_release_says_so() -> None:
    for path in bundled_catalogue().directory.iterdir():
        text = path.read_text(encoding="utf-8")
        assert marked(text, path.name.removesuffix(SUFFIX)) == text, "python -m tests.catalogue.mark_partial"
    lacks = bundled_catalogue().missing_triples("20261021")
    assert "x86_64_v3-unknown-linux-gnu" in lacks
    assert "x86_64-unknown-linux-gnu" not in lacks
    assert bundled_catalogue().missing_triples("20260814") == frozenset()
    assert bundled_catalogue().missing_triples("no such release") == frozenset()


def by_path(entries: list[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.path)


def test_the_quick_reader_reads_what_the_strict_one_does(strictly: list[Entry]) -> None:
    catalogue = bundled_catalogue()
    assert by_path(list(catalogue.entries())) == by_path(strictly)
    assert catalogue.versions() == {entry.asset.version for entry in strictly}
    assert set(catalogue.releases()) == {entry.release for entry in strictly}


def test_it_holds_every_asset_known_with_a_digest_in_november_2026(strictly: list[Entry]) -> None:
    assert len(strictly) >= 6443
    assert {"20200418", "20250317", "20261021"} <= {entry.release for entry in strictly}


def test_one_digest_stands_for_one_asset(strictly: list[Entry]) -> None:
    assert len({entry.sha256 for entry in strictly}) == len(strictly)


def test_one_release_and_one_version_at_a_time(strictly: list[Entry]) -> None:
    catalogue = bundled_catalogue()
    expected = [entry for entry in strictly if entry.release == "20250317" and entry.asset.version == "3.13.2"]
    assert by_path(list(catalogue.entries("20250317", "3.13.2"))) == by_path(expected)
    assert catalogue.versions("20250317") == {"3.9.21", "3.10.16", "3.11.11", "3.12.9", "3.13.2"}
    assert list(catalogue.entries("19990101")) == []
    assert list(catalogue.entries("20250317", "3.7.1")) == []


LINE = "a" * 64 + "  cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-install_only.tar.gz\n"


def test_only_the_file_of_the_release_asked_for_is_read(tmp_path: Path) -> None:
    (tmp_path / f"20250317{SUFFIX}").write_text(LINE, encoding="utf-8")
    (tmp_path / f"20250409{SUFFIX}").write_text("<html>", encoding="utf-8")
    catalogue = BundledCatalogue(tmp_path, origin="here")
    assert catalogue.releases() == ("20250409", "20250317")
    assert [entry.release for entry in catalogue.entries("20250317")] == ["20250317"]
    with pytest.raises(CatalogueError, match="lists no CPython asset: it should be release 20250409's SHA256SUMS"):
        catalogue.entries()


def test_adding_a_release_is_copying_one_file(tmp_path: Path) -> None:
    (tmp_path / f"20250317{SUFFIX}").write_text(LINE, encoding="utf-8")
    assert BundledCatalogue(tmp_path, origin="here").versions() == {"3.13.2"}
    (tmp_path / f"20261101{SUFFIX}").write_text(LINE.replace("3.13.2+20250317", "3.14.10+20261101"), encoding="utf-8")
    assert BundledCatalogue(tmp_path, origin="here").versions() == {"3.13.2", "3.14.10"}


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / f"20250317{SUFFIX}").write_bytes(b"\xff\xfe")
    with pytest.raises(CatalogueError, match="cannot read the catalogue of release 20250317"):
        BundledCatalogue(tmp_path, origin="here").versions()
