# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for present and latest: what is kept, installed, upgraded, rolled back, repaired, linked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import home_name
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import parse_build
from ansible_collections.fleet.python.plugins.plugin_utils._execute.module_plan import _receipt
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Home
from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import make_plan
from tests.unit.plan.hosts import (
    FILES,
    GNU,
    ROOT,
    V2,
    V3,
    Catalogue,
    Host,
    actions,
    damaged,
    entry,
    listing,
    plan_for,
    receipt_of,
    running,
    task,
    with_homes,
)

OLD = entry("3.13.1", "20250106")
SAME_VERSION_LATER = entry("3.13.1", "20250115")
NEW = entry("3.13.2", "20250317")
OTHER_MINOR = entry("3.12.9", "20250317")
THREADED = entry("3.14.7", "20260814", what="freethreaded-install_only_stripped")
PLAIN_14 = entry("3.14.7", "20260814")


def home(each: Entry) -> str:
    return home_name(each.asset)


# What is installed and which version each link leads to; what is asked for; what the catalogue has; what happens.
@pytest.mark.parametrize(
    ("installed", "links", "asked", "options", "catalogue", "happens", "new_links"),
    [
        pytest.param([], {}, "3.13", {}, [OLD, NEW], ("installed", "3.13.2"), {"3.13": home(NEW)}, id="nothing there"),
        pytest.param([OLD], {"3.13": "3.13.1"}, "3.13", {}, [NEW], ("kept", "3.13.1"), {}, id="satisfied"),
        pytest.param([OLD], {"3.13": "3.13.1"}, "3.13.2", {}, [NEW], ("upgraded", "3.13.2"), {"3.13": home(NEW)}),
        pytest.param(
            [OLD], {"3.13": "3.13.1"}, "3.13", {"newest": True}, [OLD, NEW], ("upgraded", "3.13.2"), {"3.13": home(NEW)}
        ),
        pytest.param([NEW], {"3.13": "3.13.2"}, "3.13", {"newest": True}, [OLD, NEW], ("kept", "3.13.2"), {}),
        pytest.param(
            [NEW],
            {"3.13": "3.13.2"},
            "3.13",
            {"newest": True},
            [OLD],
            ("rolled_back", "3.13.1"),
            {"3.13": home(OLD)},
            id="the catalogue's newest is older than what is there",
        ),
        pytest.param([OLD, NEW], {"3.13": "3.13.2"}, "3.13.1", {}, [], ("rolled_back", "3.13.1"), {"3.13": home(OLD)}),
        pytest.param([OLD, NEW], {"3.13": "3.13.1"}, "3.13", {}, [], ("kept", "3.13.1"), {}, id="in use wins"),
        pytest.param(
            [OLD, NEW], {}, "3.13", {}, [], ("kept", "3.13.2"), {"3.13": home(NEW)}, id="no link: the newest, linked"
        ),
        pytest.param(
            [OLD],
            {"3.13": "3.13.1"},
            "3.13.1",
            {"release": "20250115"},
            [OLD, SAME_VERSION_LATER],
            ("upgraded", "3.13.1"),
            {"3.13": home(SAME_VERSION_LATER)},
            id="the same version of a later release",
        ),
        pytest.param(
            [NEW], {"3.13": "3.13.2"}, "3.12", {}, [OTHER_MINOR], ("installed", "3.12.9"), {"3.12": home(OTHER_MINOR)}
        ),
        pytest.param(
            [PLAIN_14], {"3.14": "3.14.7"}, "3.14t", {}, [THREADED], ("installed", "3.14.7"), {"3.14t": home(THREADED)}
        ),
        pytest.param(
            [THREADED], {"3.14t": "3.14.7"}, "3.14", {}, [PLAIN_14], ("installed", "3.14.7"), {"3.14": home(PLAIN_14)}
        ),
        pytest.param(
            [OTHER_MINOR, NEW], {"3.12": "3.12.9"}, ">=3.12", {}, [], ("kept", "3.12.9"), {}, id="a range, in use"
        ),
        pytest.param(
            [OTHER_MINOR, NEW],
            {"3.12": "3.12.9", "3.13": "3.13.2"},
            ">=3.12",
            {},
            [],
            ("kept", "3.13.2"),
            {},
            id="a range, both in use",
        ),
    ],
)
def test_one_request(
    installed: list[Entry],
    links: Mapping[str, str],
    asked: str,
    options: dict[str, Any],
    catalogue: list[Entry],
    happens: tuple[str, str],
    new_links: Mapping[str, str],
) -> None:
    host = with_homes(*installed, links=links)
    plan = plan_for(task(asked, **options), host, *catalogue)
    assert actions(plan) == [(asked, *happens)]
    assert plan.links == new_links
    wanted = {each.asset.name for each in catalogue} - {each.asset.name for each in installed}
    assert {build.asset for build in plan.installs} <= wanted
    assert (happens[0] == "kept" and not new_links) == (not plan.changed)
    assert plan.remove == plan.unlink == ()


def test_an_install_says_all_that_the_host_needs() -> None:
    plan = plan_for(task("3.13"), Host(), entry("3.13.2", "20250317", V2))
    (build,) = plan.installs
    assert (build.home, build.version, build.release) == (f"cpython-3.13.2+20250317-{V2}", "3.13.2", "20250317")
    assert (build.triple, build.flavor, build.link) == (V2, "install_only_stripped", "3.13")
    assert build.sha256 == entry("3.13.2", "20250317", V2).sha256
    assert plan.outcomes[0].build == build
    assert plan.root == ROOT


@pytest.mark.parametrize("asked", ["3.13", "3.13.1", ">=3.13", "==3.13.*", "3", "3.13+pgo+lto"])
def test_what_is_satisfied_asks_no_catalogue(asked: str) -> None:
    host = with_homes(entry("3.13.1", "20250106", V2), links={"3.13": "3.13.1"})
    catalogue = Catalogue()
    asking = task(asked)
    assert not make_plan(asking, host.observe(), running((V3, V2, GNU)), catalogue.choose).changed
    assert catalogue.asked == []


def test_only_what_is_missing_is_asked_for() -> None:
    catalogue = Catalogue(OLD, NEW, OTHER_MINOR)
    host = with_homes(OLD, links={"3.13": "3.13.1"})
    plan = make_plan(task("3.13", "3.12"), host.observe(), running((V3, V2, GNU)), catalogue.choose)
    assert catalogue.asked == ["3.12"]
    assert actions(plan) == [("3.13", "kept", "3.13.1"), ("3.12", "installed", "3.12.9")]


@pytest.mark.parametrize(
    ("installed", "triples", "options", "kept"),
    [
        (entry("3.13.2", "20250317", V3), (V3, V2, GNU), {}, True),
        (entry("3.13.2", "20250317", V3), (V2, GNU), {}, False),  # a lower max_level, or an image on another CPU
        (entry("3.13.2", "20250317", "x86_64-unknown-linux-musl"), (V2, GNU), {}, False),
        (entry("3.13.2", "20250317"), (GNU,), {"release": "20250317"}, True),
        (entry("3.13.2", "20250317"), (GNU,), {"release": "20250409"}, False),
        (entry("3.13.2", "20250317"), (GNU,), {"flavor": "install_only"}, False),
        (entry("3.13.2", "20250317", what="install_only"), (GNU,), {"flavor": "install_only"}, True),
        (entry("3.13.2", "20250317", what="install_only"), (GNU,), {}, True),
        (entry("3.13.2", "20250317", what="pgo+lto-full"), (GNU,), {}, True),
        (entry("3.13.2", "20250317", what="debug-full"), (GNU,), {}, False),
        (entry("3.13.2", "20250317", what="debug-full"), (GNU,), {"build": parse_build("debug")}, True),
        (entry("3.13.2", "20250317", what="lto-full"), (GNU,), {"build": parse_build("lto")}, True),
        (entry("3.13.2", "20250317", what="lto-full"), (GNU,), {"build": parse_build("pgo+lto")}, False),
        # install_only archives are made of the pgo+lto build, though their name does not say so.
        (entry("3.13.2", "20250317"), (GNU,), {"build": parse_build("pgo+lto")}, True),
        (entry("3.13.2", "20250317"), (GNU,), {"build": parse_build("noopt")}, False),
    ],
)
def test_which_installed_build_satisfies(
    installed: Entry, triples: tuple[str, ...], options: dict[str, Any], kept: bool
) -> None:
    wanted = entry("3.13.3", "20250409")
    host = with_homes(installed, links={"3.13": "3.13.2"})
    plan = make_plan(task("3.13", **options), host.observe(), running(triples), lambda request: wanted)
    assert (plan.outcomes[0].action == "kept") is kept
    assert bool(plan.installs) is not kept


def test_a_prerelease_that_is_there_satisfies_only_who_allows_it() -> None:
    candidate = entry("3.15.0rc1", "20260814")
    host = with_homes(candidate, PLAIN_14, links={"3.15": "3.15.0rc1", "3.14": "3.14.7"})
    assert actions(plan_for(task(">=3.13"), host)) == [(">=3.13", "kept", "3.14.7")]
    assert actions(plan_for(task("3.15.0rc1"), host)) == [("3.15.0rc1", "kept", "3.15.0rc1")]
    assert actions(plan_for(task("3.15", prerelease=True), host)) == [("3.15", "kept", "3.15.0rc1")]


def test_requests_keep_their_order_and_the_last_has_the_link() -> None:
    plan = plan_for(task("3.13.2", "3.12", "3.13.1"), Host(), OLD, NEW, OTHER_MINOR)
    assert actions(plan) == [
        ("3.13.2", "installed", "3.13.2"),
        ("3.12", "installed", "3.12.9"),
        ("3.13.1", "installed", "3.13.1"),
    ]
    assert [build.version for build in plan.installs] == ["3.13.2", "3.12.9", "3.13.1"]
    assert plan.links == {"3.13": home(OLD), "3.12": home(OTHER_MINOR)}


def test_two_requests_for_one_build_install_it_once() -> None:
    plan = plan_for(task("3.13", "3.13.2", "==3.13.*"), Host(), NEW)
    assert [build.home for build in plan.installs] == [home(NEW)]
    assert actions(plan) == [(text, "installed", "3.13.2") for text in ("3.13", "3.13.2", "==3.13.*")]


def test_what_the_catalogue_chooses_and_is_there_is_linked_and_not_installed_again() -> None:
    host = with_homes(OLD, NEW, links={"3.13": "3.13.1"})
    plan = plan_for(task("3.13", newest=True), host, OLD, NEW)
    assert (plan.installs, plan.links) == ((), {"3.13": home(NEW)})
    assert actions(plan) == [("3.13", "upgraded", "3.13.2")]


class TestDamage:
    """A home that is not whole is replaced by a new one, under another name, and goes last."""

    host = with_homes(NEW, links={"3.13": "3.13.2"})

    @pytest.mark.parametrize("asked", [task("3.13"), task("3.13.2"), task("3.13", newest=True)])
    def test_is_repaired(self, asked: Any) -> None:
        plan = plan_for(asked, damaged(self.host, home(NEW)), NEW)
        assert [build.home for build in plan.installs] == [f"{home(NEW)}.2"]
        assert plan.links == {"3.13": f"{home(NEW)}.2"}
        assert plan.remove == (home(NEW),)
        assert [each[1] for each in actions(plan)] == ["repaired"]

    @pytest.mark.parametrize(
        "lost",
        [
            {"runs": False},
            {"files": FILES - 1},
            {"files": 0},
            {"changed": ("bin/python3.13",)},
            {"receipt": {"sha256": NEW.sha256, "files": "many"}},
            {"receipt": {"sha256": NEW.sha256}},
        ],
    )
    def test_of_every_kind(self, lost: dict[str, Any]) -> None:
        hurt = replace(self.host, homes={home(NEW): replace(self.host.homes[home(NEW)], **lost)})
        assert [each[1] for each in actions(plan_for(task("3.13"), hurt, NEW))] == ["repaired"]

    def test_files_that_somebody_added_are_none(self) -> None:
        more = replace(self.host, homes={home(NEW): replace(self.host.homes[home(NEW)], files=FILES + 5)})
        assert not plan_for(task("3.13"), more).changed

    def test_a_home_that_was_in_use_goes_later(self) -> None:
        broken = damaged(self.host, home(NEW))
        plan = plan_for(task("3.13"), broken, NEW)
        in_use = broken.carried_out(replace(plan, remove=()), [NEW])
        assert plan_for(task("3.13"), in_use, NEW).remove == (home(NEW),)
        assert not plan_for(task("3.13"), in_use.carried_out(plan_for(task("3.13"), in_use), [])).changed

    def test_nothing_goes_where_all_is_kept(self) -> None:
        broken = damaged(self.host, home(NEW))
        plan = plan_for(task("3.13", keep=None), broken, NEW)
        assert (plan.links, plan.remove) == ({"3.13": f"{home(NEW)}.2"}, ())
        assert not plan_for(task("3.13", keep=None), broken.carried_out(plan, [NEW])).changed

    def test_twice(self) -> None:
        host = self.host
        for number in (2, 3):
            in_use = host.links["3.13"]
            broken = damaged(host, in_use)
            plan = plan_for(task("3.13"), broken, NEW)
            host = broken.carried_out(plan, [NEW])
            assert in_use not in host.homes
            assert not plan_for(task("3.13"), host).changed
            # The first name is free again after the second repair.
            assert host.links["3.13"] == (f"{home(NEW)}.2" if number == 2 else home(NEW))

    def test_where_names_are_taken_the_next_is_free(self) -> None:
        taken = replace(damaged(self.host, home(NEW)), others=(listing(f"{home(NEW)}.2"), listing(f"{home(NEW)}.3")))
        assert [build.home for build in plan_for(task("3.13"), taken, NEW).installs] == [f"{home(NEW)}.4"]

    def test_another_whole_build_satisfies(self) -> None:
        host = damaged(with_homes(OLD, NEW, links={"3.13": "3.13.2"}), home(NEW))
        plan = plan_for(task("3.13"), host)
        assert (plan.installs, plan.links) == ((), {"3.13": home(OLD)})
        assert actions(plan) == [("3.13", "rolled_back", "3.13.1")]

    @pytest.mark.parametrize("what", ["install_only_stripped", "install_only", "pgo+lto-full"])
    @pytest.mark.parametrize("suffix", ["", ".2"])
    def test_a_receipt_that_cannot_be_read(self, what: str, suffix: str) -> None:
        chosen = entry("3.13.2", "20250317", what=what)
        name = home(chosen) + suffix
        host = Host({name: Home(name, {}, FILES, False)}, {"3.13": name})
        plan = plan_for(task("3.13"), host, chosen)
        assert [each[1] for each in actions(plan)] == ["repaired"]
        assert plan.remove == (name,)
        assert not plan_for(task("3.13"), host.carried_out(plan, [chosen])).changed

    @pytest.mark.parametrize("receipt", [{}, {"asset": "../../etc", "sha256": "0"}, {"asset": "nonsense"}])
    def test_a_directory_whose_name_is_none_of_ours_is_left_alone(self, receipt: dict[str, Any]) -> None:
        host = Host({"cpython-mine": Home("cpython-mine", receipt, 1, False)}, {"3.13": "cpython-mine"})
        for asked in (task("3.13"), task("3", state="absent")):
            plan = plan_for(asked, host, NEW)
            assert plan.remove == ()

    def test_the_same_name_with_other_bytes_is_another_build(self) -> None:
        """A tag was uploaded again, or the source is another mirror: what is there stays for who runs it."""
        rebuilt = entry("3.13.2", "20250317", sha256="f" * 64)
        plan = plan_for(task("3.13", newest=True), self.host, rebuilt)
        assert [build.home for build in plan.installs] == [f"{home(NEW)}.2"]
        assert plan.links == {"3.13": f"{home(NEW)}.2"}
        assert plan.remove == ()
        after = self.host.carried_out(plan, [rebuilt])
        assert not plan_for(task("3.13", newest=True), after, rebuilt).changed


def test_a_link_that_leads_to_nothing_is_mended() -> None:
    host = replace(with_homes(NEW), links={"3.13": "cpython-3.13.0+20241016-x86_64-unknown-linux-gnu"})
    plan = plan_for(task("3.13"), host)
    assert plan.links == {"3.13": home(NEW)}
    assert not plan.installs


def test_receipts_of_the_model_are_those_of_the_module_plan() -> None:
    """The model of the host in these tests would prove little if receipts looked otherwise."""
    written = _receipt(plan_for(task("3.13"), Host(), NEW).installs[0], NEW)
    model = receipt_of(NEW)
    assert set(model) - set(written) == {"source", "files", "installed"}
    assert {key: model[key] for key in written} == written
