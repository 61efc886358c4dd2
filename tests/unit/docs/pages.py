# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be copied from the pages for users: their code blocks, and the plays and variables in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[3]
PAGES = (
    "README.md",
    *sorted(str(path.relative_to(REPOSITORY)) for path in REPOSITORY.glob("roles/*/README.md")),
    *sorted(str(path.relative_to(REPOSITORY)) for path in REPOSITORY.glob("docs/*.md")),
)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SUBTASKS = ("block", "rescue", "always")
_SECTIONS = ("pre_tasks", "tasks", "post_tasks", "handlers")
# Where a task or a play does something that is neither ansible-core's nor ours, Ansible has to find that to load it.
_OURS = ("ansible.builtin.", "fleet.python.")

Mapping = dict[str, Any]


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    return [code for found, code in _BLOCK.findall(text) if found == language]


def documents(page: str) -> list[Any]:
    """The YAML blocks of a page, loaded."""
    return [yaml.safe_load(block) for block in blocks(page, "yaml")]


def plays(page: str) -> list[Mapping]:
    """The plays of a page; tasks that stand without one are in one here."""
    found = []
    for entries in documents(page):
        if not isinstance(entries, list):
            continue
        if any("hosts" in entry or "ansible.builtin.import_playbook" in entry for entry in entries):
            found += entries
        else:
            found.append({"name": "Tasks that stand alone", "hosts": "all", "tasks": entries})
    return found


def tasks(entries: list[Mapping]) -> Iterator[Mapping]:
    """Every task of a list of tasks, those in blocks too."""
    for entry in entries:
        yield entry
        for key in _SUBTASKS:
            yield from tasks(entry.get(key, []))


def tasks_of(play: Mapping) -> Iterator[Mapping]:
    """Every task of a play."""
    for section in _SECTIONS:
        yield from tasks(play.get(section, []))


def is_of_others(play: Mapping) -> bool:
    """Whether a play calls modules of other collections."""
    called = [key for task in tasks_of(play) for key in task if key.count(".") == 2]
    return any(not key.startswith(_OURS) for key in called)


def roles_of(play: Mapping) -> Iterator[tuple[str, Mapping]]:
    """The roles of this collection that a play names, each with the variables that stand there."""
    for role in play.get("roles", []):
        name = role if isinstance(role, str) else role["role"]
        if name.startswith("fleet.python."):
            yield name.removeprefix("fleet.python."), {} if isinstance(role, str) else role.get("vars", {})
    for task in tasks_of(play):
        for key in ("ansible.builtin.include_role", "ansible.builtin.import_role"):
            name = str(task.get(key, {}).get("name", ""))
            if name.startswith("fleet.python."):
                yield name.removeprefix("fleet.python."), task.get("vars", {})


def keys(document: Any) -> Iterator[str]:
    """Every key of a document, at any depth."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield str(key)
            yield from keys(value)
    elif isinstance(document, list):
        for value in document:
            yield from keys(value)
