# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any sequence of tasks, with any damage in between: each plan can be carried out, and then nothing is left to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.fleet.python.plugins.plugin_utils._builds.resolve import ResolveError
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Home
from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import PlanError, Task
from tests.unit.plan.hosts import FILES, ROOT, V2, V3, Host, damaged, entry, listing, plan_for, task

CATALOGUE = (
    entry("3.12.8", "20241206"),
    entry("3.12.9", "20250317"),
    entry("3.13.1", "20250106", V2),
    entry("3.13.1", "20250115", V3),
    entry("3.13.2", "20250317", V2),
    entry("3.13.2", "20250317", V2, what="install_only"),
    entry("3.13.2", "20250317", V2, what="pgo+lto-full"),
    entry("3.13.3", "20250409"),
    entry("3.14.0", "20251007"),
    entry("3.14.0", "20251007", what="freethreaded-install_only_stripped"),
    entry("3.15.0a1", "20251014"),
)
LINKS = ("/usr/local/bin/python3.13", "/usr/local/bin/python3", "/srv/bin/python3.14t")

REQUESTS = ("3", "3.12", "3.13", "3.13.1", "3.13.2", "3.13.3", "3.14", "3.14t", ">=3.12", ">=3.12,<3.14", "3.15.0a1")


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    state = draw(st.sampled_from(["present", "present", "latest", "absent"]))
    return task(
        *draw(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=3)),
        state="absent" if state == "absent" else "present",
        newest=state == "latest",
        links=tuple(draw(st.lists(st.sampled_from(LINKS), unique=True, max_size=2))),
        keep=draw(st.sampled_from([0, 1, 2, None])),
        release=draw(st.sampled_from([None, None, None, "20250317"])),
        flavor=draw(st.sampled_from([None, None, None, "install_only", "full"])),
    )


# What may befall a host between two runs; the number chooses whom.
Fate = Callable[[Host, int], Host]


def _pick(names: Iterable[str], number: int) -> str | None:
    listed = sorted(names)
    return listed[number % len(listed)] if listed else None


def nothing(host: Host, _number: int) -> Host:
    return host


def lost_file(host: Host, number: int) -> Host:
    home = _pick(host.homes, number)
    return damaged(host, home) if home else host


def lost_receipt(host: Host, number: int) -> Host:
    home = _pick(host.homes, number)
    return damaged(host, home, receipt={}) if home else host


def removed_home(host: Host, number: int) -> Host:
    home = _pick(host.homes, number)
    return replace(host, homes={name: each for name, each in host.homes.items() if name != home})


def removed_link(host: Host, number: int) -> Host:
    link = _pick(host.links, number)
    return replace(host, links={name: home for name, home in host.links.items() if name != link})


def removed_path(host: Host, number: int) -> Host:
    path = _pick(host.paths, number)
    return replace(host, paths={name: each for name, each in host.paths.items() if name != path})


def turned_link(host: Host, number: int) -> Host:
    link, home = _pick(host.links, number), _pick(host.homes, number + 1)
    return replace(host, links={**host.links, link: home}) if link and home else host


FATES = st.sampled_from(
    [nothing, nothing, lost_file, lost_receipt, removed_home, removed_link, removed_path, turned_link]
)


def check(asked: Task, host: Host) -> None:
    """What a task that did not fail has brought about: nothing is left to do, and each request has what it says."""
    plan = plan_for(asked, host, *CATALOGUE)
    assert not plan.changed
    builds = {outcome.build.link: outcome.build for outcome in plan.outcomes if outcome.build}
    if asked.state == "absent":
        assert {outcome.action for outcome in plan.outcomes} == {"kept"}
        assert not builds
        return
    assert len(plan.outcomes) == len(asked.requests)
    for outcome in plan.outcomes:
        assert outcome.build is not None
        assert host.homes[outcome.build.home].whole
    for link, build in builds.items():
        assert host.links[link] == build.home
    for path in asked.links:
        assert str(host.paths[path].target).split("/")[3] in builds


@settings(max_examples=200)
@given(st.lists(st.tuples(tasks(), FATES, st.integers(0, 7)), min_size=1, max_size=6))
def test_every_sequence_of_tasks(steps: list[tuple[Task, Fate, int]]) -> None:
    host = Host()
    for asked, fate, number in steps:
        host = fate(host, number)
        try:
            plan = plan_for(asked, host, *CATALOGUE)
        except (PlanError, ResolveError):
            continue  # nothing was done
        host = host.carried_out(plan, CATALOGUE)
        check(asked, host)


@settings(max_examples=50)
@given(st.lists(tasks(), max_size=4))
def test_absent_undoes_everything(earlier: list[Task]) -> None:
    host = Host()
    for asked in earlier:
        try:
            host = host.carried_out(plan_for(asked, host, *CATALOGUE), CATALOGUE)
        except (PlanError, ResolveError):
            continue
    everything = task("3", "3+freethreaded", state="absent")
    host = host.carried_out(plan_for(everything, host), CATALOGUE)
    assert (host.homes, host.links, host.previous, host.paths, host.made_links) == ({}, {}, {}, {}, ())


@settings(max_examples=50)
@given(tasks())
def test_what_is_not_ours_is_never_touched(asked: Task) -> None:
    foreign = Host(
        homes={"cpython-mine": Home("cpython-mine", {}, FILES, False)},
        links={"current": "3.13", "mine": "/srv/python"},
        paths={"/usr/bin/python3": listing("/usr/bin/python3", "python3.11")},
        others=(listing("README"), listing("backup", kind="d"), listing("3", kind="d")),
    )
    try:
        plan = plan_for(asked, foreign, *CATALOGUE)
    except (PlanError, ResolveError):
        return
    after = foreign.carried_out(plan, CATALOGUE)
    assert after.homes.items() >= foreign.homes.items()
    assert after.links.items() >= foreign.links.items()
    assert after.paths.items() >= foreign.paths.items()
    assert not set(plan.links) & {"current", "mine", "README", "backup", "3"}


@pytest.mark.parametrize("keep", [0, 1, 2, 5, None])
def test_older_homes_that_are_kept(keep: int | None) -> None:
    host = Host()
    asked = ["3.13.1", "3.13.2", "3.13.3"]
    for version in asked:
        plan = plan_for(task(version, keep=keep), host, *CATALOGUE)
        host = host.carried_out(plan, CATALOGUE)
    kept = sorted(str(home.receipt["version"]) for home in host.homes.values())
    assert kept == (asked[-1 - keep :] if keep in (0, 1) else asked)
    assert not plan_for(task("3.13.3", keep=0), host).changed, "only a run that switches takes any away"


def test_what_is_asked_for_in_the_same_run_is_never_pruned() -> None:
    host = Host()
    for requests in (["3.13.1", "3.13.2"], ["3.13.1", "3.13.2", "3.13.3"]):
        asked = task(*requests, keep=0)
        host = host.carried_out(plan_for(asked, host, *CATALOGUE), CATALOGUE)
    assert len(host.homes) == 3
    assert not plan_for(asked, host, *CATALOGUE).changed


class TestPrevious:
    """Going back to what a minor link led to before."""

    def upgraded(self) -> Host:
        host = Host()
        for version in ("3.13.1", "3.13.2"):
            host = host.carried_out(plan_for(task(version), host, *CATALOGUE), CATALOGUE)
        return host

    def test_and_staying_there(self) -> None:
        host = self.upgraded()
        new = host.links["3.13"]
        plan = plan_for(task("3.13", state="previous"), host)
        assert [outcome.action for outcome in plan.outcomes] == ["rolled_back"]
        back = host.carried_out(plan, CATALOGUE)
        assert back.links["3.13"] == host.previous["3.13"] != new
        assert not plan_for(task("3.13", state="previous"), back).changed
        assert new in back.homes, "the newer one stays for who goes forward again"
        again = back.carried_out(plan_for(task("3.13.2"), back), CATALOGUE)
        assert again.links["3.13"] == new

    @pytest.mark.parametrize("request_text", ["3", "3.13.1", ">=3.12"])
    def test_needs_a_minor_version(self, request_text: str) -> None:
        with pytest.raises(PlanError, match="name a minor version"):
            plan_for(task(request_text, state="previous"), self.upgraded())

    @pytest.mark.parametrize("request_text", ["3.12", "3.13t", "3.13d"])
    def test_where_there_is_nothing_to_go_back_to(self, request_text: str) -> None:
        with pytest.raises(PlanError, match="nothing to go back to"):
            plan_for(task(request_text, state="previous"), self.upgraded())

    def test_to_a_damaged_home_is_refused(self) -> None:
        host = self.upgraded()
        with pytest.raises(PlanError, match="damaged"):
            plan_for(task("3.13", state="previous"), damaged(host, host.previous["3.13"]))

    def test_after_the_link_was_lost(self) -> None:
        host = replace(self.upgraded(), links={})
        plan = plan_for(task("3.13", state="previous"), host)
        assert plan.links == host.previous

    def test_not_over_something_in_the_way(self) -> None:
        host = replace(self.upgraded(), links={}, others=(listing("3.13", kind="d"),))
        with pytest.raises(PlanError, match=f"{ROOT}/3.13 is no link"):
            plan_for(task("3.13", state="previous"), host)
