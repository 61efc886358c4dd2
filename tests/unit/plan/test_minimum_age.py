# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""minimum_age: releases that are too young are not chosen, and a lock's pins do not age."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.module_utils._options import interpreter_options
from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import (
    CatalogueError,
    Entry,
    ListCatalogue,
    format_sums,
)
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import parse_request
from ansible_collections.fleet.python.plugins.plugin_utils._builds.resolve import ResolveError, resolve
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Lock, Pin
from ansible_collections.fleet.python.plugins.plugin_utils._lock.text import format_lock
from ansible_collections.fleet.python.plugins.plugin_utils._options import checked_options
from ansible_collections.fleet.python.plugins.plugin_utils._plan.chooser import Chooser, newest_day
from ansible_collections.fleet.python.plugins.plugin_utils._sources.index import source_catalogue
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import sources_of

TRIPLE = "x86_64-unknown-linux-gnu"


def entry(version: str, release: str) -> Entry:
    name = f"cpython-{version}+{release}-{TRIPLE}-install_only_stripped.tar.gz"
    return Entry(release, parse_asset(name), release.ljust(64, "0"))


ENTRIES = (entry("3.13.2", "20250317"), entry("3.13.3", "20250409"), entry("3.13.1", "20250212"))


def named(*, static: bool = False) -> tuple[str, ...]:
    return (TRIPLE,)


def chosen(day: str | None) -> str:
    return resolve(parse_request("3.13"), [TRIPLE], ListCatalogue(ENTRIES, origin="x"), newest_day=day).chosen.release


@pytest.mark.parametrize(
    ("hours", "now", "day"),
    [
        (0, "2025-04-12T12:00", None),
        # The release of 20250409 may have come at the end of that day.
        (48, "2025-04-11T23:59", "20250408"),
        (48, "2025-04-12T00:00", "20250409"),
        (1, "2025-04-10T00:59", "20250408"),
        (1, "2025-04-10T01:00", "20250409"),
    ],
)
def test_a_release_ages_from_the_end_of_its_day(hours: int, now: str, day: str | None) -> None:
    assert newest_day(hours, datetime.fromisoformat(now).replace(tzinfo=UTC)) == day


@pytest.mark.parametrize("hours", [-1, 10**9])
def test_no_number_of_hours(hours: int) -> None:
    with pytest.raises(CatalogueError, match="minimum_age: "):
        newest_day(hours, datetime.now(UTC))


@pytest.mark.parametrize(
    ("day", "release"),
    [(None, "20250409"), ("20250409", "20250409"), ("20250408", "20250317"), ("20250212", "20250212")],
)
def test_the_newest_that_is_old_enough_is_chosen(day: str | None, release: str) -> None:
    assert chosen(day) == release


def test_younger_ones_are_rejected_with_the_reason() -> None:
    resolution = resolve(parse_request("3.13"), [TRIPLE], ListCatalogue(ENTRIES, origin="x"), newest_day="20250408")
    assert next((each.release, each.reason) for each in resolution.rejected) == (
        "20250409",
        "is of 20250409, and minimum_age allows builds of 20250408 and before",
    )
    with pytest.raises(ResolveError, match="minimum_age"):
        chosen("20250101")


def sums(release: str) -> str:
    return format_sums([each for each in ENTRIES if each.release == release], with_release=False)


@pytest.mark.parametrize(("day", "release"), [(None, "20250409"), ("20250408", "20250317")])
def test_the_latest_release_is_the_latest_that_is_old_enough(day: str | None, release: str) -> None:
    files = {"latest-release.json": json.dumps({"tag": "20250409"})}
    files |= {f"{each.release}/SHA256SUMS": sums(each.release) for each in ENTRIES}
    known = ("20250409", "20250317", "20250212")
    found = source_catalogue(files.get, origin="m", release="latest", known=known, newest_day=day)
    assert found.releases() == (release,)


def test_where_every_release_is_too_young_it_is_said() -> None:
    files = {"latest-release.json": json.dumps({"tag": "20250409"}), "20250409/SHA256SUMS": sums("20250409")}
    with pytest.raises(CatalogueError, match="its latest is 20250409, and minimum_age rules it out"):
        source_catalogue(files.get, origin="m", release="latest", newest_day="20250408")


def chooser(tmp_path: Path, **options: Any) -> Chooser:
    sources = tmp_path / "SHA256SUMS"
    sources.write_text(format_sums(ENTRIES))
    given = checked_options({"version": "3.13", "catalogue": str(sources), **options}, interpreter_options())
    return Chooser(given, sources_of([str(tmp_path)]), partial(named), tmp_path)


def test_a_task_chooses_by_the_clock(tmp_path: Path) -> None:
    century = 24 * 36_500
    assert chooser(tmp_path).choose(parse_request("3.13")).release == "20250409"
    assert chooser(tmp_path, minimum_age=24).choose(parse_request("3.13")).release == "20250409"
    with pytest.raises(ResolveError, match="minimum_age"):
        chooser(tmp_path, minimum_age=century).choose(parse_request("3.13"))


def test_a_pin_does_not_age(tmp_path: Path) -> None:
    pin = Pin(ENTRIES[1].asset, ENTRIES[1].release, ENTRIES[1].sha256, None)
    lock = tmp_path / "python.lock.yml"
    lock.write_text(format_lock(Lock(("3.13",), {TRIPLE: {"3.13": pin}})))
    found = chooser(tmp_path, minimum_age=24 * 36_500, lock=str(lock))
    assert found.choose(parse_request("3.13")).release == "20250409"
