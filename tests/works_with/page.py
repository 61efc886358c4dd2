# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/works-with.md as the tests run it: its code blocks, by the heading that they stand under."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PAGE = Path(__file__).parents[2] / "docs" / "works-with.md"
_HEADING = re.compile(r"^##? (.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Section:
    """What stands under one heading: shell scripts, plays, and inventories, each in their order."""

    scripts: tuple[str, ...]
    plays: tuple[dict[str, Any], ...]
    inventories: tuple[dict[str, Any], ...]


def sections(text: str) -> dict[str, Section]:
    """The sections of a page that have code. Raises ValueError for a block in a language that no test would run."""
    pieces = _HEADING.split(text)
    found = {}
    for heading, body in zip(pieces[1::2], pieces[2::2], strict=True):
        blocks: list[tuple[str, str]] = _BLOCK.findall(body)
        if unknown := {language for language, _code in blocks} - {"sh", "yaml"}:
            raise ValueError(f"{heading}: nothing runs {', '.join(sorted(unknown))}")
        documents = [yaml.safe_load(code) for language, code in blocks if language == "yaml"]
        if blocks:
            found[heading] = Section(
                tuple(code for language, code in blocks if language == "sh"),
                tuple(play for document in documents if isinstance(document, list) for play in document),
                tuple(document for document in documents if isinstance(document, dict)),
            )
    return found
