# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A root that others may change: what lies there is neither run nor believed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import home_name
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Listing, Observation
from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import Plan, PlanError, make_plan
from tests.unit.plan.hosts import ROOT, TRIPLES, Catalogue, entry, listing, running, task, with_homes

NEW = entry("3.13.2", "20250317")
HOME = home_name(NEW.asset)
MALLORY = 1000
ABOVE = (listing("/opt", kind="d"), listing("/", kind="d"))


def observed(uid: int = 0) -> Observation:
    """A host where everything is as it should be, and everything is looked at."""
    host = with_homes(
        NEW,
        links={"3.13": "3.13.2"},
        previous={"3.13": HOME},
        others=(listing(".level"), listing(".links"), listing(".lock"), listing("lost+found", kind="d")),
        root={"above": ABOVE, "receipts": (listing(f"{HOME}/.fleet-receipt"),)},
    )
    return replace(host.observe(), uid=uid)


def plan(found: Observation, state: str = "present") -> Plan:
    asked = task("3.13", state=state)
    return make_plan(asked, found, running(TRIPLES), Catalogue(NEW, triples=TRIPLES, task=asked).choose)


def changed(found: Observation, path: str, **fields: Any) -> Observation:
    """The same, with one listing otherwise."""

    def one(each: Listing) -> Listing:
        return replace(each, **fields) if each.path == path else each

    root = found.root
    at = one(root.at) if root.at else None
    after = replace(
        root,
        at=at,
        entries=tuple(map(one, root.entries)),
        above=tuple(map(one, root.above)),
        receipts=tuple(map(one, root.receipts)),
    )
    assert after != root, f"nothing is called {path}"
    return replace(found, root=after)


ALL = [ROOT, HOME, "3.13", ".3.13.previous", ".level", ".links", ".lock", f"{HOME}/.fleet-receipt", "/opt", "/"]


def test_what_is_root_s_alone_is_trusted() -> None:
    assert not plan(observed()).changed
    assert plan(observed()).warnings == ()
    assert not plan(observed(uid=MALLORY)).changed


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("state", ["present", "absent", "previous"])
def test_nothing_may_belong_to_somebody_else(path: str, state: str) -> None:
    with pytest.raises(PlanError) as refused:
        plan(changed(observed(), path, uid=MALLORY), state)
    said = str(refused.value)
    assert path in said
    for word in ("it belongs to uid 1000", "owner 1000", "mode ", "become that user", "set root", "chown root"):
        assert word in said


@pytest.mark.parametrize("path", ALL)
def test_it_may_belong_to_the_user_who_runs_this(path: str) -> None:
    assert not plan(changed(observed(uid=MALLORY), path, uid=MALLORY)).changed


@pytest.mark.parametrize("path", [path for path in ALL if path not in ("3.13", ".3.13.previous")])
def test_nothing_may_be_written_by_everybody(path: str) -> None:
    with pytest.raises(PlanError, match="anybody may write it"):
        plan(changed(observed(), path, mode="drwxrwxrwx"))


def test_a_link_says_nothing_by_its_mode() -> None:
    assert not plan(changed(observed(), "3.13", mode="lrwxrwxrwx")).changed


def test_a_sticky_folder_above_is_fine_and_a_sticky_root_is_not() -> None:
    assert not plan(changed(observed(), "/opt", mode="drwxrwxrwt")).changed
    with pytest.raises(PlanError, match=f"^{ROOT} cannot be trusted"):
        plan(changed(observed(), ROOT, mode="drwxrwxrwt"))


def test_a_folder_above_that_a_group_may_write_is_a_warning() -> None:
    """As Debian has /usr/local: root:staff, 2775."""
    [warning] = plan(changed(observed(), "/opt", mode="drwxrwsr-x", gid=50)).warnings
    assert "/opt may be written by the group 50" in warning


@pytest.mark.parametrize("path", [ROOT, HOME, f"{HOME}/.fleet-receipt"])
def test_what_is_ours_may_not_be_written_by_a_group(path: str) -> None:
    with pytest.raises(PlanError, match="the group 50 may write it"):
        plan(changed(observed(), path, mode="drwxrwxr-x", gid=50))


def test_a_user_s_own_group_is_the_user() -> None:
    """With a umask of 002, as Ubuntu and Fedora have it for users with a group of their own."""
    mine = changed(observed(uid=MALLORY), ROOT, mode="drwxrwxr-x", uid=MALLORY, gid=MALLORY)
    assert not plan(mine).changed


def test_what_is_not_ours_is_not_judged() -> None:
    assert not plan(changed(observed(), "lost+found", uid=MALLORY, mode="drwxrwxrwx")).changed


def test_nothing_is_asked_where_nothing_is_to_be_removed() -> None:
    host = with_homes(root={"above": (replace(ABOVE[0], mode="drwxrwxrwx"),)})
    asked = task("3.13", state="absent")
    assert not make_plan(asked, host.observe(), running(TRIPLES), Catalogue(NEW).choose).changed
