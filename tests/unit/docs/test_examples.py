# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example of every module, of the READMEs and of the playbooks does what its reader will do with it: it loads."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.fleet.python.plugins.module_utils import _options
from ansible_collections.fleet.python.plugins.plugin_utils._request import parse_build, parse_request

REPOSITORY = Path(__file__).parents[3]
SPECS: dict[str, Callable[[], dict[str, Any]]] = {
    "asset_info": _options.asset_options,
    "bundle": _options.bundle_options,
    "interpreter": _options.interpreter_options,
    "interpreter_info": _options.interpreter_info_options,
    "lock": _options.lock_options,
    "platform_info": _options.platform_options,
}
READMES = ("README.md", "roles/interpreter/README.md")


def module(name: str) -> Any:
    return importlib.import_module(f"ansible_collections.fleet.python.plugins.modules.{name}")


def example_tasks(name: str) -> list[dict[str, Any]]:
    tasks: list[dict[str, Any]] = yaml.safe_load(module(name).EXAMPLES)
    return tasks


def yaml_blocks(readme: str) -> list[Any]:
    text = (REPOSITORY / readme).read_text(encoding="utf-8")
    return [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]


def own_tasks(tasks: list[dict[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
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


@pytest.mark.parametrize("readme", READMES)
def test_examples_of_a_readme_name_real_options(readme: str) -> None:
    plays = [play for block in yaml_blocks(readme) for play in block]
    assert plays
    for play in plays:
        for name, arguments in own_tasks(play.get("tasks", [])):
            check_arguments(name, arguments)


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
    plays += [play for readme in READMES for block in yaml_blocks(readme) for play in block]
    playbook = tmp_path / "examples.yml"
    playbook.write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
    syntax_check(playbook)


def test_ansible_loads_every_playbook(syntax_check: Callable[..., None]) -> None:
    playbooks = sorted((REPOSITORY / "playbooks").glob("*.yml"))
    assert playbooks
    syntax_check(*playbooks)


def test_the_readme_lists_what_the_collection_has() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `fleet\.python\.(\w+)` \| (\w+) \|", text, re.MULTILINE))
    there = {(path.stem, "module") for path in (REPOSITORY / "plugins" / "modules").glob("*.py")}
    there |= {(path.name, "role") for path in (REPOSITORY / "roles").iterdir()}
    there |= {(path.stem, "playbook") for path in (REPOSITORY / "playbooks").glob("*.yml")}
    assert listed == there
