# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extra links: where each leads, what is replaced and what never is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import PlanError
from tests.unit.plan.hosts import ROOT, Host, entry, listing, plan_for, task, with_homes

NEW = entry("3.13.2", "20250317")
OTHER_MINOR = entry("3.12.9", "20250317")
THREADED = entry("3.14.7", "20260814", what="freethreaded-install_only_stripped")
PLAIN_14 = entry("3.14.7", "20260814")
LINK = "/usr/local/bin/python3.13"
TARGET = f"{ROOT}/3.13/bin/python3.13"
INSTALLED = with_homes(NEW, links={"3.13": "3.13.2"})


@pytest.mark.parametrize(
    ("requests", "link", "target"),
    [
        (["3.13"], "/usr/local/bin/python3.13", "3.13/bin/python3.13"),
        (["3.13"], "/usr/local/bin/python3", "3.13/bin/python3"),
        (["3.13"], "/usr/local/bin/python", "3.13/bin/python"),
        (["3.13"], "/srv/bin/pip3.13", "3.13/bin/pip3.13"),
        (["3.13"], "/usr/local/bin/pydoc3", "3.13/bin/pydoc3"),
        (["3.12", "3.13"], "/usr/local/bin/python3.13-config", "3.13/bin/python3.13-config"),
        (["3.12", "3.13"], "/usr/local/bin/2to3", "3.12/bin/2to3"),
        (["3.13", "3.12"], "/usr/local/bin/2to3-3.12", "3.12/bin/2to3-3.12"),
        # Any other name is one for the interpreter.
        (["3.13"], "/usr/local/bin/py", "3.13/bin/python3.13"),
        (["3.12", "3.13"], "/usr/local/bin/app-3.13", "3.13/bin/python3.13"),
        (["3.12", "3.13"], "/usr/local/bin/python3.13", "3.13/bin/python3.13"),
        (["3.12", "3.13"], "/usr/local/bin/python3.12", "3.12/bin/python3.12"),
        (["3.12", "3.13"], "/usr/local/bin/python3", "3.12/bin/python3"),
        (["3.14", "3.14t"], "/usr/local/bin/python3.14t", "3.14t/bin/python3.14t"),
        (["3.14t", "3.14"], "/usr/local/bin/python3.14", "3.14/bin/python3.14"),
    ],
)
def test_where_a_link_leads(requests: list[str], link: str, target: str) -> None:
    plan = plan_for(task(*requests, links=(link,)), Host(), NEW, OTHER_MINOR, THREADED, PLAIN_14)
    assert plan.paths == {link: f"{ROOT}/{target}"}
    assert plan.made_links == (link,)


def test_a_link_for_a_version_that_is_not_asked_for_is_refused() -> None:
    with pytest.raises(PlanError, match=r"python3\.12 .*3\.13"):
        plan_for(task("3.13", links=("/usr/local/bin/python3.12",)), INSTALLED)


@pytest.mark.parametrize(
    ("requests", "name"),
    [
        (["3.13"], "2to3"),
        (["3.13"], "2to3-3.13"),
        (["3.13"], "idle"),
        (["3.13"], "pydoc"),
        (["3.13"], "pip-3.13"),
        (["3.13", "3.12"], "2to3"),
        (["3.14t"], "pip3.14t"),
        (["3.13"], "python4"),
    ],
)
def test_a_link_to_a_program_that_the_build_has_not_is_refused(requests: list[str], name: str) -> None:
    asked = task(*requests, links=(f"/usr/local/bin/{name}",))
    with pytest.raises(PlanError, match=rf"/{name} would lead to nothing: 3\.1[34]\.\d has no {name}, but python, "):
        plan_for(asked, Host(), NEW, OTHER_MINOR, THREADED)


def test_a_new_build_with_a_defect_is_told_once() -> None:
    defective = entry("3.13.12", "20260325")
    [warning] = plan_for(task("3.13.12"), Host(), defective).warnings
    assert warning.startswith("3.13.12 of release 20260325: libpython asks for an executable stack")
    assert plan_for(task("3.13"), with_homes(defective, links={"3.13": "3.13.12"})).warnings == ()


def test_a_missing_link_alone_is_a_change() -> None:
    plan = plan_for(task("3.13", links=(LINK,)), INSTALLED)
    assert plan.changed
    assert (plan.installs, plan.links, plan.paths) == ((), {}, {LINK: TARGET})


def test_a_link_that_is_right_is_none() -> None:
    host = replace(INSTALLED, paths={LINK: listing(LINK, TARGET)})
    plan = plan_for(task("3.13", links=(LINK,)), host)
    assert not plan.changed
    assert plan.made_links is None


@pytest.mark.parametrize(
    ("found", "made_links"),
    [
        (f"{ROOT}/3.12/bin/python3.12", ()),
        (f"{ROOT}/cpython-3.13.2/bin/python3.13", ()),
        ("/somewhere/else", (LINK,)),  # we made it once
    ],
)
def test_a_link_of_ours_is_turned(found: str, made_links: tuple[str, ...]) -> None:
    host = replace(INSTALLED, paths={LINK: listing(LINK, found)}, made_links=made_links)
    assert plan_for(task("3.13", links=(LINK,)), host).paths == {LINK: TARGET}


@pytest.mark.parametrize("found", ["/usr/bin/python3", "../../opt/other", "", f"{ROOT}-old/3.13/bin/python3.13"])
def test_a_foreign_link_is_refused(found: str) -> None:
    host = replace(INSTALLED, paths={LINK: listing(LINK, found)})
    with pytest.raises(PlanError, match=r"not ours.*links"):
        plan_for(task("3.13", links=(LINK,)), host)


@pytest.mark.parametrize("kind", ["-", "d", "c"])
@pytest.mark.parametrize("made_links", [(), (LINK,)])
def test_what_is_no_link_is_refused(kind: str, made_links: tuple[str, ...]) -> None:
    host = replace(INSTALLED, paths={LINK: listing(LINK, kind=kind)}, made_links=made_links)
    with pytest.raises(PlanError, match=f"{LINK} is no link.*move it away"):
        plan_for(task("3.13", links=(LINK,)), host)


def test_links_of_earlier_tasks_are_remembered() -> None:
    earlier = "/usr/local/bin/python3.12"
    host = replace(INSTALLED, made_links=(earlier,))
    assert plan_for(task("3.13", links=(LINK,)), host).made_links == (earlier, LINK)


def test_links_made_earlier_and_not_named_now_stay() -> None:
    host = replace(INSTALLED, made_links=(LINK,), paths={LINK: listing(LINK, TARGET)})
    assert not plan_for(task("3.13"), host).changed


@pytest.mark.parametrize(
    ("version", "release", "links", "warned"),
    [
        ("3.13.2", "20250317", (LINK,), True),
        ("3.13.2", "20250317", (), False),
        ("3.13.12", "20260203", (LINK,), False),
        ("3.10.16", "20250317", ("/usr/local/bin/python3.10",), False),
    ],
)
def test_a_warning_where_venvs_through_the_link_break(
    version: str, release: str, links: tuple[str, ...], warned: bool
) -> None:
    plan = plan_for(task(version, links=links), Host(), entry(version, release))
    assert [warning.split(":")[0] for warning in plan.warnings] == [f"{version} of release {release}"] * warned
    assert all(f"{ROOT}/3.13/bin/python3" in warning for warning in plan.warnings)


def test_the_warning_names_the_link_that_leads_to_the_build() -> None:
    links = ("/usr/local/bin/python3", LINK, "/usr/local/bin/pip3.12")
    plan = plan_for(task("3.13", "3.12", links=links), Host(), NEW, OTHER_MINOR)
    [warning] = plan.warnings
    assert warning.startswith("3.13.2 of")
    assert warning.endswith("not /usr/local/bin/python3)")
    plan = plan_for(task("3.12", "3.13", links=links[1:]), Host(), NEW, OTHER_MINOR)
    assert [warning.partition(":")[0] for warning in plan.warnings] == ["3.13.2 of release 20250317"]
