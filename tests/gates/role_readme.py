# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of variables in each role's README, written from its meta/argument_specs.yml."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from .generated import Generated, write_or_check
from .places import REPOSITORY

BEGIN = "<!-- BEGIN variables: python3 -m tests.gates.role_readme writes them from meta/argument_specs.yml -->"
END = "<!-- END variables -->"
# Ansible's markup, as far as the roles use it: O(option), V(value), C(code), M(module).
_MARKUP = re.compile(r"\b[OVCM]\(([^()]*)\)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the tables; with ``--check`` write nothing, and return 1 where one would change."""
    found = sorted((REPOSITORY / "roles").glob("*/meta/argument_specs.yml"))
    return write_or_check("role_readme", map(_of_role, found), arguments)


def _of_role(specs: Path) -> Generated:
    return Generated(specs.parents[1] / "README.md", BEGIN, END, variables_table(specs), "its argument_specs.yml")


def variables_table(specs: Path) -> str:
    """The Markdown table of the entry point ``main``: one line for each option."""
    options = yaml.safe_load(specs.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    lines = ["| Variable | Type | Default | Meaning |", "| --- | --- | --- | --- |"]
    return "\n".join(lines + [_row(name, option) for name, option in options.items()])


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
