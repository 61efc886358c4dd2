# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may import whom, as docs/design.md says it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from tests.gates import module_map
from tests.gates.module_map import PACKAGES, PLUGINS, code, imports, packages_used

OURS = "ansible_collections.fleet.python.plugins."
# Decide, and do nothing else: a task, an observation and a catalogue in, a plan or a refusal out.
PURE = (
    "_plan.plan",
    "_plan.delta",
    "_plan.task",
    "_plan.refusals",
    "_plan.result",
    "_builds.resolve",
    "_builds.suggestions",
    "_lock.lock",
    "_lock.text",
    "_lock.attestation",
    "_provenance.signer",
    "_provenance.statement",
    "_host.platform",
    "_host.inventory",
    "_report.osv",
    "_report.support",
    "_report.drift",
    "_report.gather",
    "_report.newest",
)
# What reads or writes, starts programs, asks the time, or talks to anyone.
EFFECTS = frozenset(
    {"ansible", "fcntl", "os", "requests", "shutil", "socket", "subprocess", "tempfile", "time", "urllib.request"}
)
# Imported where it is needed, so that only who needs them must have them.
OPTIONAL = ("cramjam", "cyclonedx", "packageurl", "pyasn1", "requests", "sigstore", "zstandard")
MOST_FILES = 12
MOST_LINES = 350
FEWEST_LINES = 30


def files(folder: str) -> list[Path]:
    return sorted((PLUGINS / folder).rglob("*.py"))


def named(path: Path) -> str:
    return str(path.relative_to(PLUGINS))


def documentation(path: Path) -> int:
    """The lines of a module's DOCUMENTATION, EXAMPLES and RETURN, which Ansible wants in its file."""
    if path.parent.name != "modules":
        return 0
    blocks = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.Assign)]
    return sum(int(block.end_lineno or 0) - block.lineno + 1 for block in blocks)


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


@pytest.mark.parametrize("path", files("module_utils"), ids=named)
def test_what_runs_on_hosts_needs_the_standard_library_only(path: Path) -> None:
    others = {name for name in imports(path) if not name.startswith((OURS + "module_utils.", "ansible.module_utils."))}
    assert {name.partition(".")[0] for name in others} <= sys.stdlib_module_names


@pytest.mark.parametrize("path", files("plugin_utils"), ids=named)
def test_plugin_utils_know_no_action_and_no_module(path: Path) -> None:
    ours = {name for name in imports(path) if name.startswith(OURS)}
    assert {name.removeprefix(OURS).partition(".")[0] for name in ours} <= {"module_utils", "plugin_utils"}


@pytest.mark.parametrize("path", files("modules"), ids=named)
def test_modules_know_module_utils_only(path: Path) -> None:
    ours = {name for name in imports(path) if name.startswith(OURS)}
    assert {name.removeprefix(OURS).partition(".")[0] for name in ours} <= {"module_utils"}


@pytest.mark.parametrize("name", PURE)
def test_what_decides_does_nothing(name: str) -> None:
    assert reached(name) & EFFECTS == set()


@pytest.mark.parametrize("path", [*files("plugin_utils"), *files("action")], ids=named)
def test_optional_packages_are_not_needed_to_load(path: Path) -> None:
    assert not [name for name in imports(path, top_only=True) if name.startswith(OPTIONAL)]


def test_every_package_stands_on_the_map() -> None:
    there = {named(path.parent) for folder in ("plugin_utils", "module_utils") for path in files(folder)}
    assert there == PACKAGES.keys()


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_go_down_only(package: str) -> None:
    floors = list(PACKAGES)
    below = set(floors[floors.index(package) + 1 :])
    assert packages_used(package) <= below


def test_the_page_draws_what_the_code_imports(capsys: pytest.CaptureFixture[str]) -> None:
    assert module_map.main(["--check"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_small_enough_to_know(package: str) -> None:
    assert len(code(package)) <= MOST_FILES


@pytest.mark.parametrize(
    "path", [path for path in sorted(PLUGINS.rglob("*.*")) if path.suffix in (".py", ".sh")], ids=named
)
def test_a_file_is_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) - documentation(path) <= MOST_LINES


@pytest.mark.parametrize("package", [package for package in PACKAGES if "/" in package])
def test_units_are_sorted_by_the_same_words(package: str) -> None:
    folder = Path(__file__).parents[1] / package.rpartition("/_")[2]
    assert list(folder.glob("test_*.py")), f"no test stands in {folder}"


def test_what_one_file_uses_is_no_tiny_file_of_its_own() -> None:
    users: dict[str, set[Path]] = {}
    for path in PLUGINS.rglob("*.py"):
        for name in imports(path):
            users.setdefault(name.removeprefix(OURS), set()).add(path)
    tiny = {
        named(path)
        for folder in ("plugin_utils", "module_utils")
        for path in files(folder)
        if path.stem != "__init__" and len(path.read_text(encoding="utf-8").splitlines()) < FEWEST_LINES
        if len(users.get(named(path).removesuffix(".py").replace("/", "."), ())) == 1
    }
    assert tiny == set()
