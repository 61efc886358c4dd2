# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example of the modules, of the READMEs, of docs/ and of the playbooks does what its reader wants: it loads."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.fleet.python.plugins.module_utils import _options
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import parse_build, parse_request
from tests.unit.docs import pages

REPOSITORY = Path(__file__).parents[3]
SPECS: dict[str, Callable[[], dict[str, Any]]] = {
    "asset_info": _options.asset_options,
    "boot": _options.boot_options,
    "bundle": _options.bundle_options,
    "interpreter": _options.interpreter_options,
    "interpreter_info": _options.interpreter_info_options,
    "lock": _options.lock_options,
    "platform_info": _options.platform_options,
    "report": _options.report_options,
}
PLAYBOOKS = sorted((REPOSITORY / "playbooks").glob("*.yml"))
ROLES = sorted(path.name for path in (REPOSITORY / "roles").iterdir())


def module(name: str) -> Any:
    return importlib.import_module(f"ansible_collections.fleet.python.plugins.modules.{name}")


def example_tasks(name: str) -> list[dict[str, Any]]:
    tasks: list[dict[str, Any]] = yaml.safe_load(module(name).EXAMPLES)
    return tasks


def own_tasks(tasks: Iterable[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """The tasks that call a module of this collection: its name, the arguments."""
    found = []
    for task in tasks:
        for key, value in task.items():
            namespace, _dot, name = key.rpartition(".")
            if namespace == "fleet.python":
                found.append((name, value or {}))
    return found


def check_arguments(name: str, arguments: Mapping[str, Any]) -> None:
    assert not [option for option in arguments if option.startswith("_")], "a private option in an example"
    checked = ArgumentSpecValidator(SPECS[name]()).validate(dict(arguments))
    assert checked.error_messages == []
    requests = checked.validated_parameters.get("version") or []
    for request in [requests] if isinstance(requests, str) else requests:
        parse_request(request)
    if checked.validated_parameters.get("build"):
        parse_build(checked.validated_parameters["build"])


def test_every_module_is_known_here() -> None:
    assert {path.stem for path in (REPOSITORY / "plugins" / "modules").glob("*.py")} == SPECS.keys()


@pytest.mark.parametrize("name", SPECS)
def test_examples_of_a_module_name_its_options(name: str) -> None:
    called = own_tasks(example_tasks(name))
    assert name in [module_name for module_name, _arguments in called]
    for module_name, arguments in called:
        check_arguments(module_name, arguments)


def role_options(name: str) -> Mapping[str, Any]:
    text = (REPOSITORY / "roles" / name / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    options: dict[str, Any] = yaml.safe_load(text)["argument_specs"]["main"]["options"]
    return options


def playbook_variables() -> set[str]:
    prefixes = "|".join([*ROLES, *(path.stem for path in PLAYBOOKS)])
    texts = (playbook.read_text(encoding="utf-8") for playbook in PLAYBOOKS)
    return {name for text in texts for name in re.findall(rf"\b(?:{prefixes})_[a-z_]+", text)}


@pytest.mark.parametrize("page", pages.PAGES)
def test_examples_of_a_page_name_real_options(page: str) -> None:
    for play in pages.plays(page):
        for name, arguments in own_tasks(pages.tasks_of(play)):
            check_arguments(name, arguments)
        for name, variables in pages.roles_of(play):
            checked = ArgumentSpecValidator(dict(role_options(name))).validate(dict(variables))
            # What a role requires may stand in the inventory instead.
            assert [error for error in checked.error_messages if "missing required" not in error] == []
        for group, defaults in play.get("module_defaults", {}).items():
            assert group.removeprefix("group/") == "fleet.python.python"
            assert set(defaults) <= set(_options.interpreter_options())


@pytest.mark.parametrize("page", pages.PAGES)
def test_every_variable_of_a_page_is_one_of_a_role_or_of_a_playbook(page: str) -> None:
    known = playbook_variables() | {option for name in ROLES for option in role_options(name)} | {"interpreter_result"}
    named = {key for document in pages.documents(page) for key in pages.keys(document)}
    ours = {key for key in named if key.startswith(tuple(f"{name}_" for name in ROLES))}
    assert ours - known == set()


@pytest.mark.parametrize("page", pages.PAGES)
def test_every_command_of_a_page_names_what_is_there(page: str) -> None:
    commands = "\n".join(pages.blocks(page, "sh"))
    called = set(re.findall(r"ansible-playbook fleet\.python\.(\w+)", commands))
    assert called <= {path.stem for path in PLAYBOOKS}
    extra = set(re.findall(r"-e '?\{?\"?([a-z_]+)|, \"([a-z_]+)\":", commands))
    named = {name for pair in extra for name in pair if name}
    assert named <= playbook_variables() | set(role_options("interpreter"))
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^make (\w[\w-]*)", commands, re.MULTILINE))
    assert targets <= set(re.findall(r"^\t@echo 'make ([\w-]+) ", makefile, re.MULTILINE))


@pytest.mark.parametrize("page", pages.PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    folder = (REPOSITORY / page).parent
    assert [link for link in links if link and not (folder / link).exists()] == []


def test_every_guide_is_in_the_readme() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert [page for page in pages.PAGES if page.startswith("docs/") and f"({page})" not in text] == []


def test_a_wrong_option_would_be_found() -> None:
    with pytest.raises(AssertionError, match="releas"):
        check_arguments("interpreter", {"version": "3.13", "releas": "20250317"})


@pytest.fixture(scope="module")
def syntax_check(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., None]:
    """Let ansible-playbook load playbooks, with nothing of the user's."""
    home = tmp_path_factory.mktemp("home")
    link = home / "collections" / "ansible_collections" / "fleet" / "python"
    link.parent.mkdir(parents=True)
    link.symlink_to(REPOSITORY)
    configuration = home / "ansible.cfg"
    configuration.touch()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    variables = {
        "HOME": str(home),
        "ANSIBLE_HOME": str(home / "ansible"),
        "ANSIBLE_CONFIG": str(configuration),
        "ANSIBLE_COLLECTIONS_PATH": str(home / "collections"),
    }

    def check(*playbooks: Path) -> None:
        command = [sys.executable, "-m", "ansible", "playbook", "--syntax-check", "-i", "localhost,"]
        done = subprocess.run(
            [*command, *map(str, playbooks)], env=kept | variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    return check


def test_ansible_loads_every_example(syntax_check: Callable[..., None], tmp_path: Path) -> None:
    plays: list[Any] = [{"name": name, "hosts": "all", "tasks": example_tasks(name)} for name in SPECS]
    plays += [play for page in pages.PAGES for play in pages.plays(page) if not pages.is_of_others(play)]
    playbook = tmp_path / "examples.yml"
    playbook.write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
    syntax_check(playbook)


def test_ansible_loads_every_playbook(syntax_check: Callable[..., None]) -> None:
    assert PLAYBOOKS
    syntax_check(*PLAYBOOKS)


def test_the_readme_lists_what_the_collection_has() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `fleet\.python\.(\w+)` \| (\w+) \|", text, re.MULTILINE))
    there = {(path.stem, "module") for path in (REPOSITORY / "plugins" / "modules").glob("*.py")}
    there |= {(path.name, "role") for path in (REPOSITORY / "roles").iterdir()}
    there |= {(path.stem, "playbook") for path in (REPOSITORY / "playbooks").glob("*.yml")}
    there |= {(path.stem, "callback") for path in (REPOSITORY / "plugins" / "callback").glob("*.py")}
    assert listed == there
