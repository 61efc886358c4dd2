# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options from variables, as the role takes them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.module_utils._options import interpreter_options
from ansible_collections.fleet.python.plugins.plugin_utils._options import (
    OptionsError,
    checked_options,
    options_of_variables,
)

PREFIX = "interpreter_"
SET = {"interpreter_version": "3.13", "interpreter_keep": 2}
VARIABLES = {**SET, "interpreter_result": {}, "interpreter__plan": {}, "x": 1}


def taken(variables: dict[str, Any], *parameters: str) -> tuple[dict[str, Any], list[list[str]]]:
    """The options, and which variables were templated."""
    templated: list[list[str]] = []

    def template(values: dict[str, Any]) -> dict[str, Any]:
        templated.append(sorted(values))
        return {name: value for name, value in values.items() if value is not ...}

    return options_of_variables(interpreter_options(), PREFIX, variables, parameters, template), templated


def test_only_what_is_set_and_is_an_option() -> None:
    options, templated = taken(VARIABLES)
    assert options == {"version": "3.13", "keep": 2}
    assert templated == []


@pytest.mark.parametrize(
    ("value", "may_be"),
    [
        ("3.13", False),
        (["3.13", 3.12, None, True], False),
        ({"X-Token": ["a", "b"]}, False),
        ("{{ wanted }}", True),
        ("{% if x %}3.13{% endif %}", True),
        ("#jinja2: variable_start_string:'[%'\n[% wanted", True),
        (["3.12", "{{ wanted }}"], True),
        ({"X-Token": ["{{ token }}"]}, True),
        ({"{{ name }}": "a"}, True),
        (b"encrypted", True),
    ],
)
def test_only_what_may_be_a_template_is_templated(value: Any, may_be: bool) -> None:
    options, templated = taken({"interpreter_keep": 2, "interpreter_version": value})
    assert options == {"keep": 2, "version": value}
    assert templated == ([["interpreter_version"]] if may_be else [])


def test_what_is_omitted_is_not_set() -> None:
    assert taken({"interpreter_release": ..., "interpreter_keep": 2})[0] == {"keep": 2}


def test_a_misspelt_parameter_of_the_role_is_an_option_that_there_is_not() -> None:
    options, _templated = taken({**VARIABLES, "interpreter_kep": 1, "other": 2}, "interpreter_kep", "other")
    with pytest.raises(OptionsError, match=r"^no such option: interpreter_kep; did you mean interpreter_keep\?$"):
        checked_options(options, interpreter_options(), PREFIX.__add__)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "missing required arguments: interpreter_version"),
        ({"version": "3.13", "timeout": "soon"}, "argument 'interpreter_timeout' is of type str"),
        ({"version": "3.13", "state": "presnt"}, "value of interpreter_state must be one of: present, latest"),
        ({"version": "3.13", "headers": "hunter2"}, "interpreter_headers must be a dictionary"),
    ],
)
def test_a_message_names_the_variable(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionsError) as refused:
        checked_options(options, interpreter_options(), PREFIX.__add__)
    assert message in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_the_result_has_the_options_own_names() -> None:
    checked = checked_options({"version": "3.13", "keep": 2}, interpreter_options(), PREFIX.__add__)
    assert checked == checked_options({"version": "3.13", "keep": 2}, interpreter_options())
