# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts, servers and files say reaches no terminal as it came: each entrance by itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.fleet.python.plugins.module_utils._text import clean, clean_values
from ansible_collections.fleet.python.plugins.plugin_utils._connection.remote import Remote
from ansible_collections.fleet.python.plugins.plugin_utils._errors import refusal
from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import StageError
from ansible_collections.fleet.python.plugins.plugin_utils._plan.result import with_warnings
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError

HOSTILE = "\x1b[31mred\x07 \x9b2J \udce4 \u202eevil\r"
SHOWN = "\\x1b[31mred\\x07 \\x9b2J \ufffd \\u202eevil\\x0d"
ANY_TEXT = st.text(st.characters() | st.sampled_from(HOSTILE))


def remote(answer: dict[str, Any]) -> Remote:
    """A host that gives this answer to every command and module."""
    action: Any = SimpleNamespace(
        _low_level_execute_command=lambda command: answer,
        _execute_module=lambda **arguments: answer,
        _is_pipelining_enabled=lambda *style: True,
        _connection=SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)),
        _task=SimpleNamespace(delegate_to=None, environment=None),
    )
    return Remote(action, {"inventory_hostname": "web1"})


def test_control_characters_are_shown_and_what_is_no_character_is_replaced() -> None:
    assert clean(HOSTILE) == SHOWN
    assert clean("a line\r\nanother\twith a tab\n") == "a line\nanother\twith a tab\n"
    assert clean("Grüße, 日本") == "Grüße, 日本"


@given(ANY_TEXT)
def test_whatever_it_is_it_can_be_written_and_moves_no_cursor(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert not [
        character
        for character in cleaned
        if not character.isprintable() and ord(character) < 0xA0 and character not in "\t\n"
    ]
    assert clean(cleaned) == cleaned


def test_what_a_command_prints() -> None:
    answer = remote({"rc": 0, "stdout": HOSTILE, "stderr": HOSTILE}).run("ls")
    assert answer == {"rc": 0, "stdout": SHOWN, "stderr": SHOWN}


def test_what_a_module_returns() -> None:
    result = remote({"changed": True, "in_use": {"home": [HOSTILE]}, "steps": [{"name": HOSTILE}]}).module("python", {})
    assert result == {"changed": True, "in_use": {"home": [SHOWN]}, "steps": [{"name": SHOWN}]}


@pytest.mark.parametrize("key", ["msg", "exception", "module_stderr", "module_stdout"])
def test_what_a_module_says_when_it_fails(key: str) -> None:
    with pytest.raises(StageError) as raised:
        remote({"failed": True, key: f"it failed: {HOSTILE}"}).module("python", {})
    assert f"it failed: {SHOWN}" in str(raised.value)


def test_what_a_source_says() -> None:
    """The reason beside an HTTP status, for example."""
    assert SHOWN in refusal(SourceError(f"https://mirror: 503 {HOSTILE}"), "web1")
    assert with_warnings({}, [f"https://mirror: 503 {HOSTILE}"]) == {"warnings": [f"https://mirror: 503 {SHOWN}"]}


def test_what_ansible_itself_warns_of_stays() -> None:
    """It is no text, but an object of ansible-core: of temporary files that everybody may read, for example."""
    of_ansible = object()
    assert with_warnings({}, [of_ansible, HOSTILE]) == {"warnings": [of_ansible, SHOWN]}


def test_results_keep_their_form() -> None:
    value = {"a\x1b": [1, None, True, ("x\x07",)], "b": {"c": 1.5}}
    assert clean_values(value) == {"a\\x1b": [1, None, True, ["x\\x07"]], "b": {"c": 1.5}}
