# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages that the pages quote are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
PAGES = ("refused-hosts.md", "mirror.md")


def quoted(page: str) -> list[str]:
    """The texts in backquotes of the column that says so, in each table."""
    found: list[str] = []
    column = None
    for line in (REPOSITORY / "docs" / page).read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if "What the message says" in cells:
            column = cells.index("What the message says")
        elif not cells:
            column = None
        elif column is not None:
            found += re.findall(r"`([^`]+)`", cells[column])
    return found


def code() -> str:
    """All text of the plugins, with strings over several lines in one, and values as they are shown."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((REPOSITORY / "plugins").rglob("*.[ps][yh]"))]
    joined = re.sub(r'"\n\s*f?"', "", "\n".join(texts))
    return re.sub(r"\{[^{}]*\}", "", joined).replace("%%", "%")


@pytest.mark.parametrize("page", PAGES)
def test_each_message_stands_in_the_code(page: str) -> None:
    messages = quoted(page)
    assert len(messages) > 5
    text = code()
    assert [message for message in messages if message not in text] == []
