# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole processes: how long one takes, what CPU time and memory it costs; and several of them, side by side."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


class BenchError(Exception):
    """Something could not be measured; the message says what and why."""


@dataclass(frozen=True)
class Sample:
    """One run: seconds of wall clock and of CPU (with all descendants), and the largest process in bytes."""

    wall: float
    cpu: float
    peak: int


@dataclass(frozen=True)
class Result:
    """The runs of one contender."""

    samples: tuple[Sample, ...]

    @property
    def wall(self) -> float:
        """The median, in seconds."""
        return statistics.median(sample.wall for sample in self.samples)

    @property
    def cpu(self) -> float:
        """The median, in seconds."""
        return statistics.median(sample.cpu for sample in self.samples)

    @property
    def peak(self) -> int:
        """The most, in bytes."""
        return max(sample.peak for sample in self.samples)

    def as_json(self) -> dict[str, Any]:
        """Medians and spread, and every run."""
        walls = [sample.wall for sample in self.samples]
        return {
            "wall": round(self.wall, 4),
            "wall_spread": [round(min(walls), 4), round(max(walls), 4)],
            "cpu": round(self.cpu, 4),
            "peak": self.peak,
            "runs": [asdict(sample) for sample in self.samples],
        }


Contender = Callable[[], Sample]


# A process of its own starts what is measured. Linux never takes a process for smaller than the one that started it
# was (exec_mmap in its fs/exec.c), and the benchmark itself is larger than much of what it measures.
_LAUNCH = """
import json, os, sys, time
shared, *command = sys.argv[1:]
with open(int(shared), "r+") as file:
    environment = json.load(file)
    os.set_inheritable(file.fileno(), False)
    start = time.monotonic()
    child = os.posix_spawnp(command[0], command, environment)
    _pid, status, usage = os.wait4(child, 0)
    wall = time.monotonic() - start
    file.seek(0)
    file.truncate()
    # Linux counts ru_maxrss in KiB (getrusage(2)).
    peak = usage.ru_maxrss * 1024
    json.dump([os.waitstatus_to_exitcode(status), wall, usage.ru_utime + usage.ru_stime, peak], file)
"""


def sample(
    command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, output: Path | None = None
) -> Sample:
    """Run a process to its end. Raises BenchError where it fails."""
    with open(output or os.devnull, "w+b") as out, tempfile.TemporaryFile("w+") as shared:
        # Not as an argument, which all users see.
        json.dump(dict(os.environ if env is None else env), shared)
        shared.seek(0)
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", _LAUNCH, str(shared.fileno()), *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT if output else None,
            pass_fds=[shared.fileno()],
            check=True,
        )
        shared.seek(0)
        status, wall, cpu, peak = json.load(shared)
    if status:
        said = output.read_text(errors="replace")[-2000:] if output else "see above"
        raise BenchError(f"{' '.join(map(str, command))}: exit {status}: {said}")
    return Sample(wall, cpu, peak)


def side_by_side(
    contenders: Mapping[str, Contender], rounds: int, *, warm_up: int = 1, every: Mapping[str, int] | None = None
) -> dict[str, Result]:
    """Run each contender once a round, in turn, so that what slows the machine slows all of them alike.

    ``every`` names those that take long, and in each which round they run: the second, say.
    """
    found: dict[str, list[Sample]] = {name: [] for name in contenders}
    for number in range(warm_up + rounds):
        names = list(contenders)
        # The one that comes first meets colder caches: each does so in turn.
        shift = number % len(names)
        for name in (*names[shift:], *names[:shift]):
            if number > warm_up and (number - warm_up) % (every or {}).get(name, 1):
                continue
            taken = contenders[name]()
            if number >= warm_up:
                found[name].append(taken)
    return {name: Result(tuple(samples)) for name, samples in found.items()}
