# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written of a report: the table, CSV, the bill of materials, and the files themselves."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from ansible_collections.fleet.python.plugins.plugin_utils._report.gather import report_of
from ansible_collections.fleet.python.plugins.plugin_utils._report.page import compact
from ansible_collections.fleet.python.plugins.plugin_utils._report.rows import csv_text
from ansible_collections.fleet.python.plugins.plugin_utils._report.sbom import fleet_sbom, host_sboms
from ansible_collections.fleet.python.plugins.plugin_utils._report.support import CYCLES, support
from ansible_collections.fleet.python.plugins.plugin_utils._report.table import host_table
from ansible_collections.fleet.python.plugins.plugin_utils._report.write import ReportError, file_name, write_all
from tests.unit.report.fleet import PROOF, entry, frame, home, lock_of, looked

DAMAGED = home("3.12.6", damage="1 of its 10 files are missing", linked_by=[], sha256="b" * 64)


def report(*results: tuple[str, Any], **others: Any) -> dict[str, Any]:
    return report_of(results, frame(entry("3.13.9"), **others))


def test_the_table_has_the_worst_first_and_a_summary() -> None:
    made = report(
        ("fine", looked(home("3.13.9"))),
        ("worse", looked(home(), DAMAGED)),
        ("gone", {"unreachable": 1, "msg": "x\ny"}),
    )
    header, *lines, summary = host_table(made).splitlines()
    assert header.split()[:2] == ["host", "state"]
    assert [line.split()[:2] for line in lines] == [["gone", "unreachable"], ["worse", "damaged"], ["fine", "ok"]]
    assert "3.13.2, 3.12.6 (not linked)" in lines[1]
    assert "3.12.6: 1 of its 10 files are missing; 3.13.2 is behind 3.13.9" not in lines[2]
    assert lines[0].endswith("x y")
    assert summary == "3 hosts; 3.13 on 2, 3.12 on 1; 1 unreachable; 1 damaged; 1 behind the newest patch"


def test_csv_has_a_line_for_each_home_and_for_each_host_without_one() -> None:
    made = report(("web1", looked(home(), DAMAGED)), ("gone", {"unreachable": True, "msg": "no route"}))
    lines = list(csv.DictReader(io.StringIO(csv_text(made))))
    assert [(line["host"], line["version"], line["damage"]) for line in lines] == [
        ("web1", "3.13.2", ""), ("web1", "3.12.6", "1 of its 10 files are missing"), ("gone", "", ""),
    ]  # fmt: skip
    assert (lines[0]["openssl"], lines[0]["behind"], lines[0]["support_state"]) == ("3.0.16", "yes", "security")
    assert (lines[2]["state"], lines[2]["reason"]) == ("unreachable", "no route")


@pytest.mark.parametrize("hostile", ["=cmd()", "+1", "-1", "@x", '"; rm', "a\nb"])
def test_csv_has_no_formula_and_stays_one(hostile: str) -> None:
    made = report(("web1", looked(home(source=hostile))))
    [line] = csv.DictReader(io.StringIO(csv_text(made)))
    assert not str(line["source"]).startswith(("=", "+", "-", "@"))
    assert line["source"].lstrip("'").replace("\\n", "\n").replace("\\x0a", "\n") == hostile


def valid(text: str) -> dict[str, Any]:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill: dict[str, Any] = json.loads(text)
    return bill


def test_the_bill_of_a_fleet_has_each_build_once() -> None:
    made = report(("web1", looked(home())), ("web2", looked(home(), DAMAGED)))
    bill = valid(fleet_sbom(made))
    pythons = [each for each in bill["components"] if each["name"] == "python"]
    pythons.sort(key=lambda each: str(each["version"]), reverse=True)
    assert [each["cpe"] for each in pythons] == [
        "cpe:2.3:a:python:python:3.13.2:*:*:*:*:*:*:*",
        "cpe:2.3:a:python:python:3.12.6:*:*:*:*:*:*:*",
    ]
    first = pythons[0]
    assert first["purl"] == f"pkg:generic/python@3.13.2?checksum=sha256:{'a' * 64}"
    assert first["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert first["licenses"] == [{"license": {"id": "PSF-2.0"}}]
    assert first["externalReferences"] == [{"type": "distribution", "url": "https://mirror.example.com/python"}]
    assert sorted(each["value"].partition(":")[0] for each in first["properties"]) == ["web1", "web2"]
    openssl = next(each for each in bill["components"] if each["name"] == "openssl")
    assert (openssl["cpe"], openssl["purl"]) == (
        "cpe:2.3:a:openssl:openssl:3.0.16:*:*:*:*:*:*:*",
        "pkg:generic/openssl@3.0.16",
    )
    needs = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    assert openssl["bom-ref"] in needs[first["bom-ref"]]
    assert bill["metadata"]["timestamp"].startswith("2026-11-27T18:00:00")


def test_a_bill_for_each_host_that_was_looked_at() -> None:
    made = report(("web1", looked(home())), ("gone", {"unreachable": True}), ("bare", looked()))
    bills = host_sboms(made)
    assert bills.keys() == {"web1", "bare"}
    bill = valid(bills["web1"])
    assert bill["metadata"]["component"]["name"] == "web1"
    assert bill["metadata"]["properties"] == [{"name": "fleet.python:host", "value": "web1"}]
    assert "components" not in valid(bills["bare"])


def test_a_candidate_and_what_a_damaged_receipt_says() -> None:
    odd = home("3.15.0rc1", sha256="nonsense", source="pushed by the controller", libraries={"openssl": "1.1.1w"})
    lost = home() | dict.fromkeys(("version", "sha256", "source", "asset", "triple"))
    bill = valid(fleet_sbom(report(("web1", looked(odd, lost)))))
    candidate = next(each for each in bill["components"] if each.get("version") == "3.15.0rc1")
    assert candidate["cpe"] == "cpe:2.3:a:python:python:3.15.0:rc1:*:*:*:*:*:*"
    assert not {"hashes", "externalReferences"} & candidate.keys()
    assert next(each for each in bill["components"] if each["name"] == "openssl")["licenses"] == [
        {"license": {"id": "OpenSSL"}}
    ]
    assert next(each for each in bill["components"] if each.get("version") == "unknown").get("cpe") is None


@pytest.mark.parametrize("source", ["https://[", "https://a b/<script>\n", "https://u:p@example.com/x", "ftp://x"])
def test_a_source_that_is_no_address_leaves_the_bill_valid(source: str) -> None:
    valid(fleet_sbom(report(("web1", looked(home(source=source))))))


def test_without_the_package_the_bill_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cyclonedx.model", None)
    with pytest.raises(ReportError, match="pip install cyclonedx-python-lib"):
        fleet_sbom(report())


def test_all_files_or_none(tmp_path: Path) -> None:
    (tmp_path / "first").write_text("as it was")
    with pytest.raises(
        ReportError, match="gone/second cannot be written: No such file or directory; nothing was written"
    ):
        write_all({tmp_path / "first": "new", tmp_path / "gone" / "second": "new"})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"first": "as it was"}
    with pytest.raises(ReportError, match="is a directory"):
        write_all({tmp_path: "new"})


def test_a_file_keeps_its_mode_and_a_new_one_follows_the_umask(tmp_path: Path) -> None:
    (tmp_path / "old").touch(0o600)
    umask = os.umask(0o027)
    try:
        write_all({tmp_path / "old": "a", tmp_path / "new": "\ud800"})
    finally:
        os.umask(umask)
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {"old": 0o600, "new": 0o640}
    assert (tmp_path / "new").read_text() == "\\ud800"


@pytest.mark.parametrize("host", ["web1", "a/b", "../../etc/x", ".hidden", "..", "[::1]", "a b"])
def test_a_host_names_a_file_and_no_other_place(host: str) -> None:
    name = file_name(host)
    assert "/" not in name
    assert not name.startswith(".")


@pytest.mark.parametrize(
    ("minor", "day", "state", "until"),
    [
        ("3.15", "2026-09-30", "feature", "2026-10-01"), ("3.15", "2026-10-01", "bugfix", "2028-10-01"),
        ("3.13", "2026-10-07", "bugfix", "2026-10-07"), ("3.13", "2026-10-08", "security", "2029-10-31"),
        ("3.10", "2026-10-31", "security", "2026-10-31"), ("3.10", "2026-11-01", "end_of_life", None),
        ("2.7", "2026-11-27", "end_of_life", None), ("3.99", "2026-11-27", "unknown", None),
        (None, "2026-11-27", "unknown", None),
    ],
)  # fmt: skip
def test_support_by_day(minor: str | None, day: str, state: str, until: str | None) -> None:
    found = support(minor, date.fromisoformat(day))
    assert (found["state"], found["until"]) == (state, until)


def test_the_dates_of_a_version_follow_each_other() -> None:
    for cycle in CYCLES:
        assert cycle.released < cycle.bugfix_until <= cycle.ends
        assert [date.fromisoformat(day) for day in (cycle.released, cycle.bugfix_until, cycle.ends)]
    minors = [tuple(map(int, cycle.minor.split("."))) for cycle in CYCLES]
    assert minors == sorted(set(minors))


def test_a_lock_of_one_version_leaves_the_table_readable() -> None:
    made = report(("web1", looked(home())), lock=lock_of(entry("3.13.9", sha256="c" * 64)), lock_path="python.lock.yml")
    assert "drifted" in host_table(made)


def test_who_built_a_build_is_in_every_form() -> None:
    lock = lock_of(entry("3.13.2"))
    made = report(("web1", looked(home(), home("3.12.6", sha256="b" * 64, linked_by=[]))), lock=lock, lock_path="x")
    attested, other = made["hosts"][0]["homes"]
    assert attested["attestation"] == asdict(PROOF)
    assert other["attestation"] is None
    assert [line["attestation"] for line in csv.DictReader(io.StringIO(csv_text(made)))] == [PROOF.run, ""]
    references = [each.get("externalReferences", []) for each in valid(fleet_sbom(made))["components"]]
    proofs = [each for found in references for each in found if each["type"] == "attestation"]
    assert [(each["url"], PROOF.commit in each["comment"]) for each in proofs] == [(PROOF.run, True)]
    assert PROOF.run in json.dumps(compact(made))
