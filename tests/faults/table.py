# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/faults.md from what the tests of this directory have found: python3 -m tests.faults.table."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[2]
RESULTS = CHECKOUT / ".build" / "faults.json"
RUN = Path(__file__).parent
PAGE = CHECKOUT / "docs" / "faults.md"
_KILLS = re.compile(r"(\d+) kills")

_HEAD = """# Faults and what comes of them

Each of these faults is caused by a test, on containers with a real Debian or Alpine; nothing here is by reasoning
alone. The table is written by `python3 -m tests.faults.table` from the results of `pytest tests/faults`, and counts
what those runs have seen. `make test-all` causes the same faults at many more of their steps.

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
    kills = sum(int(found[1]) for row in rows.values() for each in row["counts"] if (found := _KILLS.fullmatch(each)))
    return _HEAD + "\n".join(table) + f"\n\nKills in all: {kills}.\n"


def marked(directory: Path) -> set[str]:
    """The tests of a directory that cause a fault, as ``file::test``."""
    found = set()
    for path in directory.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and any(
                "mark.fault" in ast.unparse(each) for each in node.decorator_list
            ):
                found.add(f"{path.name}::{node.name}")
    return found


def named(page: str) -> set[str]:
    """The tests that the page names."""
    return set(re.findall(r"`(test_\w+\.py::\w+)`", page))


def main() -> int:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    rows = json.loads(RESULTS.read_text())
    PAGE.write_text(render({name: row for name, row in rows.items() if name.partition("[")[0] in marked(RUN)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
