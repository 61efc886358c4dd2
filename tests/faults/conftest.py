# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts to cause faults on, and a record of what came of each fault, from which docs/faults.md is made."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.faults.direct import SHARE, Direct
from tests.faults.table import RESULTS
from tests.integration.conftest import (
    NewHost,
    collections,
    containers,
    controller,
    everywhere,
    interpreter,
    mirror,
    new_host,
    serve,
    ssh_host,
    world,
)
from tests.integration.target import Target

__all__ = [
    "collections",
    "containers",
    "controller",
    "direct",
    "everywhere",
    "interpreter",
    "mirror",
    "new_host",
    "serve",
    "ssh_host",
    "world",
]


@pytest.fixture
def container_prefix() -> str:
    """Begins the names of these tests' containers."""
    return "h"


class NewDirect(Protocol):
    """Makes a fresh container that is reached without Ansible."""

    def __call__(self, image: str, *options: str) -> Direct: ...


@pytest.fixture
def direct(new_host: NewHost, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> NewDirect:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))

    def make(image: str, *options: str) -> Direct:
        return reach(new_host(image, SHARE, *options))

    return make


def reach(target: Target) -> Direct:
    """A running container, reached without Ansible; it needs the option SHARE."""
    command = ["podman", "inspect", "--format", "{{.State.Pid}}", target.container.name]
    return Direct(target.name, int(subprocess.check_output(command)))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fault(what, outcome): a fault that the test causes, and what must come of it")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    found: Any = yield
    report: pytest.TestReport = found.get_result()
    marker = item.get_closest_marker("fault")
    if marker:
        report.user_properties.append(("fault", [f"{item.path.name}::{item.name}", *marker.args]))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Record an outcome. Workers of xdist send their reports to the one process that does this."""
    if os.environ.get("PYTEST_XDIST_WORKER") or (report.when != "call" and report.outcome == "passed"):
        return
    properties: dict[str, Any] = dict(report.user_properties)
    if "fault" in properties:
        name, fault, outcome = properties["fault"]
        counts = [str(value) for key, value in report.user_properties if key == "count"]
        _record(name, {"fault": fault, "outcome": outcome, "result": report.outcome, "counts": counts})


def _record(name: str, row: dict[str, Any]) -> None:
    """Lay a result over those of earlier runs: the slow tests run by themselves."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    rows = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    rows[name] = row
    fresh = Path(f"{RESULTS}.new")
    fresh.write_text(json.dumps(rows, indent=1, sort_keys=True) + "\n")
    fresh.replace(RESULTS)
