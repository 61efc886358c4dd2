# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: ``python3 -m tests.molecule [--command COMMAND] [SCENARIO ...]``, by default all native ones."""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial

from tests.gates.steps import Step, run, table

from . import scenario


def main() -> int:
    """Run the scenarios, print how long each took and how it ended; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.molecule", description="Run Molecule scenarios against the test world."
    )
    known = (*scenario.NATIVE, *scenario.EMULATED)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"by default the native ones of {known}")
    parser.add_argument(
        "--command", default="test", help="what molecule is to do, for example converge (default: %(default)s)"
    )
    options = parser.parse_args()
    names: list[str] = options.scenarios or list(scenario.NATIVE)
    if unknown := set(names) - set(known):
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    start = time.monotonic()
    results = run([Step(name, partial(scenario.run, name, options.command), beside=True) for name in names])
    print(table(results, time.monotonic() - start))
    return 1 if any(result.outcome != "passed" for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
