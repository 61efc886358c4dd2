# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From which build a delta may lead, whether making one pays, and why there is none."""

from __future__ import annotations

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import home_name
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._plan.delta import bases_of, pays, why_not
from tests.unit.plan.hosts import GNU, V2, damaged, entry, plan_for, task, with_homes

OLDEST = entry("3.12.1", "20240107", V2)
OLD = entry("3.12.2", "20240224", V2)
NEW = entry("3.12.6", "20240909", V2)


def bases(new: Entry, *installed: Entry, linked: str = "", whole: bool = True) -> list[str]:
    """The versions that deltas may lead from, for a host with these builds."""
    host = with_homes(*installed, links={"3.12": linked} if linked else None)
    if not whole:
        host = damaged(host, home_name(installed[0].asset))
    asked = task("3.12", newest=True, flavor=None)
    return [build.version for build in bases_of(plan_for(asked, host, new), host.observe()).values()]


def test_the_build_in_use_else_the_newest() -> None:
    assert bases(NEW, OLDEST, OLD, linked="3.12.1") == ["3.12.1"]
    assert bases(NEW, OLDEST, OLD) == ["3.12.2"]


@pytest.mark.parametrize(
    "installed",
    [
        entry("3.11.9", "20240224", V2),
        entry("3.12.2", "20240224", GNU),
        entry("3.12.2", "20240224", V2, "install_only"),
    ],
    ids=["another minor version", "another level", "another flavor"],
)
def test_another_kind_of_build_is_no_base(installed: Entry) -> None:
    assert bases(NEW, installed) == []


def test_a_damaged_build_is_no_base() -> None:
    assert bases(NEW, OLD, linked="3.12.2", whole=False) == []


def test_a_first_installation_has_none() -> None:
    assert bases(NEW) == []


@pytest.mark.parametrize(("link", "pay"), [(0, False), (10, True), (290, True), (300, False), (100_000, False)])
def test_making_one_pays_on_a_slow_link(link: int, pay: bool) -> None:
    """46.5 MB, as the archives of 3.12.6 are."""
    assert pays(46_500_000, link) == pay


def test_why_there_is_none() -> None:
    assert why_not("never", {"home"}, "home", "push") == "deltas are not wanted"
    assert "no whole build" in why_not("auto", set(), "home", "push")
    assert "the host downloads" in why_not("auto", {"home"}, "home", "pull")
    assert why_not("never", {"home"}, "home", "pull", pinned=True) == "deltas are not wanted"
    assert why_not("auto", {"home"}, "home", "pull", pinned=True) == ""
    assert why_not("auto", {"home"}, "home", "push") == why_not("always", {"home"}, "home", "push") == ""
