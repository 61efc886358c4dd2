# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU milliseconds of one request against the whole bundled catalogue; the aim is 50.

    PYTHONPATH=<directory that holds ansible_collections> python -m tests.bench.resolve [REQUEST]

Each run starts with an empty catalogue, so that reading all of its files is counted; imports are not.
"""

from __future__ import annotations

import statistics
import sys
import time

from ansible_collections.fleet.python.plugins.plugin_utils._builds.bundled import BundledCatalogue, bundled_catalogue
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import parse_request
from ansible_collections.fleet.python.plugins.plugin_utils._builds.resolve import resolve
from ansible_collections.fleet.python.plugins.plugin_utils._builds.triples import runs

RUNS = 20


def measure(text: str) -> tuple[float, float, int]:
    """CPU seconds to choose, CPU seconds for the reasons why the others lost, and how many they are."""
    catalogue = BundledCatalogue(bundled_catalogue().directory, origin="the bundled catalogue")
    start = time.process_time()
    resolution = resolve(parse_request(text), runs("x86_64_v3-unknown-linux-gnu"), catalogue)
    chosen = time.process_time()
    rejected = len(resolution.rejected)
    return chosen - start, time.process_time() - chosen, rejected


def main() -> None:
    """Print the median of some runs."""
    text = sys.argv[1] if len(sys.argv) > 1 else "3.13"
    choose, reasons, counts = zip(*(measure(text) for _run in range(RUNS)), strict=True)
    assets = len(bundled_catalogue().entries())
    print(f"request {text}, {assets} assets in {len(bundled_catalogue().releases())} releases, median of {RUNS} runs:")
    print(f"  the choice            {statistics.median(choose) * 1000:6.1f} ms CPU (at most {max(choose) * 1000:.1f})")
    print(f"  {counts[0]:5} reasons, if asked {statistics.median(reasons) * 1000:6.1f} ms CPU more")


if __name__ == "__main__":
    main()
