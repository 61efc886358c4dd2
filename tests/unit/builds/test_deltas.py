# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which older builds deltas lead from, and what a delta is called."""

from __future__ import annotations

import hashlib

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry, ListCatalogue
from ansible_collections.fleet.python.plugins.plugin_utils._builds.deltas import Delta, leads, older_patches


def entry(version: str, release: str, kind: str = "x86_64_v2-unknown-linux-gnu-install_only_stripped.tar.gz") -> Entry:
    name = f"cpython-{version}+{release}-{kind}"
    return Entry(release, parse_asset(name), hashlib.sha256(name.encode()).hexdigest())


NEW = entry("3.12.6", "20240909")
KNOWN = [
    entry("3.12.5", "20240814"),
    entry("3.12.4", "20240713"),
    entry("3.12.4", "20240726"),
    entry("3.12.2", "20240224"),
    entry("3.12.0", "20231002"),
]
OTHERS = [
    NEW,
    entry("3.12.7", "20241016"),
    entry("3.12.0rc1", "20230826"),
    entry("3.11.10", "20240909"),
    entry("3.12.5", "20240909", "aarch64-unknown-linux-gnu-install_only_stripped.tar.gz"),
    entry("3.12.5", "20240909", "x86_64_v2-unknown-linux-gnu-install_only.tar.gz"),
    entry("3.12.5", "20240909", "x86_64_v3-unknown-linux-gnu-install_only_stripped.tar.gz"),
    entry("3.12.5", "20240909", "x86_64_v2-unknown-linux-gnu-pgo+lto-full.tar.zst"),
]


@pytest.mark.parametrize(
    ("count", "versions"),
    [
        (0, []),
        (1, ["3.12.5"]),
        (3, ["3.12.5", "3.12.4", "3.12.2"]),
        (50, ["3.12.5", "3.12.4", "3.12.2", "3.12.0"]),
    ],
)
def test_the_last_patch_versions(count: int, versions: list[str]) -> None:
    found = older_patches(NEW, ListCatalogue([*OTHERS, *KNOWN], origin="x"), count)
    assert [each.asset.version for each in found] == versions
    assert all(leads(each.asset, NEW.asset) for each in found)


def test_the_newest_release_of_a_patch_version_counts() -> None:
    found = older_patches(NEW, ListCatalogue(KNOWN, origin="x"), 2)
    assert found[1].release == "20240726"


@pytest.mark.parametrize("other", OTHERS, ids=[each.asset.name for each in OTHERS])
def test_what_no_delta_leads_from(other: Entry) -> None:
    assert not leads(other.asset, NEW.asset)


def test_it_lies_beside_the_archive_that_it_leads_to() -> None:
    delta = Delta(KNOWN[0], NEW, "d" * 64, 10)
    assert delta.path == f"{NEW.path}.from-{KNOWN[0].sha256[:16]}.delta"
    assert delta.url_path == f"{NEW.url_path}.from-{KNOWN[0].sha256[:16]}.delta"
