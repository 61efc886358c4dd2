# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's table of platforms is made from the data that the collection chooses by."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.triples import TRIPLES
from tests.gates import platforms
from tests.gates.generated import between
from tests.gates.places import REPOSITORY


def test_the_readmes_table_is_written_anew(capsys: pytest.CaptureFixture[str]) -> None:
    assert platforms.main(["--check"]) == 0, capsys.readouterr().out


def test_a_stale_table_is_noticed() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    later = [dataclasses.replace(triple, first="20991231") for triple in TRIPLES.values()]
    assert between(readme, platforms.BEGIN, platforms.END, platforms.table(TRIPLES.values())) == readme
    assert between(readme, platforms.BEGIN, platforms.END, platforms.table(later)) != readme


def test_a_line_for_each_architecture_and_libc_on_linux() -> None:
    rows = [line.split(" | ") for line in platforms.table(TRIPLES.values()).splitlines()[2:]]
    there = [(row[0].removeprefix("| ").split()[0], row[1].split()[0]) for row in rows]
    assert set(there) == {
        (triple.arch, {"gnu": "glibc"}.get(str(triple.libc), str(triple.libc)))
        for triple in TRIPLES.values()
        if triple.system == "linux"
    }
    [i686] = [row for row in rows if row[0] == "| i686"]
    assert i686[2] == "20210327 to 20230826"
