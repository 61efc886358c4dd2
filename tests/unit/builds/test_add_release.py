# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The maintainer's command that adds a release to the bundled catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.bundled import BundledCatalogue
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import CatalogueError
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import DirectorySource
from tests.catalogue.add_release import add_release, main

NAME = "cpython-3.14.10+20261101-x86_64-unknown-linux-gnu-install_only.tar.gz"
SUMS = f"{'a' * 64}  {NAME}\n{'b' * 64}  {NAME.replace('x86_64', 'aarch64')}\n{'c' * 64}  README.md\n"


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    base = tmp_path / "mirror"
    (base / "20261101").mkdir(parents=True)
    (base / "20261101" / "SHA256SUMS").write_text(SUMS, encoding="utf-8")
    (base / "latest-release.json").write_text('{"version": 1, "tag": "20261101"}', encoding="utf-8")
    return base


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    target = tmp_path / "catalogue"
    target.mkdir()
    return target


@pytest.mark.parametrize("release", ["20261101", "latest"])
def test_a_release_is_added_as_upstream_has_it(mirror: Path, directory: Path, release: str) -> None:
    said = add_release(DirectorySource(mirror), release, directory)
    assert said == "20261101.sha256sums: 2 assets, 0 of them known before\n  not a CPython asset: README.md"
    assert (directory / "20261101.sha256sums").read_text(encoding="utf-8") == SUMS
    assert BundledCatalogue(directory, origin="x").versions() == {"3.14.10"}
    assert [path.name for path in directory.iterdir()] == ["20261101.sha256sums"]


def test_a_release_known_in_part_is_completed(mirror: Path, directory: Path) -> None:
    (directory / "20261101.sha256sums").write_text(SUMS.splitlines(keepends=True)[0], encoding="utf-8")
    assert "2 assets, 1 of them known before" in add_release(DirectorySource(mirror), "20261101", directory)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (SUMS.replace("a" * 64, "d" * 64), f"20261101/{NAME}: known sha256 {'d' * 64}, now {'a' * 64}"),
        (
            SUMS + f"{'e' * 64}  {NAME.replace('x86_64', 's390x')}\n",
            "no longer lists, of 20261101:\n  20261101/cpython",
        ),
    ],
)
def test_what_the_catalogue_knows_is_not_changed(mirror: Path, directory: Path, known: str, said: str) -> None:
    path = directory / "20261101.sha256sums"
    path.write_text(known, encoding="utf-8")
    with pytest.raises(CatalogueError) as refusal:
        add_release(DirectorySource(mirror), "20261101", directory)
    assert said in str(refusal.value)
    assert path.read_text(encoding="utf-8") == known


@pytest.mark.parametrize("text", ["<html>", f"{'c' * 64}  README.md\n"])
def test_a_file_that_is_no_sums_is_not_copied(mirror: Path, directory: Path, text: str) -> None:
    (mirror / "20261101" / "SHA256SUMS").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError):
        add_release(DirectorySource(mirror), "20261101", directory)
    assert list(directory.iterdir()) == []


def test_the_command_says_what_is_missing(mirror: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["20991231", str(mirror)]) == 1
    assert "has no 20991231/SHA256SUMS" in capsys.readouterr().err
