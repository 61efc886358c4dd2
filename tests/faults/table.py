# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/faults.md from what the tests of this directory have found: python3 -m tests.faults.table [--check]."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[2]
RESULTS = CHECKOUT / ".build" / "faults.json"
PAGE = CHECKOUT / "docs" / "faults.md"

_HEAD = """# Faults and what comes of them

Each of these faults is caused by a test, on containers with a real Debian or Alpine; nothing here is by reasoning
alone. The table is written by `python3 -m tests.faults.table` from the results of `pytest tests/faults`.

"""


def render(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The page. One line for each fault; the variants of a test are counted, and every one of them has passed.

    Raises ValueError naming a test that has not passed.
    """
    bad = sorted(name for name, row in rows.items() if row["result"] != "passed")
    if bad:
        raise ValueError(f"not passed: {', '.join(bad)}")
    lines: dict[tuple[str, str, str], list[str]] = {}
    for name, row in sorted(rows.items()):
        test = re.sub(r"\[.*", "", name)
        lines.setdefault((test, row["fault"], row["outcome"]), []).extend(row["counts"] or [""])
    table = ["| fault | outcome | seen | test |", "| --- | --- | --- | --- |"]
    for (test, fault, outcome), counts in lines.items():
        said = [count for count in counts if count]
        seen = "; ".join(said) if said else "passed" if len(counts) == 1 else f"passed, {len(counts)} variants"
        table.append(f"| {fault} | {outcome} | {seen} | `{test}` |")
    return _HEAD + "\n".join(table) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say whether every test that it names is still there."""
    if arguments == ["--check"]:
        named = set(re.findall(r"`(test_\w+\.py)::(\w+)`", PAGE.read_text()))
        gone = [f"{file}::{test}" for file, test in sorted(named) if not _has(Path(__file__).with_name(file), test)]
        print("\n".join(f"{PAGE.name} names {each}, which is not there" for each in gone))
        return 1 if gone else 0
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(render(json.loads(RESULTS.read_text())))
    return 0


def _has(path: Path, test: str) -> bool:
    return path.is_file() and f"def {test}(" in path.read_text()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
