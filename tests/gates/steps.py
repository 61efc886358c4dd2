# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps: running them in order, and the table at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .outcome import StepError, StepNotRun


@dataclass(frozen=True)
class Step:
    """Something to do, that returns a few words on how it went; ``needs`` names the steps that must have passed."""

    name: str
    run: Callable[[], str]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """How a step ended; ``outcome`` is passed, failed or not run."""

    name: str
    outcome: str
    seconds: float
    note: str


def run(steps: Sequence[Step]) -> list[Result]:
    """Run the steps in their order, every one whose needs are met, and say so as they go."""
    results: dict[str, Result] = {}
    for step in steps:
        print(f"==> {step.name}", flush=True)
        result = _run(step, results)
        results[step.name] = result
        note = f" ({result.note})" if result.note else ""
        print(f"<== {step.name}: {result.outcome}, {result.seconds:.1f} s{note}\n", flush=True)
    return list(results.values())


def table(results: Sequence[Result]) -> str:
    """Return the results as lines of columns, and a last line that sums them up."""
    width = max(len("step"), *(len(result.name) for result in results))
    lines = [f"{'step':{width}}  result   seconds  note"]
    lines += [f"{r.name:{width}}  {r.outcome:7}  {r.seconds:7.1f}  {r.note}".rstrip() for r in results]
    failed = [result.name for result in results if result.outcome == "failed"]
    not_run = [result.name for result in results if result.outcome == "not run"]
    total = sum(result.seconds for result in results)
    summary = f"{len(results) - len(failed) - len(not_run)} of {len(results)} steps passed in {total:.0f} s"
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
