# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the benchmark: how one is measured, and which stand by themselves."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tests.gates.places import REPOSITORY
from tests.world.cache import Cache
from tests.world.errors import WorldError

from . import deltas, fleet_report
from .measure import BenchError


def resolution() -> str:
    """What choosing an asset costs, in words."""
    command = [sys.executable, "-m", "tests.bench.resolve"]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout


def _deltas(mirror: Path, scratch: Path) -> dict[str, Any]:
    return deltas.deltas(mirror, scratch / "deltas")


def _emulated(mirror: Path, scratch: Path) -> dict[str, Any]:
    return dict(deltas.emulated(mirror, scratch / "deltas"))


# What stands by itself, by the parts that it has: each takes the mirror's folder, and one to work in.
ALONE: Mapping[str, Mapping[str, Callable[[Path, Path], Any]]] = {
    "delta": {"delta": _deltas, "delta emulated": _emulated},
    "fleet report": {"fleet report": lambda _mirror, _scratch: fleet_report.measured()},
    "resolution": {"resolution": lambda _mirror, _scratch: resolution()},
}


def some(directory: Path, names: Sequence[str], results: dict[str, Any]) -> dict[str, Any]:
    """The results of an earlier run, with those of these parts made anew."""
    for name in names:
        for part, measure in ALONE[name].items():
            results.pop(part, None)
            results["not measured"].pop(part, None)
            measured(results, part, partial(measure, Cache().mirror, directory))
    return results


def measured(results: dict[str, Any], name: str, measure: Callable[[], Any]) -> None:
    """Add the results of one part, or why it could not be measured."""
    print(f"measuring: {name}", flush=True)
    start = time.monotonic()
    try:
        results[name] = measure()
    except (BenchError, WorldError) as error:
        results["not measured"][name] = str(error)
    print(f"measured: {name}, {time.monotonic() - start:.0f} s", flush=True)
