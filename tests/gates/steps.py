# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps: running them in order, and the table at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from .outcome import StepError, StepNotRun


@dataclass(frozen=True)
class Step:
    """Something to do, that returns a few words on how it went; ``needs`` names the steps that must have passed.

    What may run beside its neighbours that say the same has ``beside``, writes into a log, and needs none of them.
    """

    name: str
    run: Callable[[], str]
    needs: tuple[str, ...] = ()
    beside: bool = False


@dataclass(frozen=True)
class Result:
    """How a step ended; ``outcome`` is passed, failed or not run."""

    name: str
    outcome: str
    seconds: float
    note: str


# Molecule and Ansible wait for containers half of their time.
_AT_ONCE = 2


def run(steps: Sequence[Step]) -> list[Result]:
    """Run the steps in their order, every one whose needs are met, and say so as they go."""
    results: dict[str, Result] = {}
    for beside, group in groupby(steps, lambda step: step.beside):
        if not beside:
            for step in group:
                results[step.name] = _told(step, results)
            continue
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            told = list(pool.map(partial(_told, before=results), group))
        results.update((result.name, result) for result in told)
    return list(results.values())


def _told(step: Step, before: dict[str, Result]) -> Result:
    print(f"==> {step.name}", flush=True)
    result = _run(step, before)
    note = f" ({result.note})" if result.note else ""
    print(f"<== {step.name}: {result.outcome}, {result.seconds:.1f} s{note}\n", flush=True)
    return result


def table(results: Sequence[Result], seconds: float) -> str:
    """Return the results as lines of columns, and a last line that sums them up: all took so many seconds."""
    width = max(len("step"), *(len(result.name) for result in results))
    lines = [f"{'step':{width}}  result   seconds  note"]
    lines += [f"{r.name:{width}}  {r.outcome:7}  {r.seconds:7.1f}  {r.note}".rstrip() for r in results]
    failed = [result.name for result in results if result.outcome == "failed"]
    not_run = [result.name for result in results if result.outcome == "not run"]
    passed = len(results) - len(failed) - len(not_run)
    summary = f"{passed} of {len(results)} steps passed in {seconds:.0f} s"
    if not_run:
        summary += f"; not run: {', '.join(not_run)}"
    if failed:
        summary += f"; FAILED: {', '.join(failed)}"
    return "\n".join([*lines, summary])


def _run(step: Step, before: dict[str, Result]) -> Result:
    start = time.monotonic()
    unmet = [name for name in step.needs if name in before and before[name].outcome != "passed"]
    if unmet:
        return Result(step.name, "not run", 0, f"needs {unmet[0]}, which {_past(before[unmet[0]].outcome)}")
    try:
        outcome, note = "passed", step.run()
    except StepNotRun as reason:
        outcome, note = "not run", str(reason)
    except StepError as error:
        outcome, note = "failed", str(error)
    return Result(step.name, outcome, time.monotonic() - start, note)


def _past(outcome: str) -> str:
    return "did not run" if outcome == "not run" else outcome
