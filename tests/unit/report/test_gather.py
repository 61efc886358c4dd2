# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of hosts' results: findings, drift, the newest patch, and what hosts say that is nonsense."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.fleet.python.plugins.plugin_utils._report import gather
from ansible_collections.fleet.python.plugins.plugin_utils._report.gather import by_worst, report_of
from ansible_collections.fleet.python.plugins.plugin_utils._report.page import page
from ansible_collections.fleet.python.plugins.plugin_utils._report.rows import csv_text
from ansible_collections.fleet.python.plugins.plugin_utils._report.table import host_table
from tests.unit.report.fleet import asset_name, entry, frame, home, lock_of, looked

SCHEMA = json.loads(Path(str(gather.__file__)).with_name("schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def only_host(result: Any, **others: Any) -> dict[str, Any]:
    report = report_of([("web1", result)], frame(*others.pop("known", ()), **others))
    VALIDATOR.validate(report)
    [host] = report["hosts"]
    assert isinstance(host, dict)
    return host


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_host_with_what_its_receipt_says() -> None:
    host = only_host(looked(home()), known=[entry("3.13.2"), entry("3.13.9", "20251014")])
    [found] = host["homes"]
    assert (found["version"], found["minor"], found["level"], found["processes"]) == ("3.13.2", "3.13", 3, 2)
    assert (found["newest"], found["behind"]) == ("3.13.9", True)
    assert found["support"] == {"state": "security", "until": "2029-10-31", "ends": "2029-10-31"}
    assert found["libraries"] == {"openssl": "3.0.16", "sqlite": "3.49.1"}
    assert host["other_pythons"] == [
        {
            "path": "/usr/bin/python3.11",
            "version": "3.11.2",
            "support": {"state": "security", "until": "2027-10-31", "ends": "2027-10-31"},
        }
    ]
    assert host["findings"] == ["behind"]
    assert host["platform"]["libc"] == "glibc"


def test_a_home_of_an_older_receipt_knows_no_libraries() -> None:
    old = {key: value for key, value in home().items() if key not in ("libraries", "size", "starts", "build")}
    [found] = only_host(looked(old))["homes"]
    assert (found["libraries"], found["size"], found["starts"], found["build"]) == ({}, None, None, None)


@pytest.mark.parametrize(
    ("result", "state", "reason"),
    [
        (None, "not_looked_at", "the play has not looked at it"),
        ({"skipped": True}, "not_looked_at", "the play has not looked at it"),
        ({"unreachable": True, "msg": "no route"}, "unreachable", "no route"),
        ({"failed": True, "msg": "sudo\x1b[31m"}, "refused", "sudo\\x1b[31m"),
        ({"homes": "none"}, "refused", "its result is not that of fleet.python.interpreter_info"),
        ([1], "refused", "its result cannot be read"),
    ],
)
def test_hosts_that_were_not_looked_at(result: Any, state: str, reason: str) -> None:
    host = only_host(result)
    assert (host["state"], host["reason"], host["homes"]) == (state, reason, [])


def test_findings_are_worst_first() -> None:
    host = only_host(looked(home("3.8.20"), home(damage="1 of its 10 files are missing"), left_overs=[{"path": "/x"}]))
    assert host["findings"] == ["damaged", "end_of_life", "leftovers"]


def test_a_pinned_build_and_one_that_is_kept_to_go_back_to() -> None:
    old = home("3.13.1", linked_by=[], previous_of=["3.13"], sha256="b" * 64)
    host = only_host(looked(home(), old), lock=lock_of(entry("3.13.2")), lock_path="python.lock.yml")
    assert [each["lock"] for each in host["homes"]] == ["pinned", "kept"]
    assert (host["drift"], host["missing"]) == ([], [])


def test_every_kind_of_drift() -> None:
    lock = lock_of(entry("3.13.9", "20251014", "c" * 64), entry("3.11.9", "20240726", "d" * 64))
    host = only_host(looked(home(), home("3.12.6", sha256="e" * 64)), lock=lock)
    assert [each["lock"] for each in host["homes"]] == ["other_build", "extra"]
    assert host["drift"] == [
        "3.13 is 3.13.2 of 20250317, and the lock pins 3.13.9 of 20251014",
        "3.11 is missing: the lock pins 3.11.9 of 20240726",
        "3.12.6 is linked, and the lock does not pin it",
    ]
    assert host["missing"] == [{"request": "3.11", "asset": asset_name("3.11.9", "20240726")}]
    assert host["findings"] == ["drifted"]


def test_a_pinned_build_that_is_there_but_not_linked_is_missing() -> None:
    host = only_host(looked(home(linked_by=[])), lock=lock_of(entry("3.13.2")))
    assert host["drift"] == ["3.13 is missing: the lock pins 3.13.2 of 20250317"]


def test_a_lock_without_the_triple_of_the_host() -> None:
    host = only_host(looked(home()), lock=lock_of(entry("3.13.2"), triple="aarch64-unknown-linux-gnu"))
    assert host["drift"][0] == "the lock pins nothing for x86_64_v3-unknown-linux-gnu"


def test_the_level_and_the_libc_choose_the_triple_as_the_task_does() -> None:
    lock = lock_of(entry("3.13.2"), triple="x86_64_v2-unknown-linux-gnu")
    assert only_host(looked(home()), lock=lock, max_level=2)["drift"] == []
    assert only_host(looked(home()), lock=lock)["drift"] != []


def test_a_free_threaded_build_is_compared_with_its_like() -> None:
    host = only_host(looked(home(build="freethreaded")), known=[entry("3.13.9")])
    assert (host["homes"][0]["newest"], host["homes"][0]["behind"]) == (None, False)


def test_the_summary_counts_hosts() -> None:
    results = [
        ("a", looked(home(), home("3.12.6"))),
        ("b", looked()),
        ("c", {"unreachable": True}),
        ("d", looked(home())),
    ]
    report = report_of(results, frame())
    summary = report["summary"]
    assert (summary["hosts"], summary["looked_at"], summary["unreachable"], summary["without_python"]) == (4, 3, 1, 1)
    assert [(each["minor"], each["hosts"]) for each in summary["minors"]] == [("3.13", 2), ("3.12", 1)]
    assert [host["host"] for host in sorted(report["hosts"], key=by_worst)] == ["c", "a", "b", "d"]


def _upgraded(sent: Any, pulled: Any, delta: Any) -> dict[str, Any]:
    return {"interpreters": [{"sent_bytes": sent, "pulled_bytes": pulled, "delta": delta}, {"action": "kept"}]}


def test_bytes_are_counted_by_host_and_in_all() -> None:
    hosts = report_of([("a", looked(home())), ("b", looked()), ("c", None)], frame())
    first = [
        ("a", _upgraded(11_300_000, 0, True)),
        ("b", {"results": [_upgraded(0, 46_500_000, False)] * 2}),
        ("c", None),
    ]
    second = [("a", _upgraded(0, 2_000_000, True)), ("b", None), ("c", {"failed": True})]
    report = gather.with_transfers(hosts, [first, second])
    VALIDATOR.validate(report)
    assert [host["transfers"] for host in report["hosts"]] == [
        {"sent_bytes": 11_300_000, "pulled_bytes": 2_000_000, "deltas": 2},
        {"sent_bytes": 0, "pulled_bytes": 93_000_000, "deltas": 0},
        {"sent_bytes": 0, "pulled_bytes": 0, "deltas": 0},
    ]
    assert report["summary"]["sent_bytes"] == 11_300_000
    table = host_table(report)
    assert table.endswith("11.3 MB sent and 95.0 MB downloaded in this run, 2 by delta")
    assert "MB in this run" in table.splitlines()[0]
    assert "13.3" in next(line for line in table.splitlines() if line.startswith("a "))
    lines = list(csv.DictReader(io.StringIO(csv_text(report))))
    assert [line["host_pulled_bytes"] for line in lines] == ["2000000", "93000000", "0"]
    assert "11.3 MB sent, 95.0 MB downloaded, 2 by delta" in page(report)
    assert gather.with_transfers(hosts, []) is hosts
    assert [line["host_sent_bytes"] for line in csv.DictReader(io.StringIO(csv_text(hosts)))] == ["", "", ""]
    assert "In this run" not in page(hosts)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_KEYS = ("homes", "pythons", "left_overs", "platform", "root", "system", "failed", "msg")
_HOSTILE_HOME = st.fixed_dictionaries({}, optional=dict.fromkeys(home(), _JSON))


@settings(max_examples=60)
@given(_JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(_KEYS, _JSON) | {"homes": st.lists(_HOSTILE_HOME)}))
def test_whatever_a_host_says_is_a_row(result: Any) -> None:
    report = report_of([("web1", result)], frame(lock=lock_of(entry("3.13.2"))))
    VALIDATOR.validate(report)
    for made, allowed in ((host_table(report), "\n"), (csv_text(report), "\n\t")):
        assert not [mark for mark in made if mark < " " and mark not in allowed]
    json.dumps(report, allow_nan=False)


@settings(max_examples=40)
@given(_JSON | st.builds(_upgraded, _JSON, _JSON, _JSON))
def test_whatever_a_task_returned_is_counted(result: Any) -> None:
    VALIDATOR.validate(gather.with_transfers(report_of([("web1", looked())], frame()), [[("web1", result)]]))
