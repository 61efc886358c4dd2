# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages for the person at the terminal: the host first, what to do last, and never without end."""

from __future__ import annotations

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._errors import refusal
from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import StageError, UnreachedError
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import LockError
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError


def test_the_host_is_first_and_what_to_do_is_last() -> None:
    said = refusal(SourceError("https://mirror: no answer"), "web1")
    assert said.startswith("web1: https://mirror: no answer. ")
    assert said.endswith("or name a mirror, directory or bundle there.")


def test_a_list_has_a_line_for_each_and_then_one_for_what_to_do() -> None:
    said = refusal(SourceError("no source gave the archive:\n  https://one: x\n  https://two: y"), "web1")
    lines = said.splitlines()
    assert lines[:3] == ["web1: no source gave the archive:", "  https://one: x", "  https://two: y"]
    assert lines[3].startswith("Check source")
    assert len(lines) == 4


@pytest.mark.parametrize(
    ("error", "advised"),
    [
        (UnreachedError("download of a failed: no source gave the archive:\n  https://one: x"), True),
        # Wrong bytes, a build that cannot start, a file that was pushed: another way brings nothing else.
        (StageError("download of a failed: no source gave the archive:\n  https://one has sha256 1, not 2"), False),
        (StageError("try of a failed: python3.13 cannot start"), False),
        (StageError("download of a failed: the file that the controller sent has sha256 1, not 2"), False),
    ],
)
def test_a_push_is_advised_where_it_may_help(error: StageError, advised: bool) -> None:
    assert ("transfer: push" in refusal(error, "web1")) is advised


def test_a_message_has_an_end() -> None:
    said = refusal(LockError("python.lock.yml: " + "x" * 58_000_000 + ": write the lock again"), "web1")
    assert len(said) < 4_200
    assert said.startswith("web1: python.lock.yml: xxx")
    assert "characters left out" in said
    assert said.endswith("x: write the lock again")
