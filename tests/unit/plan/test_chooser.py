# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sources may say what is right: none that anybody on the way can change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import CatalogueError
from ansible_collections.fleet.python.plugins.plugin_utils._plan.chooser import catalogue_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import DirectorySource, HttpSource

NAME = "cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-install_only.tar.gz"


@dataclass(frozen=True)
class Answers(HttpSource):
    """A source whose small files are at hand, without a network."""

    files: Mapping[str, str] = field(default_factory=dict)

    def read_text(self, relative: str) -> str | None:
        return self.files.get(relative)


def source(base: str, digest: str = "a" * 64) -> Answers:
    return Answers(base, files={"SHA256SUMS": f"{digest}  20250317/{NAME}\n"})


@pytest.mark.parametrize(
    ("base", "authentic"),
    [
        ("https://mirror.example.com/x", True),
        ("http://mirror.example.com/x", False),
        ("http://10.0.0.1:8080", False),
        ("http://127.0.0.1:8080/x", True),
        ("http://[::1]/x", True),
        ("http://localhost/x", True),
        ("http://localhost.example.com/x", False),
        ("http://127.example.com/x", False),
    ],
)
def test_which_source_nobody_can_change_on_the_way(base: str, authentic: bool) -> None:
    assert HttpSource(base).authentic is authentic


def test_a_directory_is_trusted(tmp_path: Path) -> None:
    assert DirectorySource(tmp_path).authentic


@pytest.mark.parametrize(("option", "release"), [("source", None), ("bundled", "latest")])
def test_plain_http_says_nothing_of_digests(option: str, release: str | None, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"http://mirror is plain HTTP.*insecure_source: true"):
        catalogue_of(option, [source("http://mirror")], release, tmp_path)
    allowed = catalogue_of("source", [source("http://mirror")], release, tmp_path, insecure=True)
    assert [entry.sha256 for entry in allowed.entries()] == ["a" * 64]


def test_the_next_source_is_asked(tmp_path: Path) -> None:
    found = catalogue_of("source", [source("http://one"), source("https://two", "b" * 64)], None, tmp_path)
    assert [entry.sha256 for entry in found.entries()] == ["b" * 64]


def test_other_catalogues_ask_no_source(tmp_path: Path) -> None:
    sums = tmp_path / "sums"
    sums.write_text(f"{'c' * 64}  20250317/{NAME}\n")
    for option in ("bundled", str(sums)):
        assert catalogue_of(option, [source("http://mirror")], None, tmp_path).entries()
