# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles say the same in all the places where they say it; fleet.python.interpreter what the module says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.fleet.python.plugins.module_utils._options import interpreter_options
from tests.gates import role_readme
from tests.gates.generated import MarksError, between

ROLES = Path(__file__).parents[3] / "roles"
ROLE = ROLES / "interpreter"
PREFIX = "interpreter_"


def load(name: str, role: Path = ROLE) -> Any:
    return yaml.safe_load((role / name).read_text(encoding="utf-8"))


def module_options() -> dict[str, dict[str, Any]]:
    own = interpreter_options().items()
    return {PREFIX + name: option for name, option in own if not name.startswith("_") and name != "variables"}


def test_argument_specs_are_the_modules() -> None:
    specs = load("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    said = {name: {key: option[key] for key in option if key != "description"} for name, option in specs.items()}
    assert said == module_options()


def test_defaults_are_the_modules() -> None:
    assert load("defaults/main.yml") == {
        name: option["default"] for name, option in module_options().items() if "default" in option
    }


def test_defaults_of_the_mirror_are_its_argument_specs() -> None:
    mirror = ROLES / "mirror"
    options = load("meta/argument_specs.yml", mirror)["argument_specs"]["main"]["options"]
    assert load("defaults/main.yml", mirror) == {
        name: option["default"] for name, option in options.items() if "default" in option
    }


def test_the_task_takes_every_variable() -> None:
    [task] = load("tasks/main.yml")
    assert task["register"] == "interpreter_result"
    assert task["fleet.python.interpreter"] == {"variables": PREFIX}


def test_ansible_makes_no_task_of_the_argument_specs() -> None:
    """The role's own task checks the variables, and a task more would double what the role costs the controller."""
    for core_reads in ("argument_specs", "argument_specs.yml"):
        assert (ROLE / "meta" / core_reads).is_file()
    assert load("meta/argument_specs") == {"argument_specs": {}}


def test_the_readmes_table_is_written_anew(capsys: pytest.CaptureFixture[str]) -> None:
    assert role_readme.main(["--check"]) == 0, capsys.readouterr().out


def test_a_stale_table_is_noticed() -> None:
    table = role_readme.variables_table(ROLE / "meta" / "argument_specs.yml")
    readme = (ROLE / "README.md").read_text(encoding="utf-8")
    assert between(readme, role_readme.BEGIN, role_readme.END, table) == readme
    assert between(readme, role_readme.BEGIN, role_readme.END, table.replace("`auto`", "`gnu`")) != readme


def test_a_readme_without_a_place_for_the_table() -> None:
    with pytest.raises(MarksError, match="BEGIN variables"):
        between("# A role\n", role_readme.BEGIN, role_readme.END, "| |")
