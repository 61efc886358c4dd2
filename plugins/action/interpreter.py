# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observe, plan, apply: make a host have, or not have, interpreters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._options import interpreter_options
from ansible_collections.fleet.python.plugins.plugin_utils._action import FleetAction
from ansible_collections.fleet.python.plugins.plugin_utils._errors import REFUSALS
from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import (
    ConcurrentRunError,
    IllegalInstructionError,
    StageError,
)
from ansible_collections.fleet.python.plugins.plugin_utils._execute.executor import Order, execute, sweep_up
from ansible_collections.fleet.python.plugins.plugin_utils._execute.host_python import candidates
from ansible_collections.fleet.python.plugins.plugin_utils._execute.remote import Remote, run_directory
from ansible_collections.fleet.python.plugins.plugin_utils._execute.transfer import TransferOptions
from ansible_collections.fleet.python.plugins.plugin_utils._host.observe import observe
from ansible_collections.fleet.python.plugins.plugin_utils._host.platform import level_below, platform_of, triples_of
from ansible_collections.fleet.python.plugins.plugin_utils._plan import result as _result
from ansible_collections.fleet.python.plugins.plugin_utils._plan.chooser import Chooser
from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import make_plan
from ansible_collections.fleet.python.plugins.plugin_utils._plan.task import task_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import access_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.skipped import SkippedSources
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import sources_of

# How often a run begins again because another one on the same host came between: each of these has got on, so that as
# many plays at once all come to their end.
_TRIES = 20


class ActionModule(FleetAction):
    """Runs on the controller; the module of the same name applies on the host, where there is something to do."""

    options = staticmethod(interpreter_options)
    changes_hosts = True

    def act(self, options: Mapping[str, Any], remote: Remote) -> dict[str, Any]:
        """Observe, plan, and apply where there is something to do; what was tried in vain is told with the outcome."""
        notes: list[str] = []
        try:
            return self._converge(options, remote, notes)
        except REFUSALS as error:
            if not notes:
                raise
            raise StageError("; ".join([*notes, str(error)])) from None

    def _converge(self, options: Mapping[str, Any], remote: Remote, notes: list[str]) -> dict[str, Any]:
        task = task_of(options)
        access = access_of(options)
        sources = sources_of(options["source"], access)
        skipped_sources = SkippedSources(run_directory())
        transfer = TransferOptions(options["transfer"], sources, run_directory(), access, skipped_sources)
        look = partial(observe, remote.run, task.root, task.links, deep=options["verify"] == "deep")
        observed = look()
        platform = platform_of(observed)
        highest = min(options["max_level"], observed.level_known or options["max_level"])
        fallen_to: int | None = None
        tries = 0
        while True:
            ranking = partial(triples_of, platform, options["libc"], highest)
            triples = ranking(static=task.only_static)
            chooser = Chooser(options, sources, ranking, run_directory(), skipped_sources)
            plan = make_plan(task, observed, ranking, chooser.choose)
            if plan.changed and not observed.prerequisites_known:
                observed = look(prerequisites=True)
                continue
            entries = chooser.entries(plan.installs)
            result = _result.planned(plan, observed, platform.result(triples))
            if self._task.diff:
                result["diff"] = _result.diff(plan, observed)
            # What was learned on the way is remembered, also where it leaves nothing else to do.
            learned = fallen_to is not None and candidates(observed, plan)
            if not (plan.changed or learned) or self._task.check_mode:
                if observed.leftovers and not self._task.check_mode:
                    sweep_up(plan, observed, remote)
                return _result.with_warnings(result, [*plan.warnings, *notes, *skipped_sources.notes])
            try:
                order = Order(
                    entries,
                    transfer,
                    options["externally_managed"],
                    options["compile_bytecode"],
                    options["venv_roots"],
                    level=fallen_to,
                )
                done = execute(plan, observed, remote, order)
            except IllegalInstructionError as error:
                lower = level_below((build.triple for build in plan.installs), highest)
                if lower is None:
                    raise
                notes.append(f"{error}; level {lower} is tried, and remembered for this host")
                highest = fallen_to = lower
            except ConcurrentRunError:
                tries += 1
                if tries == _TRIES:
                    raise
                observed = look(prerequisites=True)
            else:
                return _result.with_warnings(
                    _result.applied(result, done), [*plan.warnings, *notes, *skipped_sources.notes]
                )
