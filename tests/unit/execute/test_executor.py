# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The executor's steps, each by itself. The host is a script of answers: real ones are in tests/integration."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import home_name
from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import (
    ConcurrentRunError,
    CrashError,
    IllegalInstructionError,
    StageError,
    UnreachedError,
)
from ansible_collections.fleet.python.plugins.plugin_utils._execute.executor import (
    choose_methods,
    execute,
    recovered,
    run_module,
    stage_first,
    usable_python,
)
from ansible_collections.fleet.python.plugins.plugin_utils._execute.module_plan import Order
from ansible_collections.fleet.python.plugins.plugin_utils._execute.transfer import TransferOptions, Transferred
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import HostPython, Observation, Tool
from ansible_collections.fleet.python.plugins.plugin_utils._plan.model import PlanError
from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import Plan
from ansible_collections.fleet.python.plugins.plugin_utils._resume.push import Pushed, Upload
from ansible_collections.fleet.python.plugins.plugin_utils._sources.download import Watch, unwatched
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import DirectorySource, HttpSource, Source
from tests.unit.plan.hosts import ROOT, V3, Host, entry, plan_for, task

ENTRY = entry("3.13.2", "20250317", V3)
PYTHON = HostPython("/usr/bin/python3", "3.11.2")
ALL_TOOLS = {name: Tool(name, f"/usr/bin/{name}", "gnu") for name in ("tar", "gzip", "sha256sum", "curl")}


class ScriptedHost:
    """Answers commands as ``answer`` says, and modules as ``module_says``; notes what it was asked."""

    name = "web1"

    def __init__(self, answer: Callable[[str], dict[str, Any]] | None = None) -> None:
        self._answer = answer or (lambda command: {"rc": 0, "stdout": "", "stderr": ""})
        self.commands: list[str] = []
        self.modules: list[tuple[str, Mapping[str, Any]]] = []
        self.module_says: dict[str, Any] | StageError = {"changed": True, "steps": [{"name": "link"}]}

    def run(self, command: str) -> dict[str, Any]:
        self.commands.append(command)
        return self._answer(command)

    def run_script(self, text: str) -> dict[str, Any]:
        return self.run(text)

    def send_text(self, text: str) -> str:
        return "/tmp/text"

    def push(self, file: Upload, *, begun: bool, pieces: bool) -> Pushed:
        return Pushed(f"/tmp/{file.local.name}", file.size)

    def watch(self, what: str) -> Watch:
        return unwatched

    def watched_pull(self, what: str, root: str, stages: str) -> AbstractContextManager[None]:
        return nullcontext()

    def module(self, python: str, plan: Mapping[str, Any]) -> dict[str, Any]:
        self.modules.append((python, plan))
        if isinstance(self.module_says, StageError):
            raise self.module_says
        return dict(self.module_says)


def says(text: str, rc: int = 0) -> Callable[[str], dict[str, Any]]:
    return lambda command: {"rc": rc, "stdout": text, "stderr": ""}


@pytest.fixture
def planned() -> tuple[Plan, Observation]:
    """A fresh host, and the plan to install one build there."""
    host = Host()
    return plan_for(task("3.13"), host, ENTRY), host.observe()


def order(directory: Path, option: str = "auto", *sources: Source) -> Order:
    transfer = TransferOptions(option, sources or (HttpSource("https://mirror"),), directory)
    return Order(
        {home_name(ENTRY.asset): ENTRY}, transfer, externally_managed=True, compile_bytecode=True, venv_roots=()
    )


def test_the_host_python_that_answers_is_used(planned: tuple[Plan, Observation]) -> None:
    plan, observed = planned
    with_python = replace(observed, pythons=(PYTHON,))
    assert usable_python(plan, with_python, ScriptedHost(says("fleet-python /usr/bin/python3\n"))) == "/usr/bin/python3"
    # It lacks what modules import, Debian's python3-minimal for example.
    assert usable_python(plan, with_python, ScriptedHost(says(""))) is None


def test_a_host_without_any_python_is_not_asked_for_one(planned: tuple[Plan, Observation]) -> None:
    plan, observed = planned
    host = ScriptedHost()
    assert usable_python(plan, replace(observed, pythons=()), host) is None
    assert host.commands == []


def test_a_host_without_python_and_tar_is_refused_before_anything_is_sent(
    planned: tuple[Plan, Observation], tmp_path: Path
) -> None:
    plan, observed = planned
    tools = {name: tool for name, tool in ALL_TOOLS.items() if name != "tar"}
    with pytest.raises(PlanError, match=r"no tar, so nothing can be unpacked"):
        choose_methods(plan, replace(observed, tools=tools), ScriptedHost(), order(tmp_path), plan.installs[0])


def test_sh_stages_the_build_that_runs_the_module(planned: tuple[Plan, Observation]) -> None:
    plan, _observed = planned
    answer = "fleet-source https://mirror\nfleet-skipped https://down: refused\nfleet-staged\n"
    steps: list[dict[str, Any]] = []
    archive = Transferred("a" * 64, order="url https://mirror\n")
    staged = stage_first(plan, plan.installs[0], archive, ScriptedHost(says(answer)), steps)
    assert staged.python == f"{ROOT}/.staging/{staged.stage}/tree/bin/python3.13"
    assert (staged.source, staged.skipped_sources) == ("https://mirror", ("https://down: refused",))
    assert [step["name"] for step in steps] == ["stage"]


def test_a_module_that_crashed_where_its_python_is_gone_met_another_run(
    planned: tuple[Plan, Observation], tmp_path: Path
) -> None:
    plan, _observed = planned
    archives = {plan.installs[0].home: Transferred("a" * 64, file="/tmp/archive")}
    host = ScriptedHost(says("", rc=1))
    host.module_says = CrashError("the module crashed on the host")
    with pytest.raises(ConcurrentRunError):
        run_module(plan, archives, None, "/opt/python/3.12/bin/python3.12", host, order(tmp_path))
    assert host.commands == ["test -x /opt/python/3.12/bin/python3.12"]


def test_a_crash_leaves_no_stage_behind(planned: tuple[Plan, Observation], tmp_path: Path) -> None:
    plan, _observed = planned
    for error, kind in (
        (CrashError("it crashed", 1), CrashError),
        (CrashError("it crashed", 128 + signal.SIGILL), IllegalInstructionError),
        (CrashError("it crashed", -signal.SIGILL), IllegalInstructionError),
    ):
        host = ScriptedHost()
        found = recovered(error, plan, plan.installs[0], host, order(tmp_path))
        assert isinstance(found, kind)
        assert len(host.commands) == 1
        assert "FLEET_ROOT=/opt/python" in host.commands[0]


def test_what_fails_while_a_python_of_the_host_runs_it_sweeps_nothing(
    planned: tuple[Plan, Observation], tmp_path: Path
) -> None:
    plan, _observed = planned
    host = ScriptedHost()
    error = CrashError("it crashed", 1)
    assert recovered(error, plan, None, host, order(tmp_path)) is error
    assert host.commands == []


def test_the_level_below_is_judged_by_the_builds_that_were_to_come(
    planned: tuple[Plan, Observation], tmp_path: Path
) -> None:
    plan, _observed = planned
    found = recovered(IllegalInstructionError("try failed"), plan, None, ScriptedHost(), order(tmp_path))
    assert isinstance(found, IllegalInstructionError)
    assert found.triples == (V3,)


@pytest.mark.parametrize(("option", "next_time"), [("auto", "push"), ("pull", "pull")])
def test_a_host_that_reaches_no_source_is_remembered_for_the_run(
    option: str, next_time: str, planned: tuple[Plan, Observation], tmp_path: Path
) -> None:
    plan, observed = planned
    chosen = order(tmp_path, option)
    error = UnreachedError("download failed:\n  https://mirror: connection refused")
    assert recovered(error, plan, None, ScriptedHost(), chosen) is error
    [method] = choose_methods(plan, observed, ScriptedHost(), chosen, None).values()
    assert method.name == next_time
    assert ("connection refused" in method.why) == (option == "auto")


def test_steps_of_controller_and_host_are_in_one_list(planned: tuple[Plan, Observation], tmp_path: Path) -> None:
    plan, observed = planned
    host = ScriptedHost(says("fleet-python /usr/bin/python3\n"))
    host.module_says = {
        "changed": True,
        "steps": [{"name": "link"}],
        "skipped_sources": ["https://mirror: no answer"],
        "pulled_bytes": {plan.installs[0].home: 12_345},
    }
    chosen = order(tmp_path, "pull", HttpSource("https://mirror"), DirectorySource(tmp_path))
    result = execute(plan, replace(observed, pythons=(PYTHON,)), host, chosen)
    assert [step["name"] for step in result["steps"]] == ["link"]
    assert result["transfers"] == {
        plan.installs[0].home: {
            "transfer": "pull",
            "transfer_reason": "it was asked for",
            "sent_bytes": 0,
            "pulled_bytes": 12_345,
            "delta": False,
            "delta_reason": "deltas are not wanted",
        }
    }
    assert "skipped_sources" not in result
    assert chosen.transfer.skipped_sources.notes == ["https://mirror: no answer; skipped for the next source"]
    [(python, sent)] = host.modules
    assert python == "/usr/bin/python3"
    assert [install["home"] for install in sent["installs"]] == [plan.installs[0].home]
