# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages for the person at the terminal: the host first, what to do last, and never without end."""

from __future__ import annotations

from ansible_collections.fleet.python.plugins.plugin_utils._errors import refusal
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import LockError
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError


def test_the_host_is_first_and_what_to_do_is_last() -> None:
    said = refusal(SourceError("https://mirror: no answer"), "web1")
    assert said.startswith("web1: https://mirror: no answer. ")
    assert said.endswith("or name a mirror, directory or bundle there.")


def test_a_message_has_an_end() -> None:
    said = refusal(LockError("python.lock.yml: " + "x" * 58_000_000 + ": write the lock again"), "web1")
    assert len(said) < 4_200
    assert said.startswith("web1: python.lock.yml: xxx")
    assert "characters left out" in said
    assert said.endswith("x: write the lock again")
