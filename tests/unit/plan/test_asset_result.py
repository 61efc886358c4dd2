# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What asset_info returns."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._builds.quirks import QUIRKS
from ansible_collections.fleet.python.plugins.plugin_utils._builds.resolve import Rejection
from ansible_collections.fleet.python.plugins.plugin_utils._plan.asset_result import described, rejected_assets
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import DirectorySource, HttpSource, Source

NAME = "cpython-3.14.7+20260814-x86_64-unknown-linux-gnu-freethreaded-install_only_stripped.tar.gz"


def test_every_fact_about_the_asset(tmp_path: Path) -> None:
    entry = Entry("20260814", parse_asset(NAME), "a" * 64)
    sources: list[Source] = [HttpSource("https://user:secret@mirror.example.com/pbs"), DirectorySource(tmp_path)]
    assert described(entry, sources) == {
        "name": NAME,
        "release": "20260814",
        "version": "3.14.7",
        "triple": "x86_64-unknown-linux-gnu",
        "flavor": "install_only_stripped",
        "build": "freethreaded+pgo+lto",
        "sha256": "a" * 64,
        "urls": [
            f"https://mirror.example.com/pbs/20260814/{NAME.replace('+', '%2B')}",
            f"{tmp_path}/20260814/{NAME}",
        ],
        "quirks": [
            next(quirk.text for quirk in QUIRKS if quirk.name == "build_paths"),
        ],
    }


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("cpython-3.13.2+20250317-aarch64-unknown-linux-gnu-install_only.tar.gz", "lto"),
        ("cpython-3.13.6+20250814-aarch64-unknown-linux-gnu-install_only.tar.gz", "pgo+lto"),
        ("cpython-3.13.2+20250317-x86_64-pc-windows-msvc-install_only.tar.gz", "pgo"),
        ("cpython-3.13.2+20250317-x86_64-unknown-linux-musl-debug+static-full.tar.zst", "debug+static"),
        ("cpython-3.13.1+20250115-x86_64-unknown-linux-musl-install_only.tar.gz", "lto+static"),
        ("cpython-3.7.6-linux64-20200216T2303.tar.zst", ""),
    ],
)
def test_the_build_is_told_where_the_name_does_not(name: str, build: str) -> None:
    assert described(Entry("20250317", parse_asset(name), "a" * 64), [])["build"] == build


def test_what_was_turned_down() -> None:
    assert rejected_assets([Rejection(parse_asset(NAME), "20260814", "is free-threaded")]) == [
        {"asset": NAME, "release": "20260814", "reason": "is free-threaded"}
    ]
