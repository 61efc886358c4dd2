# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The field's words, as the glossary in docs/design.md has them, and no private ones beside them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.gates.places import REPOSITORY
from tests.gates.tree import files

# Words that once stood for one of the glossary's, and that one.
INSTEAD_OF = {
    "foul": "hostile",
    "left-over": "leftover",
    "left-overs": "leftovers",
    "passed over": "skipped",
    "turned down": "rejected",
    "packed anew": "repacked",
    "packs it anew": "repacks it",
}
_WRITTEN = re.compile(rf"\b(?:{'|'.join(INSTEAD_OF)})\b", re.IGNORECASE)
TEXTS = [
    path
    for path in files()
    if path.parts[0] in ("docs", "playbooks", "plugins", "roles") or path.name in ("README.md", "CONTRIBUTING.md")
    if path.suffix in (".md", ".py", ".sh", ".yml")
]


def glossary() -> list[str]:
    page = (REPOSITORY / "docs" / "design.md").read_text(encoding="utf-8")
    section = page.partition("## Glossary")[2].partition("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("| ")]
    return [row for row in rows if row not in ("Word", "---")]


def test_a_glossary_of_at_most_25_words() -> None:
    words = glossary()
    assert 20 <= len(words) <= 25
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("path", TEXTS, ids=str)
def test_nothing_uses_another_word_for_them(path: Path) -> None:
    text = (REPOSITORY / path).read_text(encoding="utf-8")
    assert [(found, INSTEAD_OF[found.lower()]) for found in _WRITTEN.findall(text)] == []
