# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan refuses before anything is done: roots where nothing can be installed, things in the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import home_name
from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import PlanError, make_plan
from tests.unit.plan.hosts import (
    ROOT,
    TRIPLES,
    Catalogue,
    Host,
    entry,
    listing,
    plan_for,
    running,
    task,
    with_homes,
)

NEW = entry("3.13.2", "20250317")
FULL = entry("3.13.2", "20250317", what="pgo+lto-full")
MIB = 1 << 20

ROOTS = [
    pytest.param({"mount_options": ("ro", "relatime")}, ["read-only", "/data"], id="read-only"),
    pytest.param({"mount_options": ("rw", "noexec")}, ["noexec", "/data"], id="noexec"),
    pytest.param({"filesystem": "exfat"}, ["(exfat)", "no symbolic links, owners and modes", "/data"], id="exFAT"),
    pytest.param({"filesystem": "cifs"}, ["(cifs)", "mfsymlinks", "/data"], id="CIFS without links"),
    pytest.param({"writable": False}, ["not writable", "uid 0", "become", "/opt"], id="not writable"),
    pytest.param({"free": 10 * MIB}, ["10 MiB free", "90 MiB are needed", "/data"], id="full"),
    pytest.param({"at": listing(ROOT), "folder": False}, [ROOT, "no directory"], id="a file where the root shall be"),
    pytest.param({"at": listing("/opt"), "folder": False}, ["/opt is no directory", ROOT], id="a file above it"),
    pytest.param(
        {"at": listing(ROOT, "/nowhere"), "folder": False}, [ROOT, "no directory"], id="a link that leads to nothing"
    ),
    pytest.param({"at": None}, [ROOT], id="nothing can be looked at"),
]


@pytest.mark.parametrize(("root", "words"), ROOTS)
def test_a_root_where_nothing_can_be_installed(root: dict[str, Any], words: list[str]) -> None:
    host = Host(root={"mount_point": "/data", **root})
    with pytest.raises(PlanError) as refused:
        plan_for(task("3.13"), host, NEW)
    assert all(word in str(refused.value) for word in words)
    assert "set root" in str(refused.value) or "check root" in str(refused.value)


def test_a_mount_of_cifs_with_links_is_fine() -> None:
    host = Host(root={"filesystem": "cifs", "mount_options": ("rw", "mfsymlinks")})
    assert plan_for(task("3.13"), host, NEW).installs


@pytest.mark.parametrize(("root", "words"), ROOTS)
def test_such_a_root_is_fine_while_nothing_is_to_be_done(root: dict[str, Any], words: list[str]) -> None:
    host = with_homes(NEW, links={"3.13": "3.13.2"}, root={"mount_point": "/data", **root})
    assert not plan_for(task("3.13"), host).changed


@pytest.mark.parametrize(("root", "words"), ROOTS)
def test_no_root_is_judged_by_half_of_what_there_is_to_know(root: dict[str, Any], words: list[str]) -> None:
    asked = task("3.13")
    observed = replace(Host(root={"mount_point": "/data", **root}).observe(), prerequisites_known=False)
    assert make_plan(asked, observed, running(TRIPLES), Catalogue(NEW, triples=TRIPLES, task=asked).choose).changed


@pytest.mark.parametrize(
    ("free", "entries", "enough"),
    [
        (89 * MIB, [NEW], False),
        (90 * MIB, [NEW], True),
        (None, [NEW], True),  # df says nothing of some file systems
        (299 * MIB, [FULL], False),
        (300 * MIB, [FULL], True),
        (179 * MIB, [NEW, entry("3.12.9", "20250317")], False),
        (180 * MIB, [NEW, entry("3.12.9", "20250317")], True),
    ],
)
def test_the_space_that_is_needed_at_the_least(free: int | None, entries: list[Any], enough: bool) -> None:
    asked = task(*(each.asset.python_minor for each in entries))
    host = Host(root={"free": free})
    if enough:
        assert len(plan_for(asked, host, *entries).installs) == len(entries)
    else:
        with pytest.raises(PlanError, match="MiB"):
            plan_for(asked, host, *entries)


@pytest.mark.parametrize("kind", ["-", "d", "s"])
def test_what_is_no_link_in_the_place_of_the_minor_link(kind: str) -> None:
    host = Host(others=(listing("3.13", kind=kind),))
    with pytest.raises(PlanError, match=f"{ROOT}/3.13 is no link.*move it away"):
        plan_for(task("3.13"), host, NEW)


def test_other_things_in_the_root_are_in_nobody_s_way() -> None:
    host = Host(others=(listing("3.12", kind="d"), listing("README"), listing("lost+found", kind="d")))
    assert plan_for(task("3.13"), host, NEW).links == {"3.13": home_name(NEW.asset)}


@pytest.mark.parametrize("kind", ["-", "d"])
def test_something_with_the_home_s_name_makes_another_name(kind: str) -> None:
    host = Host(others=(listing(home_name(NEW.asset), kind=kind),))
    assert [build.home for build in plan_for(task("3.13"), host, NEW).installs] == [f"{home_name(NEW.asset)}.2"]


def test_a_root_that_is_a_link_to_a_directory_in_use() -> None:
    host = with_homes(NEW, links={"3.13": "3.13.2"}, root={"at": listing(ROOT, "/data/python")})
    more = entry("3.12.9", "20250317")
    assert plan_for(task("3.12"), host, more).installs


def test_nothing_is_refused_halfway() -> None:
    """The second request cannot be met: no plan at all comes out, whatever the first one needs."""
    host = replace(Host(), others=(listing("3.12", kind="d"),))
    with pytest.raises(PlanError):
        plan_for(task("3.13", "3.12"), host, NEW, entry("3.12.9", "20250317"))
