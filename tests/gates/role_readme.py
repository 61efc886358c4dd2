# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of variables in each role's README, written from its meta/argument_specs.yml."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from .places import REPOSITORY

_BEGIN = "<!-- BEGIN variables: python3 -m tests.gates.role_readme writes them from meta/argument_specs.yml -->"
_END = "<!-- END variables -->"
# Ansible's markup, as far as the roles use it: O(option), V(value), C(code), M(module).
_MARKUP = re.compile(r"\b[OVCM]\(([^()]*)\)")


class ReadmeError(ValueError):
    """A README has no place for the table."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the tables; with ``--check`` write nothing, and return 1 where one would change."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.gates.role_readme", description="Write the roles' variables into their READMEs."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a README would change")
    check: bool = parser.parse_args(arguments).check
    stale = []
    for specs in sorted((REPOSITORY / "roles").glob("*/meta/argument_specs.yml")):
        readme = specs.parents[1] / "README.md"
        before = readme.read_text(encoding="utf-8")
        try:
            after = with_table(before, variables_table(specs))
        except ReadmeError as error:
            sys.exit(f"{readme.relative_to(REPOSITORY)}: {error}")
        if after != before:
            stale.append(str(readme.relative_to(REPOSITORY)))
            if not check:
                readme.write_text(after, encoding="utf-8")
    if stale:
        print("\n".join(f"{name} {'differs from its argument_specs.yml' if check else 'written'}" for name in stale))
    return 1 if check and stale else 0


def variables_table(specs: Path) -> str:
    """The Markdown table of the entry point ``main``: one line for each option."""
    options = yaml.safe_load(specs.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    lines = ["| Variable | Type | Default | Meaning |", "| --- | --- | --- | --- |"]
    return "\n".join(lines + [_row(name, option) for name, option in options.items()])


def with_table(readme: str, table: str) -> str:
    """The README's text with the table between its two marks. Raises ReadmeError where they are not there."""
    return between(readme, _BEGIN, _END, table)


def between(text: str, begin: str, end: str, table: str) -> str:
    """A text with ``table`` between two lines of it. Raises ReadmeError where they are not there."""
    before, found, rest = text.partition(begin)
    _old, ended, after = rest.partition(end)
    if not found or not ended:
        raise ReadmeError(f"the table stands between two lines that are not there: {begin} and {end}")
    return f"{before}{begin}\n\n{table}\n\n{end}{after}"


def _row(name: str, option: Mapping[str, Any]) -> str:
    kind = f"list of {option['elements']}" if "elements" in option else option["type"]
    meaning = " ".join(option["description"])
    if "choices" in option:
        meaning += f" One of {', '.join(f'V({choice})' for choice in option['choices'])}."
    cells = (f"`{name}`", kind, _default(option), _MARKUP.sub(r"`\1`", meaning))
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _default(option: Mapping[str, Any]) -> str:
    if option.get("required"):
        return "required"
    if "default" not in option:
        return "none"
    default = option["default"]
    if isinstance(default, list):
        return "<br>".join(f"`{entry}`" for entry in default) or "`[]`"
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


if __name__ == "__main__":
    sys.exit(main())
