# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every host in tests/unit/hosts: what was recorded there leads to its line of expected.tsv."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._host.platform import (
    Platform,
    PlatformError,
    platform_of,
    triples_of,
)
from ansible_collections.fleet.python.plugins.plugin_utils._host.probe import parse_probe
from tests.hosts.recipes import RECIPES

HOSTS = Path(__file__).parents[1] / "hosts"
TABLE = HOSTS / "expected.tsv"
COLUMNS = ("name", "arch", "bits", "float_abi", "libc", "libc_version", "level", "triples")
REFUSED = "refused: "


def expected() -> dict[str, dict[str, str]]:
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows = [line.split("\t") for line in lines]
    assert tuple(rows[0]) == COLUMNS
    assert {len(row) for row in rows} == {len(COLUMNS)}
    table = {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in rows[1:]}
    assert len(table) == len(rows) - 1, "a name stands twice in expected.tsv"
    return table


RECORDED = sorted(path.name for path in HOSTS.iterdir() if path != TABLE)
EXPECTED = expected()


def observed(name: str) -> Observation:
    with (HOSTS / name).open(encoding="utf-8", newline="") as file:
        return parse_probe(file.read(), "/opt/python")


def columns_of(platform: Platform) -> dict[str, str]:
    return {column: str(getattr(platform, column)) for column in COLUMNS[1:-1]}


def outcome(name: str) -> dict[str, str]:
    """The row that the evidence leads to; columns that nothing tells are ``-``."""
    columns = dict.fromkeys(COLUMNS[1:-1], "-")
    try:
        platform = platform_of(observed(name))
        columns = {key: "-" if value == "None" else value for key, value in columns_of(platform).items()}
        found = " ".join(triples_of(platform))
    except PlatformError as error:
        found = f"{REFUSED}{error}"
    return {"name": name, **columns, "triples": found}


def test_each_recorded_host_has_its_line_and_each_line_its_host() -> None:
    assert sorted(EXPECTED) == RECORDED


@pytest.mark.parametrize("name", sorted(set(RECORDED) & set(EXPECTED)))
def test_host(name: str) -> None:
    assert outcome(name) == EXPECTED[name]


def test_evidence_that_was_not_recorded_says_so() -> None:
    """Its name ends in .edited or .synthetic and its first line says what was changed, or where the facts are from."""
    recipes = {recipe.name for recipe in RECIPES}
    for name in RECORDED:
        first = (HOSTS / name).read_text(encoding="utf-8").partition("\n")[0]
        if name.endswith(".edited"):
            words = first.split()
            assert words[:2] == ["edited", "from"], name
            assert words[2].rstrip(":") in RECORDED, name
        elif name.endswith(".synthetic"):
            assert first.startswith("synthetic: "), name
        else:
            assert name in recipes, f"{name} is recorded, but recipes.py does not say how it was made"
            assert first == "", name


def test_every_recipe_was_recorded() -> None:
    assert {recipe.name for recipe in RECIPES} <= set(RECORDED)


def test_the_hosts_cover_every_linux_triple_of_level_3_and_below() -> None:
    reached = {
        triple
        for row in EXPECTED.values()
        if not row["triples"].startswith(REFUSED)
        for triple in row["triples"].split()
    }
    assert reached >= {
        "x86_64_v3-unknown-linux-gnu",
        "x86_64_v2-unknown-linux-gnu",
        "x86_64-unknown-linux-gnu",
        "x86_64_v3-unknown-linux-musl",
        "x86_64_v2-unknown-linux-musl",
        "x86_64-unknown-linux-musl",
        "aarch64-unknown-linux-gnu",
        "aarch64-unknown-linux-musl",
        "armv7-unknown-linux-gnueabihf",
        "armv7-unknown-linux-gnueabi",
        "ppc64le-unknown-linux-gnu",
        "s390x-unknown-linux-gnu",
        "riscv64-unknown-linux-gnu",
        "i686-unknown-linux-gnu",
        "x86_64-apple-darwin",
        "aarch64-apple-darwin",
    }
