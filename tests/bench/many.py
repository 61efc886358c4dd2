# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Very many hosts with nothing to do, none of which is there: a connection answers for them with a recorded answer."""

from __future__ import annotations

import subprocess
from functools import partial

from ansible_collections.fleet.python.plugins.plugin_utils._host.probe import probe_script

from .controller import Controller
from .idle import Stage, contenders
from .measure import BenchError, Contender, Result, Sample, side_by_side

# One run takes 20 s from here on: there is but one.
_LONG = 1000
COUNTS = (1, 10, 100, _LONG, 10_000)
# Ours alone: one run takes minutes.
MOST = max(COUNTS)


def many(stage: Stage, rounds: int, counts: tuple[int, ...] = COUNTS) -> dict[int, dict[str, Result]]:
    """By the number of hosts: ours, and ``raw: true`` where that is not `MOST`; all have the root of the stage."""
    controller = stage.controller
    answer = controller.directory / "answer"
    with open(answer, "wb") as file:
        subprocess.run(["/bin/sh", "-c", probe_script(str(stage.root))], stdout=file, check=True)
    found = {}
    for count in counts:
        inventory = controller.inventory(
            f"recorded-{count}",
            {f"h{number}": {} for number in range(count)},
            ansible_connection="recorded",
            python_root=str(stage.root),
        )
        every = contenders(stage, inventory, 20, FLEET_BENCH_ANSWER=str(answer))
        runs: dict[str, Contender] = {"ours": partial(_unchanged, controller, every["ours"], count)}
        if count < MOST:
            runs["raw"] = every["raw"]
        found[count] = side_by_side(runs, rounds if count < _LONG else 1, warm_up=int(count == counts[0]))
    return found


def _unchanged(controller: Controller, run: Contender, count: int) -> Sample:
    """A run that must have found that none of the hosts wants a change."""
    taken = run()
    fine = sum(" ok=1 " in line and " changed=0 " in line for line in controller.said().splitlines())
    if fine != count:
        raise BenchError(f"by the recorded connection {fine} of {count} hosts are as they should be")
    return taken
