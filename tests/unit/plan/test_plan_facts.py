# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the local fact of a host is written, and by whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._plan.model import FACTS
from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import Plan, PlanError, make_plan
from ansible_collections.fleet.python.plugins.plugin_utils._plan.result import diff
from tests.unit.plan.hosts import TRIPLES, Catalogue, Host, entry, listing, plan_for, running, task, with_homes

NEW = entry("3.13.2", "20250317")
INSTALLED = with_homes(NEW, links={"3.13": "3.13.2"})


def looked(host: Host, *, there: bool, uid: int = 0) -> Observation:
    shown = replace(host, paths={FACTS: listing(FACTS)}) if there else host
    return replace(shown.observe([FACTS]), uid=uid)


def planned(host: Host, state: str = "present", *, there: bool, uid: int = 0) -> Plan:
    asked = task("3.13", state=state, facts=True)
    assert asked.looked_at == (FACTS,)
    return make_plan(asked, looked(host, there=there, uid=uid), running(TRIPLES), Catalogue(NEW, task=asked).choose)


def test_a_change_writes_it_and_nothing_else_does() -> None:
    assert planned(Host(), there=False).facts
    assert planned(Host(), there=True).facts
    plan = planned(INSTALLED, there=True)
    assert (plan.facts, plan.changed) == (False, False)
    assert planned(INSTALLED, "absent", there=True).facts


def test_a_missing_file_is_a_change() -> None:
    plan = planned(INSTALLED, there=False)
    assert (plan.facts, plan.changed, plan.installs) == (True, True, ())


def test_a_host_without_a_home_needs_none() -> None:
    assert not planned(Host(), "absent", there=False).changed


def test_nobody_else_asks_for_it() -> None:
    assert not plan_for(task("3.13"), Host(), NEW).facts


def test_a_folder_that_is_closed_refuses_nothing() -> None:
    """The probe says that of links, and here it is about the file. What is wrong there is a warning after the run."""
    asked = task("3.13", facts=True)
    observed = replace(looked(INSTALLED, there=False), closed_links=(FACTS,))
    assert make_plan(asked, observed, running(TRIPLES), Catalogue(NEW, task=asked).choose).facts


def test_the_diff_shows_the_file_that_is_new() -> None:
    shown = diff(planned(INSTALLED, there=False), looked(INSTALLED, there=False))
    assert shown["after"].splitlines() == [f"{FACTS} local fact", *shown["before"].splitlines()]
    shown = diff(planned(INSTALLED, there=True), looked(INSTALLED, there=True))
    assert shown["after"] == shown["before"]
    assert f"{FACTS} local fact" in shown["before"]


def test_the_diff_of_a_removal_shows_no_file_that_is_new() -> None:
    assert diff(planned(INSTALLED, "absent", there=False), looked(INSTALLED, there=False))["after"] == ""


def test_another_user_than_root_is_refused() -> None:
    with pytest.raises(PlanError, match=r"only root may write .*uid 1000: set become, or leave facts out"):
        planned(Host(), there=False, uid=1000)
