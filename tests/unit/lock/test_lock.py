# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock: what an update changes, what a host gets, and when a host is refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry, ListCatalogue
from ansible_collections.fleet.python.plugins.plugin_utils._builds.query import make_query
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import parse_request
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import (
    Lock,
    LockError,
    Pin,
    check_digests,
    others,
    pick,
    sort_requests,
    update_lock,
)

GNU = "x86_64-unknown-linux-gnu"
V2 = "x86_64_v2-unknown-linux-gnu"
V3 = "x86_64_v3-unknown-linux-gnu"
V4 = "x86_64_v4-unknown-linux-gnu"
MUSL = "x86_64-unknown-linux-musl"
ARM = "aarch64-unknown-linux-gnu"


def pin(version: str, release: str, triple: str, what: str = "install_only_stripped.tar.gz") -> Pin:
    asset = parse_asset(f"cpython-{version}+{release}-{triple}-{what}")
    return Pin(asset, release, "a" * 64, 1000)


LOCK = Lock(
    requests=("3.12", "3.13", "3.14t"),
    pins={
        V3: {"3.12": pin("3.12.9", "20250317", V3), "3.13": pin("3.13.2", "20250317", V3)},
        GNU: {"3.13": pin("3.13.2", "20250317", GNU)},
        MUSL: {"3.13": pin("3.13.2", "20250317", MUSL)},
    },
)


def picked(request: str, triples: Sequence[str], **options: str | int | bool) -> str:
    query = make_query(parse_request(request), triples, **options)  # type: ignore[arg-type]
    return pick(LOCK, query, origin="python.lock.yml").asset.name


def refusal(request: str, triples: Sequence[str], **options: str | int | bool) -> str:
    with pytest.raises(LockError) as refused:
        picked(request, triples, **options)
    return str(refused.value)


def test_a_host_gets_what_is_pinned_for_its_best_triple() -> None:
    assert picked("3.13", [V3, V2, GNU]) == f"cpython-3.13.2+20250317-{V3}-install_only_stripped.tar.gz"
    assert picked("3.13", [GNU]) == f"cpython-3.13.2+20250317-{GNU}-install_only_stripped.tar.gz"
    assert picked("==3.13.*", [GNU]) == f"cpython-3.13.2+20250317-{GNU}-install_only_stripped.tar.gz"


def test_options_of_the_host_say_which_triple_is_its_best() -> None:
    assert picked("3.13", [V4, V3, V2, GNU], max_level=3).endswith(f"{V3}-install_only_stripped.tar.gz")
    assert picked("3.13", [V3, V2, GNU], max_level=1).endswith(f"{GNU}-install_only_stripped.tar.gz")
    assert picked("3.13", [GNU, MUSL], libc="musl").endswith(f"{MUSL}-install_only_stripped.tar.gz")


def test_a_triple_that_is_missing_is_refused_with_the_command_that_adds_it() -> None:
    assert refusal("3.13", [V2, GNU]) == (
        f"python.lock.yml does not pin 3.13 for {V2}, but for {GNU}, {MUSL}, {V3}. "
        "Add it with: ansible-playbook fleet.python.lock"
    )
    assert "does not pin 3.14t for aarch64-unknown-linux-gnu, but for no triple" in refusal("3.14t", [ARM])


def test_a_request_that_is_missing_is_refused() -> None:
    assert refusal("3.11", [V3]) == (
        "python.lock.yml does not pin 3.11; it pins 3.12, 3.13, 3.14t. Add it with: ansible-playbook fleet.python.lock"
    )
    assert "does not pin 3.13t; it pins" in refusal("3.13t", [V3])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"flavor": "full"}, "which is install_only_stripped, flavor: full was asked for"),
        ({"build": "debug"}, "which is not a debug build"),
        ({"build": "noopt"}, "which is built with pgo+lto, noopt was asked for"),
        ({"release": "20250409"}, "which is of release 20250317, release 20250409 was asked for"),
    ],
)
def test_a_lock_that_no_longer_matches_says_so(options: dict[str, str], reason: str) -> None:
    said = refusal("3.13", [V3], **options)
    assert said.startswith(f"python.lock.yml no longer matches what is asked for: for 3.13 on {V3} it pins cpython-")
    assert reason in said
    assert said.endswith("Write it again with: ansible-playbook fleet.python.lock")


def test_options_that_leave_no_triple() -> None:
    assert refusal("3.13", [GNU], libc="musl") == f"libc: musl and max_level: 3 leave none of {GNU}"


def test_updating_one_minor_leaves_the_others_alone() -> None:
    newer = pin("3.13.3", "20250409", V3)
    lock = update_lock(LOCK, {(V3, "3.13"): newer})
    assert lock.pins[V3]["3.13"] == newer
    assert lock.pins[V3]["3.12"] == LOCK.pins[V3]["3.12"]
    assert lock.pins[GNU] == LOCK.pins[GNU]
    assert lock.pins[MUSL] == LOCK.pins[MUSL]
    assert LOCK.pins[V3]["3.13"].asset.version == "3.13.2"


def test_a_new_triple_and_a_new_request_are_added() -> None:
    lock = update_lock(LOCK, {(ARM, "3.9"): pin("3.9.25", "20251031", ARM)})
    assert lock.requests == ("3.9", "3.12", "3.13")  # 3.14t was pinned for no triple
    assert set(lock.pins) == {V3, GNU, MUSL, ARM}


def test_requests_are_dropped_and_everything_is_replaced_when_asked_for() -> None:
    assert update_lock(LOCK, {}, drop=["3.13"]).pins == {V3: {"3.12": LOCK.pins[V3]["3.12"]}}
    only = update_lock(LOCK, {(GNU, "3.13"): LOCK.pins[GNU]["3.13"]}, only=True)
    assert (only.requests, only.pins) == (("3.13",), {GNU: LOCK.pins[GNU]})


def test_a_first_lock() -> None:
    assert update_lock(None, {}) == Lock((), {})
    first = update_lock(None, {(GNU, "3.13"): LOCK.pins[GNU]["3.13"]})
    assert first == Lock(("3.13",), {GNU: {"3.13": LOCK.pins[GNU]["3.13"]}})


def test_what_is_pinned_for_other_hosts_is_told_apart() -> None:
    chosen = LOCK.pins[V3]["3.13"].entry
    found = others(LOCK, parse_request("==3.13.*"), chosen, origin="x")
    assert [(each.asset.triple, each.reason) for each in found] == [
        (GNU, f"is pinned for hosts of {GNU}"),
        (MUSL, f"is pinned for hosts of {MUSL}"),
    ]


def test_requests_are_sorted_by_version() -> None:
    assert sort_requests(["3.13", "3.9", "3.14t", "3.9.6", "3"]) == ("3", "3.9", "3.9.6", "3.13", "3.14t")


def test_a_pin_with_other_bytes_than_the_catalogue_is_found() -> None:
    mine = LOCK.pins[GNU]["3.13"]
    other = ListCatalogue([Entry("20250317", mine.asset, "b" * 64)], origin="the bundled catalogue")
    with pytest.raises(LockError) as refused:
        check_digests(LOCK.entries(), other, origin="python.lock.yml")
    assert f"{mine.asset.name} has the sha256 {'a' * 64}, in the bundled catalogue it has {'b' * 64}" in str(
        refused.value
    )
    check_digests(LOCK.entries(), ListCatalogue([mine.entry], origin="x"), origin="python.lock.yml")
    check_digests(LOCK.entries(), ListCatalogue([], origin="x"), origin="python.lock.yml")
