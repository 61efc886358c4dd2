# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of Markdown are short enough to read in a diff: tables and code may be longer, they cannot be folded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gates.places import REPOSITORY
from tests.gates.tree import files

LONGEST = 140
# Written by antsibull-changelog, and by the benchmark.
GENERATED = {Path("CHANGELOG.md"), Path("docs/benchmark.md")}
PAGES = [path for path in files() if path.suffix == ".md" and path not in GENERATED]


def too_long(text: str) -> list[str]:
    fenced = False
    found = []
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if len(line) > LONGEST and not fenced and not line.startswith(("|", "    ")):
            found.append(line)
    return found


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_no_line_of_prose_is_too_long(page: Path) -> None:
    assert too_long((REPOSITORY / page).read_text(encoding="utf-8")) == []


def test_prose_counts_and_tables_and_code_do_not() -> None:
    long = "x" * (LONGEST + 1)
    assert too_long(f"{long}\n| {long} |\n    {long}\n```\n{long}\n```\n- {long}\n") == [long, f"- {long}"]
