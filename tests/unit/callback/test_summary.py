# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table with which fleet.python.summary ends a run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.callback.summary import CallbackModule, rows_of

PLATFORM = {"arch": "x86_64", "libc": "gnu", "libc_version": "2.36", "level": 3}
FOUND = {"interpreter": "/opt/python/3.13/bin/python3.13", "version": "3.13.2", "action": "installed"}


def result(platform: dict[str, Any], *interpreters: dict[str, Any], steps: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"platform": platform, "interpreters": list(interpreters), "steps": [{"name": name} for name in steps]}


def test_what_came_as_a_delta() -> None:
    [row] = rows_of("web1", result(PLATFORM, {**FOUND, "delta": True}, steps=("push", "unpack")), "   12.3")
    assert row[-2] == "delta"


def test_what_was_pushed_and_what_was_pulled() -> None:
    pushed = rows_of("web1", result(PLATFORM, FOUND, steps=("push", "stage")), "   12.3")
    assert pushed == [
        ("web1", "x86_64 glibc 2.36", "3", FOUND["interpreter"], "3.13.2", "installed", "pushed", "   12.3")
    ]
    [pulled] = rows_of("web1", result(PLATFORM, FOUND, steps=("stage", "relocate")), "1.0")
    assert pulled[6] == "pulled"


def test_what_was_kept_beside_what_was_installed() -> None:
    musl = {"arch": "aarch64", "libc": "musl", "libc_version": "1.2.5", "level": None}
    rows = rows_of("alpine", result(musl, FOUND, FOUND | {"action": "kept"}, steps=("stage",)), "1.0")
    assert [(row[1], row[2], row[5], row[6], row[7]) for row in rows] == [
        ("aarch64 musl 1.2.5", "-", "installed", "pulled", "1.0"),
        ("aarch64 musl 1.2.5", "-", "kept", "-", ""),
    ]


def test_the_bytes_of_all_hosts(capsys: pytest.CaptureFixture[str]) -> None:
    callback = CallbackModule()
    for sent, pulled in ((11_300_000, 0), (0, 46_500_000)):
        found = FOUND | {"sent_bytes": sent, "pulled_bytes": pulled}
        callback.v2_runner_on_ok(answered("web1", "fleet.python.interpreter", result(PLATFORM, found)))
    callback.v2_playbook_on_stats(None)
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last == "11.3 MB sent by the controller, 46.5 MB downloaded by hosts"


def test_a_host_without_a_result_is_no_row() -> None:
    assert rows_of("web1", {}, "1.0") == []


def answered(host: str, action: str, said: dict[str, Any]) -> Any:
    task = SimpleNamespace(action=action, _uuid="1")
    return SimpleNamespace(host=SimpleNamespace(get_name=lambda: host), task=task, result=said)


def test_only_tasks_of_the_collection_are_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    callback = CallbackModule()
    callback.v2_runner_on_ok(answered("web1", "ansible.builtin.ping", result(PLATFORM, FOUND)))
    callback.v2_playbook_on_stats(None)
    assert capsys.readouterr().out == ""
    first = answered("web1", "fleet.python.interpreter", result(PLATFORM, FOUND))
    callback.v2_runner_on_start(first.host, first.task)
    callback.v2_runner_on_ok(first)
    callback.v2_runner_on_failed(answered("web2\x1b[31m", "fleet.python.interpreter", {}))
    callback.v2_runner_on_unreachable(answered("web3", "fleet.python.interpreter", {}))
    callback.v2_playbook_on_stats(None)
    header, *lines = capsys.readouterr().out.strip().splitlines()
    assert header.split() == ["host", "platform", "level", "interpreter", "version", "action", "archive", "seconds"]
    assert [line.split()[0] for line in lines] == ["web1", "web2\\x1b[31m", "web3"]
    assert ["failed" in lines[1], "unreachable" in lines[2]] == [True, True]
