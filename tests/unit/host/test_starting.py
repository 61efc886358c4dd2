# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interpreters that start, and others: real programs in the shells of this machine."""

from __future__ import annotations

import shlex
import shutil
import sqlite3
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._host.script import passes
from ansible_collections.fleet.python.plugins.plugin_utils._host.starting import (
    parse_said,
    parse_starting,
    starting_script,
)

SHELLS = [shell for shell in ("dash", "bash", "busybox sh", "ksh93", "mksh") if shutil.which(shell.split()[0])]


@pytest.mark.parametrize("shell", SHELLS)
def test_each_that_does_not_start_says_why(shell: str, tmp_path: Path) -> None:
    broken = tmp_path / "bro ken"
    broken.write_text("#!/bin/sh\necho first >&2; echo error: libcrypt.so.1 is missing >&2; exit 127\n")
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\nexit 3\n")
    for each in (broken, silent):
        each.chmod(0o755)
    script = starting_script([sys.executable, str(broken), str(silent), str(tmp_path / "gone")])
    assert passes(script)
    done = subprocess.run([*shlex.split(shell), "-c", script], capture_output=True, text=True, check=True)
    found = parse_starting(done.stdout)
    assert found[1] == "error: libcrypt.so.1 is missing"
    assert found[2] == "exit status 3"
    assert "not found" in found[3].lower() or "no such file" in found[3].lower()
    assert found.keys() == {1, 2, 3}


@pytest.mark.parametrize("shell", SHELLS)
def test_one_whose_receipt_lacks_them_says_its_libraries_and_its_size(shell: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    script = starting_script([str(broken), sys.executable, sys.executable], [0, 2])
    assert passes(script)
    done = subprocess.run([*shlex.split(shell), "-c", script], capture_output=True, text=True, check=True)
    said = parse_said(done.stdout)
    assert said.keys() == {0, 2}
    assert said[0][0] == {}
    libraries, size = said[2]
    assert libraries["openssl"] == ssl.OPENSSL_VERSION.split()[1]
    assert libraries["sqlite"] == sqlite3.sqlite_version
    assert size
    assert parse_starting(done.stdout).keys() == {0}


@pytest.mark.parametrize(
    "answer",
    ["", "fleet-size x 1 y\n", "fleet-libraries 1 [1]\nfleet-size 1 1", f"fleet-libraries 0 {{{'x' * 3000}}}\n"],
)
def test_what_is_no_such_answer_says_nothing(answer: str) -> None:
    assert parse_said(answer) == {}


def test_hostile_versions_are_left_out() -> None:
    said = parse_said('fleet-libraries 0 {"openssl": "3.0\\u001b[31m", "zlib": ["1"], "tcl": "8.6.14", "other": "1"}\n')
    assert said == {0: ({"tcl": "8.6.14"}, None)}


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("", {}),
        ("greeting\r\nfleet-start 0 0 \r\nfleet-start 1 0 security.selinux\r\n", {}),
        ("fleet-start 0 0 security.capability security.selinux\n", {0: "for users other than root, since"}),
        ("fleet-start 7 127 no libcrypt\nfleet-start x 1 y\n", {7: "no libcrypt"}),
    ],
)
def test_what_an_answer_says(answer: str, found: dict[int, str]) -> None:
    said = parse_starting(answer)
    assert said.keys() == found.keys()
    assert all(said[number].startswith(text) for number, text in found.items())
