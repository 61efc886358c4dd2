# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables in pages that people write: each stands between two marks, and is made from data."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .places import REPOSITORY


class MarksError(ValueError):
    """A page has no place for its table."""


@dataclass(frozen=True)
class Generated:
    """A table: the page, the marks around its place there, its text, and what it is made from."""

    page: Path
    begin: str
    end: str
    table: str
    source: str


def between(text: str, begin: str, end: str, table: str) -> str:
    """A text with ``table`` between two lines of it. Raises MarksError where they are not there."""
    before, found, rest = text.partition(begin)
    _old, ended, after = rest.partition(end)
    if not found or not ended:
        raise MarksError(f"the table stands between two lines that are not there: {begin} and {end}")
    return f"{before}{begin}\n\n{table}\n\n{end}{after}"


def write_or_check(module: str, tables: Iterable[Generated], arguments: Sequence[str] | None) -> int:
    """Write the tables; with ``--check`` write nothing, and return 1 where a page would change."""
    command = f"python3 -m tests.gates.{module}"
    parser = argparse.ArgumentParser(prog=command, description="Write the tables that are made from data.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page would change")
    check: bool = parser.parse_args(arguments).check
    stale = False
    for generated in tables:
        name = generated.page.relative_to(REPOSITORY)
        before = generated.page.read_text(encoding="utf-8")
        try:
            after = between(before, generated.begin, generated.end, generated.table)
        except MarksError as error:
            sys.exit(f"{name}: {error}")
        if after == before:
            continue
        stale = True
        if check:
            print(f"{name} differs from {generated.source}: run {command}")
        else:
            generated.page.write_text(after, encoding="utf-8")
            print(f"{name} written")
    return 1 if check and stale else 0
