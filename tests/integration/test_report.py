# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of real hosts: all its files, one round trip for each host, and hosts that cannot be looked at."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.triples import runs
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Lock, Pin
from ansible_collections.fleet.python.plugins.plugin_utils._lock.text import format_lock
from tests.gates.places import REPOSITORY
from tests.integration.conftest import Interpreter, NewHost
from tests.integration.counter import Counter
from tests.integration.playbook import Controller
from tests.integration.target import Target

_SCHEMA = REPOSITORY / "plugins" / "plugin_utils" / "_report" / "schema.json"
_GONE = {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_connection": "ssh"}


def _plant(target: Target, **values: Any) -> None:
    """Change what the receipt of the one home says."""
    [path] = target.sh("echo /opt/python/cpython-*/.fleet-receipt").split()
    receipt = json.loads(target.sh('cat "$1"', path)) | values
    target.sh('printf "%s\\n" "$1" >"$2"', json.dumps(receipt), path)


def test_every_output_of_a_fleet(
    new_host: NewHost, interpreter: Interpreter, controller: Controller, tmp_path: Path
) -> None:
    counter = Counter(tmp_path / "counter")
    target, bare = counter.before(new_host("debian12")), new_host("alpine", name="bare")
    interpreter(target, "3.12.2", compile_bytecode=False).ok()
    counter.starts()
    before = target.state("/opt/python")
    lock = tmp_path / "python.lock.yml"
    lock.write_text(_lock())
    hosts = {
        target.name: target.variables,
        bare.name: bare.variables,
        "gone": _GONE,
        "refused": {**target.variables, "interpreter_root": "relative"},
    }
    files = {name: str(tmp_path / f"report.{name}") for name in ("html", "json", "csv", "sbom")}
    extra = {f"report_{name}": path for name, path in files.items()} | {"report_lock": str(lock)}
    extra |= {"report_today": "2028-11-01"}
    ran = controller.playbook("fleet.python.report", hosts, extra)
    assert ran.status == 0, ran.output
    # One command, and nothing has changed.
    assert counter.starts() == ["podman exec"]
    assert target.state("/opt/python") == before

    report = json.loads(Path(files["json"]).read_text())
    jsonschema.Draft202012Validator(json.loads(_SCHEMA.read_text())).validate(report)
    rows = {host["host"]: host for host in report["hosts"]}
    assert {name: host["state"] for name, host in rows.items()} == {
        target.name: "looked_at", bare.name: "looked_at", "gone": "unreachable", "refused": "refused",
    }  # fmt: skip
    assert "Failed to connect to the host via ssh" in rows["gone"]["reason"]
    assert "'relative' is no absolute path" in rows["refused"]["reason"]
    [home] = rows[target.name]["homes"]
    assert (home["version"], home["linked_by"], home["damage"]) == ("3.12.2", ["3.12"], "")
    assert home["libraries"]["openssl"].startswith("3.")
    assert {"sqlite", "zlib", "expat", "libmpdec", "ncurses", "tcl", "tk"} < home["libraries"].keys()
    assert home["size"] > 50_000_000
    assert home["support"]["state"] == "end_of_life"
    assert home["behind"]
    assert rows[target.name]["drift"] == ["3.12 is 3.12.2 of 20240224, and the lock pins 3.12.6 of 20240909"]
    assert rows[target.name]["findings"] == ["end_of_life", "drifted", "behind"]
    assert (rows[bare.name]["homes"], rows[bare.name]["platform"]["libc"]) == ([], "musl")
    assert report["summary"]["without_python"] == 1

    lines = list(csv.DictReader(Path(files["csv"]).read_text().splitlines()))
    assert {(line["host"], line["version"]) for line in lines} == {
        (target.name, "3.12.2"), (bare.name, ""), ("gone", ""), ("refused", ""),
    }  # fmt: skip
    bill = Path(files["sbom"]).read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None
    assert home["sha256"] in bill
    page = Path(files["html"]).read_text()
    assert target.name in page
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", page)

    # In the terminal, with deep, which starts each interpreter; what the receipt lacks it says itself.
    _plant(target, libraries=None, size=None, release="<script>\x1b[31m")
    counter.starts()
    deep = controller.playbook("fleet.python.report", {target.name: target.variables}, {"report_verify": "deep"})
    assert deep.status == 0, deep.output
    assert counter.starts() == ["podman exec"] * 2
    line = next(line for line in deep.output.splitlines() if line.startswith(f"{target.name} ") and "glibc" in line)
    assert f" {home['libraries']['openssl']} " in line
    assert "\x1b[31m" not in deep.output


def _lock() -> str:
    """A lock that pins another build of 3.12 than the one that is there, whatever the CPU of this machine."""
    pins = {}
    for number, triple in enumerate(runs("x86_64_v4-unknown-linux-gnu")):
        asset = parse_asset(f"cpython-3.12.6+20240909-{triple}-install_only_stripped.tar.gz")
        pins[triple] = {"3.12": Pin(asset, "20240909", str(number) * 64, None)}
    return format_lock(Lock(requests=("3.12",), pins=pins))


@pytest.mark.parametrize(
    ("keywords", "variables"),
    [({"serial": 1}, {}), ({}, {"ANSIBLE_STRATEGY": "ansible.builtin.free"})],
    ids=["serial", "free"],
)
def test_the_report_has_all_hosts_whatever_the_order(
    keywords: dict[str, Any], variables: dict[str, str], controller: Controller, tmp_path: Path
) -> None:
    path = tmp_path / "report.json"
    hosts = {f"web{number}": {"ansible_connection": "local"} for number in range(3)} | {"gone": _GONE}
    look = {"fleet.python.interpreter_info": {"root": str(tmp_path), "start": False}}
    tasks = [look | {"register": "report_looked", "ignore_unreachable": True}]
    report = {"fleet.python.report": {"json": str(path)}}
    both = {"hosts": "all", "gather_facts": False}
    plays = (
        [both | {"tasks": [*tasks, report]} | keywords]
        if keywords
        else [both | {"tasks": tasks}, both | {"tasks": [report], "strategy": "linear"}]
    )
    ran = controller.plays(hosts, plays, variables=variables)
    assert ran.status == 0, ran.output
    states = {host["host"]: host["state"] for host in json.loads(path.read_text())["hosts"]}
    assert states == {"web0": "looked_at", "web1": "looked_at", "web2": "looked_at", "gone": "unreachable"}


def test_nothing_is_written_where_one_file_cannot_be_or_an_advisory_is_none(
    controller: Controller, tmp_path: Path
) -> None:
    (tmp_path / "CVE-1.json").write_text("{")
    tasks = (
        {"json": str(tmp_path / "report.json"), "csv": str(tmp_path / "gone" / "report.csv")},
        {"json": str(tmp_path / "out"), "advisories": str(tmp_path)},
    )
    made = [{"fleet.python.report": options, "ignore_errors": True} for options in tasks]
    unwritable, none = controller.play({"web1": {"ansible_connection": "local"}}, made).outcomes
    assert "report.csv cannot be written" in unwritable.refusal()
    assert not (tmp_path / "report.json").exists()
    assert "CVE-1.json cannot be read as JSON" in none.refusal()
    assert not (tmp_path / "out").exists()
