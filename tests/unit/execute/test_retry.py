# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which failures on a host are tried again, how, and how often."""

from __future__ import annotations

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import (
    ConcurrentRunError,
    CrashError,
    IllegalInstructionError,
    StageError,
    UnfitDeltaError,
    UnreachedError,
)
from ansible_collections.fleet.python.plugins.plugin_utils._execute.retry import (
    MOST_CONCURRENT_RUNS,
    Attempt,
    next_attempt,
)
from ansible_collections.fleet.python.plugins.plugin_utils._plan.model import PlanError

START = Attempt(transfer="auto", highest=3)


def illegal(*triples: str) -> IllegalInstructionError:
    error = IllegalInstructionError("try of the home failed: illegal instruction")
    error.triples = triples
    return error


def test_a_level_that_does_not_run_is_followed_by_the_one_below() -> None:
    second = next_attempt(START, illegal("x86_64_v3-unknown-linux-gnu"))
    assert (second.highest, second.learned_level, second.observe) == (2, 2, False)
    third = next_attempt(second, illegal("x86_64_v2-unknown-linux-gnu"))
    assert (third.highest, third.learned_level) == (1, 1)
    assert len(third.notes) == 2
    with pytest.raises(StageError, match=r"level 2 is tried.*level 1 is tried.*illegal instruction$"):
        next_attempt(third, illegal("x86_64-unknown-linux-gnu"))


def test_an_illegal_instruction_where_there_are_no_levels_is_no_matter_of_levels() -> None:
    error = illegal("aarch64-unknown-linux-gnu")
    with pytest.raises(IllegalInstructionError) as raised:
        next_attempt(START, error)
    assert raised.value is error


def test_a_host_that_reaches_no_source_is_pushed_to_once() -> None:
    second = next_attempt(START, UnreachedError("download failed"))
    assert second.pushes
    with pytest.raises(UnreachedError):
        next_attempt(second, UnreachedError("download failed"))


def test_a_delta_that_does_not_fit_is_followed_by_the_whole_archive() -> None:
    second = next_attempt(START, UnfitDeltaError("unpack failed: os.py of the old home has changed"))
    assert (second.whole, second.observe) == (True, False)
    assert second.notes == ("unpack failed: os.py of the old home has changed; so the whole archive comes",)
    with pytest.raises(StageError, match=r"so the whole archive comes; unpack failed$"):
        next_attempt(second, UnfitDeltaError("unpack failed"))


def test_who_asked_for_pull_is_not_pushed_to() -> None:
    with pytest.raises(UnreachedError):
        next_attempt(Attempt(transfer="pull", highest=3), UnreachedError("download failed"))


def test_other_runs_on_the_host_are_given_way_to_until_a_bound() -> None:
    attempt = START
    for _run in range(MOST_CONCURRENT_RUNS - 1):
        attempt = next_attempt(attempt, ConcurrentRunError("another run has swept it"))
        assert attempt.observe
    with pytest.raises(ConcurrentRunError):
        next_attempt(attempt, ConcurrentRunError("another run has swept it"))


def test_a_second_look_is_not_taken_for_a_failure_that_needs_none() -> None:
    after_look = next_attempt(START, ConcurrentRunError("another run has swept it"))
    assert not next_attempt(after_look, illegal("x86_64_v3-unknown-linux-gnu")).observe


@pytest.mark.parametrize(
    "error", [CrashError("the module crashed"), StageError("unpack failed"), PlanError("no space")]
)
def test_what_another_attempt_would_not_mend_ends_the_task(error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        next_attempt(START, error)
    assert raised.value is error
