# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observe, plan, apply: make a host have, or not have, interpreters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._options import interpreter_options
from ansible_collections.fleet.python.plugins.plugin_utils._action import FleetAction
from ansible_collections.fleet.python.plugins.plugin_utils._connection.remote import Remote, run_directory
from ansible_collections.fleet.python.plugins.plugin_utils._errors import REFUSALS
from ansible_collections.fleet.python.plugins.plugin_utils._execute.executor import execute, sweep_up
from ansible_collections.fleet.python.plugins.plugin_utils._execute.host_python import candidates
from ansible_collections.fleet.python.plugins.plugin_utils._execute.module_plan import Order
from ansible_collections.fleet.python.plugins.plugin_utils._execute.retry import Attempt, next_attempt
from ansible_collections.fleet.python.plugins.plugin_utils._execute.transfer import Base, TransferOptions
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._host.observe import observe
from ansible_collections.fleet.python.plugins.plugin_utils._host.platform import platform_of, triples_of
from ansible_collections.fleet.python.plugins.plugin_utils._host.starting import start_each
from ansible_collections.fleet.python.plugins.plugin_utils._plan import result as _result
from ansible_collections.fleet.python.plugins.plugin_utils._plan.chooser import Chooser
from ansible_collections.fleet.python.plugins.plugin_utils._plan.delta import bases_of
from ansible_collections.fleet.python.plugins.plugin_utils._plan.model import Plan, Task
from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import make_plan
from ansible_collections.fleet.python.plugins.plugin_utils._plan.task import task_of
from ansible_collections.fleet.python.plugins.plugin_utils._plan.trust import refuse_untrusted
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import access_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.skipped import SkippedSources
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import sources_of


@dataclass(frozen=True, slots=True)
class _Planned:
    """What one attempt has planned, and what it takes to execute that."""

    plan: Plan
    order: Order
    platform: dict[str, Any]
    notes: list[str]


class ActionModule(FleetAction):
    """Runs on the controller; the module of the same name applies on the host, where there is something to do."""

    options = staticmethod(interpreter_options)
    changes_hosts = True

    def act(self, options: Mapping[str, Any], remote: Remote) -> dict[str, Any]:
        """Observe, plan, and apply if there is something to do. Begin again if `next_attempt` says so."""
        task = task_of(options)
        access = access_of(options)
        skipped = SkippedSources(run_directory())
        sources = sources_of(options["source"], access)
        transfer = TransferOptions(options["transfer"], sources, run_directory(), access, skipped)
        transfer = replace(transfer, delta=options["delta"], delta_link=options["delta_link"])
        look = partial(_look, remote, task, verify=options["verify"])
        attempt = Attempt(options["transfer"], options["max_level"])
        observed = look()
        while True:
            try:
                if attempt.observe:
                    observed = look(prerequisites=True)
                planned = _plan(options, observed, attempt, transfer)
                if planned.plan.changed and not observed.prerequisites_known:
                    observed = look(prerequisites=True)
                    planned = _plan(options, observed, attempt, transfer)
                result = self._applied(planned, observed, remote)
            except REFUSALS as error:
                attempt = next_attempt(attempt, error)
            else:
                result["changed"] = result["changed"] or bool(attempt.done)
                return _result.with_warnings(
                    result, [*planned.plan.warnings, *planned.notes, *attempt.notes, *skipped.notes]
                )

    def _applied(self, planned: _Planned, observed: Observation, remote: Remote) -> dict[str, Any]:
        """Execute the plan if it changes something, except in check mode. Returns the result."""
        plan, order = planned.plan, planned.order
        result = _result.planned(plan, observed, planned.platform)
        if self._task.diff:
            result["diff"] = _result.diff(plan, observed)
        if self._task.check_mode:
            return result
        # Record a learned level even if there is nothing else to do.
        if plan.changed or (order.level is not None and candidates(observed, plan)):
            return _result.applied(result, execute(plan, observed, remote, order))
        if observed.leftovers:
            sweep_up(plan, observed, remote)
        return result


def _look(remote: Remote, task: Task, *, verify: str, prerequisites: bool = False) -> Observation:
    """Observe the host. If ``verify`` is deep, start each interpreter too, which nobody else may change."""
    observed = observe(remote.run, task.root, task.looked_at, verify=verify, prerequisites=prerequisites)
    if verify != "deep" or task.state == "absent":
        return observed
    refuse_untrusted(observed)
    return start_each(remote.run, observed)


def _plan(options: Mapping[str, Any], observed: Observation, attempt: Attempt, transfer: TransferOptions) -> _Planned:
    """Plan for what was observed. Raises what the plan refuses, and what the catalogue's sources raise."""
    task = task_of(options)
    platform = platform_of(observed)
    highest = min(attempt.highest, observed.level_known or attempt.highest)
    ranking = partial(triples_of, platform, options["libc"], highest)
    chooser = Chooser(options, transfer.sources, ranking, run_directory(), transfer.skipped_sources)
    triples = ranking(static=task.only_static)
    plan = make_plan(task, observed, ranking, chooser.choose)
    # A plan made without the prerequisites is made again, so look nothing up for it.
    sending = observed.prerequisites_known or not plan.changed
    order = Order(
        entries=chooser.entries(plan.installs) if sending else {},
        transfer=transfer,
        externally_managed=options["externally_managed"],
        compile_bytecode=options["compile_bytecode"],
        venv_roots=options["venv_roots"],
        level=attempt.learned_level,
        bases=_bases(plan, observed, chooser) if sending and options["delta"] != "never" else {},
        whole="the delta did not fit, or did not come: see the warning" if attempt.whole else "",
    )
    return _Planned(plan, order, platform.result(triples), chooser.notes)


def _bases(plan: Plan, observed: Observation, chooser: Chooser) -> dict[str, Base]:
    """By home of each install, the build that a delta may lead from, whose bytes the lock or the catalogue knows."""
    news = {build.home: build for build in plan.installs}
    found = {}
    for home, old in bases_of(plan, observed).items():
        delta = chooser.pinned_delta(news[home], old)
        if entry := delta.old if delta else chooser.installed(old):
            found[home] = Base(old.home, entry, delta)
    return found
