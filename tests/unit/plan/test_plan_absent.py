# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for absent: what goes, who inherits a minor link, which links go with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import home_name
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import parse_build
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Home
from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import make_plan
from tests.unit.plan.hosts import (
    FILES,
    ROOT,
    TRIPLES,
    Catalogue,
    Host,
    actions,
    damaged,
    entry,
    listing,
    plan_for,
    running,
    task,
    with_homes,
)

OLDEST = entry("3.13.0", "20241016")
OLD = entry("3.13.1", "20250106")
NEW = entry("3.13.2", "20250317")
OTHER_MINOR = entry("3.12.9", "20250317")
THREADED = entry("3.14.7", "20260814", what="freethreaded-install_only_stripped")
PLAIN_14 = entry("3.14.7", "20260814")
LINK = "/usr/local/bin/python3.13"


def test_all_of_a_minor_version_go_with_its_link() -> None:
    host = with_homes(OLD, NEW, OTHER_MINOR, links={"3.13": "3.13.2", "3.12": "3.12.9"})
    plan = plan_for(task("3.13", state="absent"), host)
    assert set(plan.remove) == {home_name(OLD.asset), home_name(NEW.asset)}
    assert plan.unlink == (f"{ROOT}/3.13",)
    assert plan.links == {}
    assert sorted(actions(plan)) == [("3.13", "removed", "3.13.1"), ("3.13", "removed", "3.13.2")]


def test_nothing_there_is_nothing_to_do_and_asks_nobody() -> None:
    catalogue = Catalogue()
    plan = make_plan(task("3.13", state="absent"), Host().observe(), running(TRIPLES), catalogue.choose)
    assert not plan.changed
    assert actions(plan) == [("3.13", "kept", "")]
    assert catalogue.asked == []


@pytest.mark.parametrize(
    ("asked", "heir"),
    [
        ("3.13.2", OLD),  # the newest that is left
        ("3.13.1", None),  # not in use: the link stays as it is
        (">=3.13.1", OLDEST),
    ],
)
def test_the_newest_that_is_left_inherits_the_link(asked: str, heir: Entry | None) -> None:
    host = with_homes(OLDEST, OLD, NEW, links={"3.13": "3.13.2"})
    plan = plan_for(task(asked, state="absent"), host)
    assert plan.unlink == ()
    assert plan.links == ({"3.13": home_name(heir.asset)} if heir else {})


def test_a_damaged_home_inherits_nothing() -> None:
    host = damaged(with_homes(OLDEST, OLD, NEW, links={"3.13": "3.13.2"}), home_name(OLD.asset))
    assert plan_for(task("3.13.2", state="absent"), host).links == {"3.13": home_name(OLDEST.asset)}


def test_a_damaged_home_goes_too() -> None:
    host = damaged(with_homes(NEW, links={"3.13": "3.13.2"}), home_name(NEW.asset))
    plan = plan_for(task("3.13", state="absent"), host)
    assert (plan.remove, plan.unlink) == ((home_name(NEW.asset),), (f"{ROOT}/3.13",))


@pytest.mark.parametrize("what", ["install_only_stripped", "install_only", "noopt-full"])
@pytest.mark.parametrize("suffix", ["", ".2", ".12"])
def test_a_home_whose_receipt_cannot_be_read_goes_by_its_name(what: str, suffix: str) -> None:
    name = home_name(entry("3.13.2", "20250317", what=what).asset) + suffix
    host = Host({name: Home(name, {}, FILES, False)}, {"3.13": name})
    plan = plan_for(task("3.13", state="absent"), host)
    assert (plan.remove, plan.unlink) == ((name,), (f"{ROOT}/3.13",))


@pytest.mark.parametrize(
    ("asked", "options", "gone"),
    [
        ("3.14", {}, {PLAIN_14}),
        ("3.14t", {}, {THREADED}),
        ("3.14", {"build": parse_build("freethreaded")}, {THREADED}),
        ("3", {}, {PLAIN_14, NEW, OTHER_MINOR}),
        (">=3.13", {}, {PLAIN_14, NEW}),
        ("3.15", {}, set()),
        ("3", {"release": "20250317"}, {NEW, OTHER_MINOR}),
        ("3", {"flavor": "full"}, set()),
        ("3.13d", {}, set()),
    ],
)
def test_which_go(asked: str, options: dict[str, Any], gone: set[Entry]) -> None:
    links = {"3.14": "3.14.7", "3.13": "3.13.2", "3.12": "3.12.9"}
    host = with_homes(NEW, OTHER_MINOR, PLAIN_14, links=links)
    both = replace(
        host,
        homes={**host.homes, **with_homes(THREADED).homes},
        links={**host.links, "3.14t": home_name(THREADED.asset)},
    )
    plan = plan_for(task(asked, state="absent", **options), both)
    assert set(plan.remove) == {home_name(each.asset) for each in gone}


def test_what_the_host_cannot_run_any_more_goes_too() -> None:
    host = with_homes(entry("3.13.2", "20250317", "aarch64-unknown-linux-gnu"), links={"3.13": "3.13.2"})
    assert len(plan_for(task("3.13", state="absent"), host).remove) == 1


def test_two_requests_for_one_home_remove_it_once() -> None:
    host = with_homes(NEW, links={"3.13": "3.13.2"})
    plan = plan_for(task("3.13", "3.13.2", state="absent"), host)
    assert plan.remove == (home_name(NEW.asset),)


class TestExtraLinks:
    """Links elsewhere go with the minor link that they lead through."""

    host = with_homes(
        OLD,
        NEW,
        links={"3.13": "3.13.2"},
        made_links=(LINK,),
        paths={LINK: listing(LINK, f"{ROOT}/3.13/bin/python3.13")},
    )

    def test_go_with_the_last_home(self) -> None:
        plan = plan_for(task("3.13", state="absent"), self.host)
        assert plan.unlink == (LINK, f"{ROOT}/3.13")
        assert plan.made_links == ()

    def test_stay_while_the_minor_link_does(self) -> None:
        plan = plan_for(task("3.13.2", state="absent"), self.host)
        assert (plan.unlink, plan.made_links) == ((), None)

    def test_that_somebody_turned_elsewhere_stay(self) -> None:
        host = replace(self.host, paths={LINK: listing(LINK, "/usr/bin/python3")})
        plan = plan_for(task("3.13", state="absent", links=(LINK,)), host)
        assert plan.unlink == (f"{ROOT}/3.13",)

    def test_that_somebody_replaced_by_a_file_stay(self) -> None:
        host = replace(self.host, paths={LINK: listing(LINK)})
        assert plan_for(task("3.13", state="absent", links=(LINK,)), host).unlink == (f"{ROOT}/3.13",)

    def test_that_are_named_go_though_no_record_has_them(self) -> None:
        host = replace(self.host, made_links=())
        plan = plan_for(task("3.13", state="absent", links=(LINK,)), host)
        assert plan.unlink == (LINK, f"{ROOT}/3.13")

    def test_of_another_minor_version_stay(self) -> None:
        other = "/usr/local/bin/python3.12"
        host = replace(
            self.host,
            homes={**self.host.homes, **with_homes(OTHER_MINOR).homes},
            links={**self.host.links, "3.12": home_name(OTHER_MINOR.asset)},
            made_links=(other, LINK),
            paths={**self.host.paths, other: listing(other, f"{ROOT}/3.12/bin/python3.12")},
        )
        plan = plan_for(task("3.13", state="absent"), host)
        assert plan.unlink == (LINK, f"{ROOT}/3.13")
        assert plan.made_links == (other,)

    def test_of_a_root_whose_name_begins_alike_stay(self) -> None:
        host = replace(self.host, paths={LINK: listing(LINK, f"{ROOT}/3.13-mine/bin/python3.13")})
        assert plan_for(task("3.13", state="absent"), host).unlink == (f"{ROOT}/3.13",)
