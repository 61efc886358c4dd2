# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts answer, made up for the tests of the report."""

from __future__ import annotations

from datetime import date
from typing import Any

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry, ListCatalogue
from ansible_collections.fleet.python.plugins.plugin_utils._lock.attestation import Attestation
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Lock, Pin
from ansible_collections.fleet.python.plugins.plugin_utils._report.gather import Frame
from ansible_collections.fleet.python.plugins.plugin_utils._report.newest import Newest

PROOF = Attestation(
    "https://github.com/astral-sh/python-build-standalone",
    ".github/workflows/release.yml@refs/heads/main",
    "6b58d1ad8ac0b3e9d1c2a2b5f9a3a7c1d0e4f5a6",
    "https://github.com/astral-sh/python-build-standalone/actions/runs/1/attempts/1",
    7,
)
TODAY = date(2026, 11, 27)
TRIPLE = "x86_64_v3-unknown-linux-gnu"


def asset_name(version: str, release: str = "20250317", triple: str = TRIPLE) -> str:
    return f"cpython-{version}+{release}-{triple}-install_only_stripped.tar.gz"


def entry(version: str, release: str = "20250317", sha256: str = "a" * 64) -> Entry:
    return Entry(release, parse_asset(asset_name(version, release)), sha256)


def home(version: str = "3.13.2", **others: Any) -> dict[str, Any]:
    """A whole home that is linked."""
    release = others.get("release", "20250317")
    return {
        "home": f"/opt/python/cpython-{version}+{release}-{TRIPLE}",
        "linked_by": [version.rpartition(".")[0]],
        "previous_of": [],
        "in_use_by": [7, 8],
        "whole": True,
        "damage": "",
        "starts": None,
        "libraries": {"openssl": "3.0.16", "sqlite": "3.49.1"},
        "size": 117_440_512,
        "asset": asset_name(version, release),
        "release": release,
        "version": version,
        "triple": TRIPLE,
        "flavor": "install_only_stripped",
        "build": "",
        "sha256": "a" * 64,
        "source": "https://mirror.example.com/python",
        "installed": "2026-11-21T04:48:38Z",
    } | others


def looked(*homes: dict[str, Any], **others: Any) -> dict[str, Any]:
    """A host's result."""
    triples = [TRIPLE, "x86_64_v2-unknown-linux-gnu", "x86_64-unknown-linux-gnu"]
    platform = {"arch": "x86_64", "libc": "gnu", "libc_version": "2.36", "level": 4, "triples": triples}
    return {
        "root": "/opt/python",
        "homes": list(homes),
        "links": {},
        "left_overs": [],
        "pythons": [{"path": "/usr/bin/python3.11", "version": "3.11.2"}],
        "platform": platform,
        "system": "Debian GNU/Linux 12 (bookworm)",
    } | others


def lock_of(*entries: Entry, triple: str = TRIPLE) -> Lock:
    """A lock that pins each entry under its minor version."""
    pins = {each.asset.python_minor: Pin(each.asset, each.release, each.sha256, None, PROOF) for each in entries}
    return Lock(requests=tuple(pins), pins={triple: pins})


def frame(*known: Entry, **others: Any) -> Frame:
    newest = Newest(ListCatalogue(known, origin="a test") if known else None)
    made: dict[str, Any] = {
        "title": "Fleet",
        "generated": "2026-11-27T18:00:00Z",
        "today": TODAY,
        "collection": "0.1.0",
    }
    return Frame(**(made | {"newest": newest, "catalogue": "bundled"} | others))
