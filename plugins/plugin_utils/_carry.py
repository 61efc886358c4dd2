# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out a plan on a host: with a Python of its own, or with one that sh stages there first."""

from __future__ import annotations

import shlex
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.fleet.python.plugins.plugin_utils import _carrier
from ansible_collections.fleet.python.plugins.plugin_utils._asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._build import archive_top
from ansible_collections.fleet.python.plugins.plugin_utils._cache import Archive, cached_archive
from ansible_collections.fleet.python.plugins.plugin_utils._catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._plan import Build, Plan
from ansible_collections.fleet.python.plugins.plugin_utils._quirks import Quirk, quirks_of
from ansible_collections.fleet.python.plugins.plugin_utils._script import script_text
from ansible_collections.fleet.python.plugins.plugin_utils._source import Source
from ansible_collections.fleet.python.plugins.plugin_utils._stage import (
    CrashError,
    MeanwhileError,
    parse_stage,
    stage_script,
)


class Host(Protocol):
    """A host as the action plugin reaches it."""

    def run(self, command: str) -> dict[str, Any]:
        """Run a command; ``rc``, ``stdout`` and ``stderr``."""

    def run_with_environment(self, command: str) -> dict[str, Any]:
        """The same under the task's ``environment`` (a proxy may stand in it)."""

    def send(self, local: Path) -> str:
        """Copy a file to the host; its path there."""

    def module(self, python: str, plan: Mapping[str, Any]) -> dict[str, Any]:
        """Run the module that applies, with that Python; its result."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a plan leaves open: the asset chosen for each home, the sources, how archives travel, how homes are made.

    ``level`` is what is to be remembered as the highest x86-64 level that runs on this host, None for nothing new.
    """

    entries: Mapping[str, Entry]
    sources: Sequence[Source]
    transfer: str
    externally_managed: bool
    compile_bytecode: bool
    venv_roots: Sequence[str]
    level: int | None = None


@dataclass(frozen=True, slots=True)
class _Delivery:
    """How one archive reaches the host: a file sent there, or URLs for it to download."""

    file: str
    urls: tuple[str, ...]
    sha256: str
    source: str


def carry_out(plan: Plan, observed: Observation, host: Host, order: Order) -> dict[str, Any]:
    """Apply ``plan`` on the host; the module's result, with the controller's own steps before its ``steps``.

    Raises PlanError and StageError, and what the sources raise.
    """
    steps: list[dict[str, Any]] = []
    python = _usable(observed, plan, host)
    first = None if python else _carrier.staged_first(plan)
    pull = {build.home: _pulls(build, order, observed, python is None) for build in plan.installs}
    if first:
        _carrier.refuse_missing_tools(observed, pull[first.home])
    deliveries = {build.home: _deliver(build, pull[build.home], host, order, steps) for build in plan.installs}
    stages: dict[str, tuple[str, str]] = {}
    if first:
        stage = uuid.uuid4().hex
        start = time.monotonic()
        source = _stage(plan, first, stage, deliveries[first.home], host)
        steps.append({"name": "stage", "home": first.home, "seconds": round(time.monotonic() - start, 3)})
        stages[first.home] = (stage, source)
        python = f"{plan.root}/.staging/{stage}/tree/{_carrier.program_of(first)}"
    try:
        result = host.module(str(python), _module_plan(plan, deliveries, stages, order))
    except CrashError as error:
        # Swept between sh and module, by a run that could not know that somebody comes for it.
        if stages and host.run(f"test -x {shlex.quote(str(python))}").get("rc"):
            raise MeanwhileError(str(error)) from error
        if stages:
            # Nobody else would remove it, should the module never run.
            host.run(_sweep(plan))
        raise
    result["steps"] = steps + result.get("steps", [])
    return result


def sweep_up(plan: Plan, observed: Observation, host: Host) -> None:
    """Remove what runs that were cut off have left on a host where there is nothing else to do."""
    python = _usable(observed, plan, host)
    if python:
        host.module(python, {"root": plan.root, "sweep_only": True})
    else:
        host.run(_sweep(plan))


def _sweep(plan: Plan) -> str:
    return script_text("sweep.sh", {"FLEET_ROOT": plan.root})


def _usable(observed: Observation, plan: Plan, host: Host) -> str | None:
    """A Python of the host that can run the module."""
    candidates = _carrier.candidates(observed, plan)
    if not candidates:
        return None
    return _carrier.usable_of(host.run(_carrier.usable_script(candidates)).get("stdout", ""))


def _pulls(build: Build, order: Order, observed: Observation, without_python: bool) -> bool:
    """Whether the host downloads. ``auto``: where a source can be reached by URL and the host has what it takes."""
    # A host needs zstd for a full archive, and hardly one has it: the controller packs it anew.
    if order.transfer == "push" or order.entries[build.home].asset.archive != "tar.gz":
        return False
    if not any(source.pullable for source in order.sources):
        return False
    if order.transfer == "pull" or not without_python:
        return True
    return any(name in observed.tools for name in _carrier.DOWNLOADERS)


def _deliver(build: Build, pull: bool, host: Host, order: Order, steps: list[dict[str, Any]]) -> _Delivery:
    entry = order.entries[build.home]
    if pull:
        urls = tuple(source.url(entry) for source in order.sources if source.pullable)
        return _Delivery("", urls, entry.sha256, "")
    start = time.monotonic()
    archive: Archive = cached_archive(entry, order.sources)
    sent = host.send(archive.path)
    steps.append({"name": "push", "home": build.home, "seconds": round(time.monotonic() - start, 3)})
    return _Delivery(sent, (), archive.sha256, "pushed by the controller")


def _stage(plan: Plan, build: Build, stage: str, delivery: _Delivery, host: Host) -> str:
    script = stage_script(
        root=plan.root,
        stage=stage,
        sha256=delivery.sha256,
        top=archive_top(build),
        program=_carrier.program_of(build),
        file=delivery.file,
        urls=delivery.urls,
    )
    answer = host.run_with_environment(script)
    return parse_stage(f"{answer.get('stdout', '')}", build.home) or delivery.source


def _module_plan(
    plan: Plan, deliveries: Mapping[str, _Delivery], stages: Mapping[str, tuple[str, str]], order: Order
) -> dict[str, Any]:
    """The plan in the form that module_utils/_apply.py takes."""
    installs = []
    # The one that is staged comes first: it carries out the rest.
    for build in sorted(plan.installs, key=lambda build: build.home not in stages):
        delivery = deliveries[build.home]
        stage, source = stages.get(build.home, ("", delivery.source))
        installs.append(
            {
                "home": build.home,
                "version": build.version,
                "program": _carrier.program_of(build),
                "stage": stage,
                "source": source,
                "file": delivery.file,
                "urls": list(delivery.urls),
                "sha256": delivery.sha256,
                "top": list(archive_top(build)),
                "fit": {
                    "externally_managed": order.externally_managed,
                    "ca_fallback": any(quirk.name == "ca_path_rhel8" for quirk in _quirks(build)),
                    "python": f"{plan.root}/{build.link}/{_carrier.program_of(build)}",
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
        "program": _carrier.program_of(build),
        "sha256": entry.sha256,
    }
