# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may import whom, as docs/design.md says it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[3] / "plugins"
OURS = "ansible_collections.fleet.python.plugins."
# Decide, and do nothing else: a task, an observation and a catalogue in, a plan or a refusal out.
PURE = ("_plan", "_resolve", "_lock", "_lock_file", "_platform", "_inventory", "_task")
# What reads or writes, starts programs, asks the time, or talks to anyone.
EFFECTS = frozenset(
    {"ansible", "fcntl", "os", "requests", "shutil", "socket", "subprocess", "tempfile", "time", "urllib.request"}
)
# Imported where it is needed, so that only who needs them must have them.
OPTIONAL = ("requests", "zstandard")


def imports(path: Path, top_only: bool = False) -> set[str]:
    """What a file imports: the modules by their full names, those of ``from package import module`` too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = str(node.module)
            inside = module.startswith(OURS) and (PLUGINS / module.removeprefix(OURS).replace(".", "/")).is_dir()
            found.update(f"{module}.{alias.name}" for alias in node.names) if inside else found.add(module)
    return found


def files(folder: str) -> list[Path]:
    return sorted((PLUGINS / folder).glob("*.py"))


def reached(name: str) -> set[str]:
    """Everything outside of the collection that a module of plugin_utils imports, by way of others of ours too."""
    seen: set[str] = set()
    outside: set[str] = set()
    waiting = [f"{OURS}plugin_utils.{name}"]
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        for each in imports(PLUGINS / (module.removeprefix(OURS).replace(".", "/") + ".py")):
            if each.startswith(OURS):
                waiting.append(each)
            else:
                outside |= {each, each.partition(".")[0]}
    return outside


@pytest.mark.parametrize("path", files("module_utils"), ids=lambda path: path.name)
def test_what_runs_on_hosts_needs_the_standard_library_only(path: Path) -> None:
    others = {name for name in imports(path) if not name.startswith((OURS + "module_utils.", "ansible.module_utils."))}
    assert {name.partition(".")[0] for name in others} <= sys.stdlib_module_names


@pytest.mark.parametrize("path", files("plugin_utils"), ids=lambda path: path.name)
def test_plugin_utils_know_no_action_and_no_module(path: Path) -> None:
    ours = {name for name in imports(path) if name.startswith(OURS)}
    assert {name.removeprefix(OURS).partition(".")[0] for name in ours} <= {"module_utils", "plugin_utils"}


@pytest.mark.parametrize("path", files("modules"), ids=lambda path: path.name)
def test_modules_know_module_utils_only(path: Path) -> None:
    ours = {name for name in imports(path) if name.startswith(OURS)}
    assert {name.removeprefix(OURS).partition(".")[0] for name in ours} <= {"module_utils"}


@pytest.mark.parametrize("name", PURE)
def test_what_decides_does_nothing(name: str) -> None:
    assert reached(name) & EFFECTS == set()


@pytest.mark.parametrize("path", [*files("plugin_utils"), *files("action")], ids=lambda path: path.name)
def test_optional_packages_are_not_needed_to_load(path: Path) -> None:
    assert not [name for name in imports(path, top_only=True) if name.startswith(OPTIONAL)]
