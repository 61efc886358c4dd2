# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's own commands that are left out, and where they are not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.plugins.action import ActionBase

from ansible_collections.fleet.python.plugins.plugin_utils._connection.fewer_trips import FewerTrips


class Action(FewerTrips):
    """An action without a task. Ansible's own way is noted."""

    def __init__(self, user: str | None) -> None:
        self.user = user

    def _get_remote_user(self) -> str | None:
        return self.user

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("path", "user", "sudoable", "expanded"),
    [
        ("~/.ansible/tmp", "deploy", False, "~deploy/.ansible/tmp"),
        ("~/.ansible/tmp", "first.last-2", False, "~first.last-2/.ansible/tmp"),
        # A shell would take these for something else, or there is no name.
        ("~/.ansible/tmp", "de ploy", False, "asked"),
        ("~/.ansible/tmp", "$(id)", False, "asked"),
        ("~/.ansible/tmp", "-n", False, "asked"),
        ("~/.ansible/tmp", None, False, "asked"),
        # What is not that of the user who logs in.
        ("~/.ansible/tmp", "deploy", True, "asked"),
        ("~root/tmp", "deploy", False, "asked"),
    ],
)
def test_the_home_is_expanded_where_the_directory_is_made(
    path: str, user: str | None, sudoable: bool, expanded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ActionBase, "_remote_expand_user", lambda *_arguments: "asked")
    assert Action(user)._remote_expand_user(path, sudoable) == expanded


def test_no_file_is_made_executable(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(ActionBase, "_fixup_perms2", lambda _self, *paths, **options: asked.append((paths, options)))
    Action("deploy")._fixup_perms2(["/tmp/x"], "deploy")
    assert asked == [((["/tmp/x"], "deploy"), {"execute": False})]
