# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmark says of its figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from tests.bench.aims import HEAD, Aim, aims
from tests.bench.measure import BenchError
from tests.bench.missed import reasons
from tests.bench.parts import ALONE, some
from tests.bench.report import table


@pytest.mark.parametrize(
    ("found", "upwards", "verdict"),
    [
        (1.3, False, "met"),
        (1.31, False, "reaches the least"),
        (1.4, False, "reaches the least"),
        (1.41, False, "**missed**"),
        (1.5, True, "met"),
        (1.41, True, "reaches the least"),
        (1.39, True, "**missed**"),
    ],
)
def test_a_figure_is_held_against_both_limits(found: float, upwards: bool, verdict: str) -> None:
    least, bound = (1.4, 1.5) if upwards else (1.4, 1.3)
    assert Aim("it", found, least, bound, upwards).verdict == verdict


def test_a_row_names_both_limits() -> None:
    row = Aim("it", 12.0, 10, 15, upwards=True).row()
    assert row == ("it", "12.00", "at least 10", "at least 15", "reaches the least")
    assert len(row) == len(HEAD)
    assert table(HEAD, [row]).count("\n") == 3


def test_a_host_more_is_what_many_take_beyond_one() -> None:
    def runs(first: float, more: float, hosts: int) -> dict[str, Any]:
        taken = first + more * (hosts - 1)
        return {"wall": taken, "cpu": taken, "peak": 50_000_000 + hosts}

    counts = (1, 10, 50, 200, 1000)
    local = {str(n): {"ours": runs(2, 0.03, n), "our role": runs(3, 0.036, n), "raw": runs(1, 0.01, n)} for n in counts}
    found = {aim.what: aim for aim in aims({"local": local})}
    [role] = [aim for what, aim in found.items() if "our role against our task" in what]
    assert round(role.found, 6) == 1.2
    assert role.verdict == "met"
    [wall] = [aim for what, aim in found.items() if "200 local hosts, wall time" in what]
    assert round(wall.found, 6) == 3
    assert wall.verdict == "**missed**"


def test_what_was_not_measured_has_no_aim() -> None:
    assert aims({"machine": {}, "not measured": {"ssh": "no podman"}}) == []


def test_a_delta_is_held_against_its_aims() -> None:
    made = {"wall": 200.0, "cpu": 190.0, "peak": 700_000_000}
    applied = {"wall": 5.0, "cpu": 4.0, "peak": 71_000_000}
    one = {"archive": 100, "delta": 24, "made": made}
    results: dict[str, Any] = {
        "delta": {"date": "2026-11-30", "x86_64": {**one, "applied": applied}, "aarch64": {**one, "delta": 15}},
        "delta emulated": {"wall": 40.0, "cpu": 31.0},
    }
    found = {aim.what: aim for aim in aims(results)}
    shares = [aim.verdict for what, aim in found.items() if "share" in what]
    assert shares == ["reaches the least", "met"]
    [making] = [aim for what, aim in found.items() if "making one, on two" in what]
    assert (making.found, making.verdict) == (200, "**missed**")
    [emulated] = [aim for what, aim in found.items() if "emulated" in what]
    assert emulated.verdict == "**missed**"


def test_what_is_missed_is_said_with_why() -> None:
    missed = Aim("nothing to do: our role against the tuned role", 0.8, 0.7, 0.5)
    near = Aim("nothing to do: our task against the tuned role", 0.6, 0.7, 0.5)
    unknown = Aim("something else", 3, 2, 1)
    [(why, whats)] = reasons([missed, near, unknown]).items()
    assert whats == [missed.what]
    assert "`raw: true`" in why


def test_a_part_alone_leaves_the_others_as_they_were(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fails(_mirror: Path, _scratch: Path) -> None:
        raise BenchError("no emulator")

    parts = {"delta": lambda _mirror, _scratch: {"new": 1}, "delta emulated": fails}
    monkeypatch.setitem(cast("dict[str, Any]", ALONE), "delta", parts)
    before: dict[str, Any] = {"probe": 1, "delta": 0, "not measured": {"delta": "no time", "ssh": "no podman"}}
    assert some(tmp_path, ["delta"], before) == {
        "probe": 1,
        "delta": {"new": 1},
        "not measured": {"ssh": "no podman", "delta emulated": "no emulator"},
    }


def test_each_program_that_reaches_the_host_is_a_round_trip() -> None:
    trips: dict[str, Any] = {"with Python": ["ssh"] * 5, "without Python": ["ssh"] * 7}
    assert [aim.verdict for aim in aims({"round trips": trips})] == ["reaches the least", "**missed**"]
