# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of very many hosts, none of which is there: their results are made up.

``python -m tests.bench.fleet_report`` is a process of its own, so that its peak memory is that of the report, and of
Python itself.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any

from ansible_collections.fleet.python.plugins.plugin_utils._builds.bundled import bundled_catalogue
from ansible_collections.fleet.python.plugins.plugin_utils._report.gather import report_of
from ansible_collections.fleet.python.plugins.plugin_utils._report.newest import Newest
from ansible_collections.fleet.python.plugins.plugin_utils._report.page import page
from ansible_collections.fleet.python.plugins.plugin_utils._report.rows import csv_text
from ansible_collections.fleet.python.plugins.plugin_utils._report.sbom import fleet_sbom
from ansible_collections.fleet.python.plugins.plugin_utils._report.table import host_table
from tests.gates.places import REPOSITORY
from tests.unit.report.fleet import entry, frame, home, lock_of, looked

HOSTS = 10_000
_VERSIONS = ("3.9.20", "3.11.9", "3.12.2", "3.12.6", "3.13.2", "3.14.0")


def measured() -> dict[str, Any]:
    """Seconds of each part, and the peak memory in bytes, of a process of its own."""
    command = [sys.executable, "-m", "tests.bench.fleet_report"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return {"date": date.today().isoformat(), **found}


def results_of(count: int) -> list[tuple[str, dict[str, Any]]]:
    """So many hosts with two homes each; some are damaged, some cannot be reached."""
    chance = random.Random(count)
    found = []
    for number in range(count):
        if chance.random() < 0.01:
            found.append((f"web{number}", {"unreachable": True, "msg": f"no route to web{number}"}))
            continue
        used, older = chance.sample(_VERSIONS, 2)
        damage = "1 of its 3804 files are missing" if chance.random() < 0.02 else ""
        homes = [home(used, damage=damage), home(older, linked_by=[], previous_of=["3.13"], sha256="b" * 64)]
        found.append((f"web{number}", looked(*homes)))
    return found


def main() -> None:
    """Print what `measured` returns."""
    results = results_of(HOSTS)
    before = _peak()
    seconds: dict[str, float] = {}
    given = frame(lock=lock_of(entry("3.13.2")), newest=Newest(bundled_catalogue()))
    report = _timed(seconds, "gather", lambda: report_of(results, given))
    outputs: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
        "html": page,
        "json": lambda each: json.dumps(each, ensure_ascii=False, indent=1, sort_keys=True),
        "csv": csv_text,
        "sbom": fleet_sbom,
        "terminal": host_table,
    }
    sizes = {name: len(_timed(seconds, name, partial(make, report))) for name, make in outputs.items()}
    print(json.dumps({"hosts": HOSTS, "seconds": seconds, "bytes": sizes, "memory": _peak(), "before": before}))


def _timed(seconds: dict[str, float], name: str, make: Callable[[], Any]) -> Any:
    start = time.monotonic()
    made = make()
    seconds[name] = round(time.monotonic() - start, 3)
    return made


def _peak() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
