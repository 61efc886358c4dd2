# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Execute a plan on a host: choose a Python, transfer, stage, run the module, recover."""

from __future__ import annotations

import shlex
import signal
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, Protocol

from ansible_collections.fleet.python.plugins.module_utils._root.staging import PULL, key_of
from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import (
    ConcurrentRunError,
    CrashError,
    IllegalInstructionError,
    StageError,
    UnreachedError,
)
from ansible_collections.fleet.python.plugins.plugin_utils._execute.host_python import (
    candidates,
    refuse_missing_tools,
    staged_first,
    usable_of,
    usable_script,
)
from ansible_collections.fleet.python.plugins.plugin_utils._execute.module_plan import Order, StagedBuild, module_plan
from ansible_collections.fleet.python.plugins.plugin_utils._execute.stage import parse_stage, stage_script
from ansible_collections.fleet.python.plugins.plugin_utils._execute.transfer import (
    Destination,
    Method,
    Receiver,
    Transferred,
    choose_method,
    note_unreached,
    pulled_by,
    recall_unreached,
    transfer,
    transfers_by_home,
)
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._host.script import script_text
from ansible_collections.fleet.python.plugins.plugin_utils._plan.build import archive_top, program_of
from ansible_collections.fleet.python.plugins.plugin_utils._plan.delta import why_not
from ansible_collections.fleet.python.plugins.plugin_utils._plan.model import Build, Plan

# The exit status that a shell reports, and the one that a parent sees, for a process that SIGILL has ended.
_ILLEGAL_INSTRUCTION = (128 + signal.SIGILL, -signal.SIGILL)

Steps = list[dict[str, Any]]


class Host(Receiver, Protocol):
    """A host as the action plugin reaches it."""

    def run(self, command: str) -> dict[str, Any]:
        """Run a command; ``rc``, ``stdout`` and ``stderr``."""

    def run_script(self, text: str) -> dict[str, Any]:
        """Run an sh script of any length, under the task's ``environment``, which may name a proxy."""

    def watched_pull(self, what: str, root: str, stages: str) -> AbstractContextManager[None]:
        """Show the progress of a download into these stages while the block runs."""

    def module(self, python: str, plan: Mapping[str, Any]) -> dict[str, Any]:
        """Run the module that applies, with that Python; its result."""


def execute(plan: Plan, observed: Observation, host: Host, order: Order) -> dict[str, Any]:
    """Apply ``plan`` on the host; the module's result, with the controller's own steps before its ``steps``.

    ``transfers`` says by home how its archive travelled, and why. Raises PlanError and StageError, and what the
    sources raise; `retry` decides which of these deserve another attempt.
    """
    steps: Steps = []
    python = usable_python(plan, observed, host)
    first = None if python else staged_first(plan)
    methods = choose_methods(plan, observed, host, order, first)
    reasons = {home: _why_whole(order, home, method, first) for home, method in methods.items()}
    archives = {
        home: transfer(
            order.entries[home],
            home,
            method,
            host,
            order.transfer,
            steps,
            by_sh=bool(first and first.home == home),
            base=None if reasons[home] else order.bases.get(home),
            to=Destination(plan.root, observed.root.staging),
        )
        for home, method in methods.items()
    }
    try:
        staged = stage_first(plan, first, archives[first.home], host, steps) if first else None
        result = run_module(plan, archives, staged, python, host, order)
    except StageError as error:
        raise recovered(error, plan, first, host, order) from error.__cause__
    pulled = {**({staged.home: staged.pulled_bytes} if staged else {}), **pulled_by(result.pop("pulled_bytes", {}))}
    skipped = [*(staged.skipped_sources if staged else ()), *result.pop("skipped_sources", [])]
    _note_skipped(skipped, order)
    return {
        **result,
        "steps": steps + result.get("steps", []),
        "transfers": transfers_by_home(methods, archives, reasons, pulled),
    }


def _why_whole(order: Order, home: str, method: Method, first: Build | None) -> str:
    """Why the whole archive is to be sent, empty where a delta is looked for."""
    if first and first.home == home:
        return "the host has no Python that can apply one"
    base = order.bases.get(home)
    pinned = base is not None and base.delta is not None
    return order.whole or why_not(order.transfer.delta, order.bases, home, method.name, pinned=pinned)


def usable_python(plan: Plan, observed: Observation, host: Host) -> str | None:
    """A Python of the host that can run the module, None where none of them can."""
    paths = candidates(observed, plan)
    if not paths:
        return None
    return usable_of(host.run(usable_script(paths)).get("stdout", ""))


def choose_methods(
    plan: Plan, observed: Observation, host: Host, order: Order, first: Build | None
) -> dict[str, Method]:
    """By home, whether its archive is pulled or pushed. ``first`` is the build that sh stages, if any.

    Raises PlanError where the host lacks the tools to stage it.
    """
    options = replace(order.transfer, unreached=recall_unreached(order.transfer, host.name))
    methods = {
        build.home: choose_method(
            order.entries[build.home],
            options,
            observed,
            without_python=first is not None,
            base=None if first or order.whole else order.bases.get(build.home),
        )
        for build in plan.installs
    }
    if first:
        refuse_missing_tools(observed, methods[first.home].name == "pull")
    return methods


def stage_first(plan: Plan, build: Build, archive: Transferred, host: Host, steps: Steps) -> StagedBuild:
    """Let sh stage the build that then runs the module on a host without Python. Raises StageError."""
    stage = f"{PULL}{key_of(archive.sha256)}-{uuid.uuid4().hex}"
    program = program_of(build)
    script = stage_script(
        root=plan.root,
        stage=stage,
        sha256=archive.sha256,
        top=archive_top(build),
        program=program,
        file=archive.file,
        order=archive.order,
    )
    start = time.monotonic()
    with host.watched_pull(f"download of {build.asset}", plan.root, stage) if archive.order else nullcontext():
        answer = host.run_script(script)
    staged = parse_stage(f"{answer.get('stdout', '')}", build.home)
    steps.append({"name": "stage", "home": build.home, "seconds": round(time.monotonic() - start, 3)})
    return StagedBuild(
        home=build.home,
        stage=stage,
        python=f"{plan.root}/.staging/{stage}/tree/{program}",
        source=staged.source or archive.source,
        skipped_sources=staged.skipped_sources,
        pulled_bytes=staged.pulled_bytes,
    )


def run_module(
    plan: Plan,
    archives: Mapping[str, Transferred],
    staged: StagedBuild | None,
    python: str | None,
    host: Host,
    order: Order,
) -> dict[str, Any]:
    """Run the module with the host's Python, or with the staged one. Raises StageError."""
    path = staged.python if staged else str(python)
    try:
        with _watched(plan, archives, staged, host):
            return host.module(path, module_plan(plan, archives, staged, order))
    except CrashError as error:
        # Swept between sh and module, or removed between probe and module, by a run that could not know.
        if host.run(f"test -x {shlex.quote(path)}").get("rc"):
            raise ConcurrentRunError(str(error)) from error
        raise


def recovered(error: StageError, plan: Plan, first: Build | None, host: Host, order: Order) -> StageError:
    """Leave no stage behind, note what the run has learned, and return the error that says what happened."""
    if first and isinstance(error, CrashError):
        # The module never ran, so nothing else would remove what sh has staged.
        host.run_script(_sweep(plan))
        if error.status in _ILLEGAL_INSTRUCTION:
            error = IllegalInstructionError(
                f"try of {first.home} failed: the interpreter dies with an illegal instruction when it runs the "
                "module: it is built for a higher CPU level"
            )
    if isinstance(error, IllegalInstructionError):
        error.triples = tuple(build.triple for build in plan.installs)
    if isinstance(error, UnreachedError) and order.transfer.option == "auto":
        lines = [line.strip() for line in str(error).splitlines()]
        note_unreached(order.transfer, host.name, f"the host got it from nowhere: {'; '.join(lines[1:] or lines)}")
    return error


def sweep_up(plan: Plan, observed: Observation, host: Host) -> None:
    """Remove what runs that were cut off have left on a host where there is nothing else to do."""
    python = usable_python(plan, observed, host)
    if python:
        host.module(python, {"root": plan.root, "sweep_only": True})
    else:
        host.run_script(_sweep(plan))


def _sweep(plan: Plan) -> str:
    return script_text({"FLEET_ROOT": plan.root}, "_resume/take.sh", "_execute/sweep.sh")


def _note_skipped(failures: Sequence[str], order: Order) -> None:
    """Note the sources that the host has skipped; each failure begins with its source's URL."""
    for failure in failures:
        name = next((source.name for source in order.transfer.sources if failure.startswith(source.name)), failure)
        order.transfer.skipped_sources.add(name, failure)


def _watched(
    plan: Plan, archives: Mapping[str, Transferred], staged: StagedBuild | None, host: Host
) -> AbstractContextManager[None]:
    """Show the progress of what the module downloads, one archive after the other."""
    there = staged.home if staged else None
    pulled = [build.asset for build in plan.installs if not archives[build.home].file and build.home != there]
    if not pulled:
        return nullcontext()
    what = f"download of {pulled[0]}" if len(pulled) == 1 else f"one of {len(pulled)} downloads"
    return host.watched_pull(what, plan.root, f"{PULL}*")
