# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options are checked without showing what may be a secret."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.fleet.python.plugins.module_utils import _options as specs
from ansible_collections.fleet.python.plugins.plugin_utils._options import OptionsError, checked_options

SPEC = specs.interpreter_options()
SECRETS: dict[str, Any] = {
    "headers": {"Authorization": "Bearer pl4nted-token", "X-List": ["pl4nted-list"]},
    "proxy": "http://me:pl4nted-proxy@proxy.example.com:3128",
    "source": ["https://me:pl4nted-password@mirror.example.com"],
}
WRONG: dict[str, Any] = {"int": "soon", "bool": "perhaps", "dict": "pl4nted text", "list": {"a": 1}, "path": {"a": 1}}


def refusal(arguments: dict[str, Any]) -> str:
    """Why these are refused, empty where they are taken."""
    try:
        checked_options(arguments, SPEC)
    except OptionsError as error:
        return str(error)
    return ""


def test_options_get_their_types_and_defaults() -> None:
    options = checked_options({"version": "3.13", "timeout": "7", "prerelease": "yes"}, SPEC)
    assert (options["version"], options["timeout"], options["prerelease"]) == (["3.13"], 7, True)
    assert options["root"] == "/opt/python"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"version": "3.13", "timeout": "soon"}, "argument 'timeout' is of type str"),
        ({"version": "3.13", "state": "presnt"}, "value of state must be one of"),
        ({"version": "3.13", "tiemout": 3}, "no such option: tiemout; did you mean timeout?"),
        ({"version": "3.13", "xyzzy": 3}, "no such option: xyzzy; there are build, ca_path"),
        ({}, "missing required arguments: version"),
        ({"version": "3.13", "headers": "X-Token: pl4nted"}, "headers must be a dictionary"),
        ({"timeout": "soon", "tiemout": 3}, "missing required arguments: version; "),
    ],
)
def test_what_is_wrong_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionsError) as raised:
        checked_options(arguments, SPEC)
    assert message in str(raised.value)
    assert "_plan" not in str(raised.value)
    assert "pl4nted" not in str(raised.value)


@pytest.mark.parametrize("name", [name for name in SPEC if not name.startswith("_")])
def test_any_option_may_be_wrong_and_shows_no_secret(name: str) -> None:
    wrong = "pl4nted" if name in SECRETS else WRONG.get(SPEC[name]["type"], "presnt")
    arguments = {"version": "3.13", **SECRETS, name: wrong, f"{name}x": "pl4nted-misspelt"}
    with pytest.raises(OptionsError) as raised:
        checked_options(arguments, SPEC)
    assert f"no such option: {name}x; did you mean {name}?" in str(raised.value)
    assert "pl4nted" not in str(raised.value)


@pytest.mark.parametrize("name", ["headers", "proxy", "source", "catalogue"])
@given(wrong=st.dictionaries(st.text(), st.text(min_size=9)) | st.lists(st.text(min_size=9)) | st.text(min_size=9))
def test_what_may_be_a_secret_is_not_shown_whatever_it_is(name: str, wrong: Any) -> None:
    said = refusal({"version": "3.13", name: wrong})
    leaves = wrong.values() if isinstance(wrong, dict) else [wrong] if isinstance(wrong, str) else wrong
    assert said == "" or said.startswith(f"{name} must be ")
    assert not [leaf for leaf in leaves if leaf in said]
