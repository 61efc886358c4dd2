# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An interpreter that the kernel does not start: the policy or mount that may be why, and what to do."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.module_utils._home.trial import (
    TrialError,
    run_staged,
    why_not_started,
)
from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import StageError
from ansible_collections.fleet.python.plugins.plugin_utils._execute.stage import parse_stage

POLICY = "a policy of this host forbids programs from there (fapolicyd, for example)"
NOEXEC = "a noexec mount or an access policy of this host forbids programs from there"


@pytest.mark.parametrize(
    ("number", "words"), [(errno.EPERM, POLICY), (errno.EACCES, NOEXEC), (errno.ENOENT, ""), (errno.ENOEXEC, "")]
)
def test_an_error_s_number(number: int, words: str) -> None:
    said = why_not_started(number, os.strerror(number))
    assert words in said
    assert bool(said) is bool(words)
    assert ("set root to" in said) is bool(words)


def test_a_program_that_may_not_run(tmp_path: Path) -> None:
    """As on a noexec mount."""
    program = tmp_path / "python3.13"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o644)
    with pytest.raises(TrialError, match=r"python3.13 cannot start: .*Permission denied") as failed:
        run_staged("python3.13", str(program), ["-c", "1"])
    assert NOEXEC in str(failed.value)


def test_a_program_that_may_not_run_in_the_stage_of_sh(tmp_path: Path) -> None:
    program = tmp_path / "python3.13"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o644)
    done = subprocess.run(["/bin/sh", "-c", str(program)], capture_output=True, text=True, check=False)
    with pytest.raises(StageError) as failed:
        parse_stage(_said(done.returncode, done.stderr.strip()), "cpython-3.13.2")
    assert NOEXEC in str(failed.value)


@pytest.mark.parametrize(
    ("status", "said", "words"),
    [
        (126, "/bin/sh: 1: /opt/python/x: Operation not permitted", POLICY),
        (126, "sh: /opt/python/x: Permission denied", NOEXEC),
        # What a program says that has started is another matter.
        (1, "Operation not permitted", ""),
        (127, "not found", ""),
    ],
)
def test_what_shells_say(status: int, said: str, words: str) -> None:
    with pytest.raises(StageError) as failed:
        parse_stage(_said(status, said), "cpython-3.13.2")
    assert str(failed.value).startswith("try of cpython-3.13.2 failed: the interpreter cannot start")
    assert words in str(failed.value)
    assert ("forbids" in str(failed.value)) is bool(words)


def _said(status: int, said: str) -> str:
    """The answer of stage.sh."""
    return f"fleet-failed try\nthe interpreter cannot start (exit status {status}): {said}\nfleet-end\n"
