# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out a plan on a host: with a Python of its own, or with one that sh stages there first."""

from __future__ import annotations

import shlex
import signal
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ansible_collections.fleet.python.plugins.module_utils._home.root import OURS
from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._builds.quirks import Quirk, quirks_of
from ansible_collections.fleet.python.plugins.plugin_utils._execute import host_python as _carrier
from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import (
    ConcurrentRunError,
    CrashError,
    IllegalInstructionError,
    UnreachedError,
)
from ansible_collections.fleet.python.plugins.plugin_utils._execute.stage import Staged, parse_stage, stage_script
from ansible_collections.fleet.python.plugins.plugin_utils._execute.transfer import (
    Receiver,
    TransferOptions,
    Transferred,
    choose_method,
    note_unreached,
    recall_unreached,
    transfer,
    transfers_by_home,
)
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._host.script import script_text
from ansible_collections.fleet.python.plugins.plugin_utils._plan.build import archive_top, program_of
from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import Build, Plan

# What a shell says, and what a process's parent sees, of one that SIGILL has ended.
_ILLEGAL_INSTRUCTION = (128 + signal.SIGILL, -signal.SIGILL)


class Host(Receiver, Protocol):
    """A host as the action plugin reaches it."""

    @property
    def name(self) -> str:
        """As the inventory has it."""

    def run(self, command: str) -> dict[str, Any]:
        """Run a command; ``rc``, ``stdout`` and ``stderr``."""

    def run_with_environment(self, command: str) -> dict[str, Any]:
        """The same under the task's ``environment`` (a proxy may stand in it)."""

    def watched_pull(self, what: str, root: str, stages: str) -> AbstractContextManager[None]:
        """Whoever is told how far the host is with a download into these stages, while the block runs."""

    def module(self, python: str, plan: Mapping[str, Any]) -> dict[str, Any]:
        """Run the module that applies, with that Python; its result."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a plan leaves open: the asset chosen for each home, how archives travel, how homes are made.

    ``level`` is what is to be remembered as the highest x86-64 level that runs on this host, None for nothing new.
    """

    entries: Mapping[str, Entry]
    transfer: TransferOptions
    externally_managed: bool
    compile_bytecode: bool
    venv_roots: Sequence[str]
    level: int | None = None


def execute(plan: Plan, observed: Observation, host: Host, order: Order) -> dict[str, Any]:
    """Apply ``plan`` on the host; the module's result, with the controller's own steps before its ``steps``.

    ``transfers`` says by home how its archive travelled, and why. With ``auto`` the host tries first, once in a run,
    and what it gets from nowhere is pushed. Raises PlanError and StageError, and what the sources raise.
    """
    transfer = order.transfer
    known = replace(transfer, unreached=recall_unreached(transfer, host.name))
    try:
        return _carry(plan, observed, host, replace(order, transfer=known))
    except UnreachedError as error:
        if transfer.option != "auto":
            raise
        lines = [line.strip() for line in str(error).splitlines()]
        unreached = f"the host got it from nowhere: {'; '.join(lines[1:] or lines)}"
        note_unreached(transfer, host.name, unreached)
        return _carry(plan, observed, host, replace(order, transfer=replace(transfer, unreached=unreached)))


def _carry(plan: Plan, observed: Observation, host: Host, order: Order) -> dict[str, Any]:
    steps: list[dict[str, Any]] = []
    python = _usable(observed, plan, host)
    first = None if python else _carrier.staged_first(plan)
    ways = {
        build.home: choose_method(order.entries[build.home], order.transfer, observed, without_python=python is None)
        for build in plan.installs
    }
    if first:
        _carrier.refuse_missing_tools(observed, ways[first.home].name == "pull")
    deliveries = {
        home: transfer(order.entries[home], home, way, host, order.transfer, steps) for home, way in ways.items()
    }
    stages: dict[str, tuple[str, str]] = {}
    skipped_sources: list[str] = []
    if first:
        stage = uuid.uuid4().hex
        start = time.monotonic()
        staged = _stage(plan, first, stage, deliveries[first.home], host)
        steps.append({"name": "stage", "home": first.home, "seconds": round(time.monotonic() - start, 3)})
        stages[first.home] = (stage, staged.source or deliveries[first.home].source)
        skipped_sources += staged.skipped_sources
        python = f"{plan.root}/.staging/{stage}/tree/{program_of(first)}"
    try:
        with _watched(plan, deliveries, stages, host):
            result = host.module(str(python), _module_plan(plan, deliveries, stages, order))
    except CrashError as error:
        # Swept between sh and module, or removed between probe and module, by a run that could not know.
        if host.run(f"test -x {shlex.quote(str(python))}").get("rc"):
            raise ConcurrentRunError(str(error)) from error
        if first:
            # Nobody else would remove it, should the module never run.
            host.run(_sweep(plan))
            if error.status in _ILLEGAL_INSTRUCTION:
                raise IllegalInstructionError(
                    f"try of {first.home} failed: the interpreter dies with an illegal instruction when it runs the "
                    "module: it is built for a higher CPU level"
                ) from error
        raise
    skipped_sources += result.pop("skipped_sources", [])
    _tell(skipped_sources, order.transfer)
    return {**result, "steps": steps + result.get("steps", []), "transfers": transfers_by_home(ways)}


def _tell(failures: Sequence[str], transfer: TransferOptions) -> None:
    """Note the sources that the host has passed over; each failure begins with its URL."""
    for failure in failures:
        name = next((source.name for source in transfer.sources if failure.startswith(source.name)), failure)
        transfer.skipped_sources.add(name, failure)


def sweep_up(plan: Plan, observed: Observation, host: Host) -> None:
    """Remove what runs that were cut off have left on a host where there is nothing else to do."""
    python = _usable(observed, plan, host)
    if python:
        host.module(python, {"root": plan.root, "sweep_only": True})
    else:
        host.run(_sweep(plan))


def _sweep(plan: Plan) -> str:
    return script_text({"FLEET_ROOT": plan.root}, "_execute/sweep.sh")


def _usable(observed: Observation, plan: Plan, host: Host) -> str | None:
    """A Python of the host that can run the module."""
    candidates = _carrier.candidates(observed, plan)
    if not candidates:
        return None
    return _carrier.usable_of(host.run(_carrier.usable_script(candidates)).get("stdout", ""))


def _stage(plan: Plan, build: Build, stage: str, delivery: Transferred, host: Host) -> Staged:
    script = stage_script(
        root=plan.root,
        stage=stage,
        sha256=delivery.sha256,
        top=archive_top(build),
        program=program_of(build),
        file=delivery.file,
        pull=delivery.pull,
    )
    with host.watched_pull(f"download of {build.asset}", plan.root, stage) if delivery.pull else nullcontext():
        answer = host.run_with_environment(script)
    return parse_stage(f"{answer.get('stdout', '')}", build.home)


def _watched(
    plan: Plan, deliveries: Mapping[str, Transferred], stages: Mapping[str, tuple[str, str]], host: Host
) -> AbstractContextManager[None]:
    """What the module downloads, one after the other."""
    pulled = [build.asset for build in plan.installs if deliveries[build.home].pull and build.home not in stages]
    if not pulled:
        return nullcontext()
    what = f"download of {pulled[0]}" if len(pulled) == 1 else f"one of {len(pulled)} downloads"
    return host.watched_pull(what, plan.root, f"{OURS}*")


def _module_plan(
    plan: Plan, deliveries: Mapping[str, Transferred], stages: Mapping[str, tuple[str, str]], order: Order
) -> dict[str, Any]:
    """The plan in the form that module_utils/_home/apply.py takes."""
    installs = []
    # The one that is staged comes first: it carries out the rest.
    for build in sorted(plan.installs, key=lambda build: build.home not in stages):
        delivery = deliveries[build.home]
        stage, source = stages.get(build.home, ("", delivery.source))
        installs.append(
            {
                "home": build.home,
                "version": build.version,
                "program": program_of(build),
                "stage": stage,
                "source": source,
                "file": delivery.file,
                "pull": delivery.pull,
                "sha256": delivery.sha256,
                "top": list(archive_top(build)),
                "relocate": {
                    "externally_managed": order.externally_managed,
                    "ca_fallback": any(quirk.name == "ca_path_rhel8" for quirk in _quirks(build)),
                    "python": f"{plan.root}/{build.link}/{program_of(build)}",
                },
                "compile_bytecode": order.compile_bytecode,
                "receipt": _receipt(build, order.entries[build.home]),
            }
        )
    return {
        "root": plan.root,
        "installs": installs,
        "links": dict(plan.links),
        "paths": dict(plan.paths),
        "made_links": None if plan.made_links is None else list(plan.made_links),
        "unlink": list(plan.unlink),
        "remove": list(plan.remove),
        "record_previous": plan.record_previous,
        "venv_roots": list(order.venv_roots),
        "level": order.level,
    }


def _quirks(build: Build) -> tuple[Quirk, ...]:
    return quirks_of(parse_asset(build.asset), build.release)


def _receipt(build: Build, entry: Entry) -> dict[str, Any]:
    return {
        "format": 1,
        "asset": entry.asset.name,
        "release": entry.release,
        "version": build.version,
        "triple": build.triple,
        "flavor": build.flavor,
        "build": str(build.options),
        "program": program_of(build),
        "sha256": entry.sha256,
    }
