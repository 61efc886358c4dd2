# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmark is to show: each aim with what was found, and what it is met or missed by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .many import MOST

Results = Mapping[str, Any]
# The words for the two figures of a run.
_WORDS = {"wall": "wall time", "cpu": "the controller's CPU"}
HEAD = ("aim", "found", "the least", "bound", "")


@dataclass(frozen=True)
class Aim:
    """A figure with two limits: the least that will do, and the bound that meets the aim.

    ``found`` may be at most so much; ``upwards``: it is to be at least so much.
    """

    what: str
    found: float
    least: float
    bound: float
    upwards: bool = False

    @property
    def verdict(self) -> str:
        """``met``, ``reaches the least`` or ``**missed**``."""
        if self._within(self.bound):
            return "met"
        return "reaches the least" if self.reached else "**missed**"

    @property
    def reached(self) -> bool:
        """Whether it reaches the least."""
        return self._within(self.least)

    def row(self) -> tuple[str, ...]:
        """For a table under `HEAD`."""
        sign = "at least" if self.upwards else "at most"
        return (self.what, f"{self.found:.2f}", f"{sign} {self.least:g}", f"{sign} {self.bound:g}", self.verdict)

    def _within(self, limit: float) -> bool:
        return self.found >= limit if self.upwards else self.found <= limit


def slope(results: Results, kind: str, name: str, count: str, figure: str) -> float:
    """Seconds that one host more takes: of so many hosts, less those of one."""
    found: float = results[kind][count][name][figure] - results[kind]["1"][name][figure]
    return found / (int(count) - 1)


def aims(results: Results) -> list[Aim]:
    """The aims that these results have figures for."""
    parts = (
        ("local", _local),
        ("ssh", _over_ssh),
        ("recorded", _recorded),
        ("on the host", _on_the_host),
        ("fresh play", _whole_play),
        ("round trips", _round_trips),
        ("probe", _probe),
        ("fleet report", _fleet_report),
        ("delta", _delta),
        ("delta emulated", _delta_emulated),
    )
    return [aim for name, part in parts if name in results for aim in part(results)]


def _ratio(results: Results, kind: str, count: str, names: tuple[str, str], figure: str) -> float:
    """How many times as much one host more takes with the first as with the second."""
    first, second = (slope(results, kind, name, count, figure) for name in names)
    return first / second


def _local(results: Results) -> Iterator[Aim]:
    role = _ratio(results, "local", "50", ("our role", "ours"), "cpu")
    yield Aim("nothing to do, 50 local hosts, the controller's CPU per host: our role against our task", role, 1.4, 1.3)
    for figure, word in _WORDS.items():
        found = _ratio(results, "local", "200", ("ours", "raw"), figure)
        yield Aim(f"nothing to do, 200 local hosts, {word} per host: our task against `raw: true`", found, 1.7, 1.5)
    grown, raw = (_growth(results, "local", name, "1000") for name in ("ours", "raw"))
    what = f"the controller's peak memory at 1,000 local hosts against 10 (`raw: true` alone: {raw:.2f})"
    yield Aim(what, grown, 1.2, 1.2)


def _fleet_report(results: Results) -> Iterator[Aim]:
    found = results["fleet report"]
    what = f"the report of {found['hosts']:,} hosts, gathered and in every form"
    yield Aim(f"{what}: seconds", sum(found["seconds"].values()), 10, 10)
    yield Aim(f"{what}: MB of peak memory", found["memory"] / 1e6, 300, 300)


def _delta(results: Results) -> Iterator[Aim]:
    found = results["delta"]
    both = {name: found[name] for name in ("x86_64", "aarch64")}
    for name, each in both.items():
        what = f"a delta from 3.12.2 to 3.12.6, {name}: its share of the archive's bytes"
        yield Aim(what, each["delta"] / each["archive"], 0.25, 0.20)
    yield Aim("making one, on two processors: seconds", max(each["made"]["wall"] for each in both.values()), 120, 120)
    yield Aim("making one: MB of peak memory", max(each["made"]["peak"] for each in both.values()) / 1e6, 1000, 1000)
    applied = found["x86_64"]["applied"]
    yield Aim("applying one on a host, x86_64, one processor: seconds of CPU", applied["cpu"], 6, 6)
    yield Aim("applying one on a host, x86_64: MB of peak memory", applied["peak"] / 1e6, 150, 150)


def _delta_emulated(results: Results) -> Iterator[Aim]:
    what = "applying one on a host, aarch64, emulated, one processor: seconds of CPU"
    yield Aim(what, results["delta emulated"]["cpu"], 30, 30)


def _over_ssh(results: Results) -> Iterator[Aim]:
    # Who against whom, which figure, the least, the bound.
    at_most = (
        ("our role", "tuned role", "cpu", 0.7, 0.5),
        ("our role", "tuned role", "wall", 0.35, 0.25),
        ("ours", "raw", "wall", 1.5, 1.5),
        ("ours", "raw", "cpu", 1.5, 1.5),
    )
    at_least = (
        ("usual role", "our role", "cpu", 10, 15),
        ("usual role", "our role", "wall", 25, 40),
        ("usual role", "ours", "cpu", 15, 15),
        ("usual role", "ours", "wall", 40, 40),
        ("tuned role", "ours", "cpu", 5, 5),
        ("tuned role", "ours", "wall", 5, 5),
    )
    shown = {
        "ours": "our task",
        "our role": "our role",
        "raw": "`raw: true`",
        "tuned role": "the tuned role",
        "usual role": "the usual role",
    }
    for upwards, rows in ((False, at_most), (True, at_least)):
        for first, second, figure, least, bound in rows:
            found = _ratio(results, "ssh", "20", (first, second), figure)
            against = f"{shown[first]} against {shown[second]}"
            what = f"nothing to do, 20 hosts over ssh, {_WORDS[figure]} per host: {against}"
            yield Aim(what, found, least, bound, upwards)


def _recorded(results: Results) -> Iterator[Aim]:
    where = f"{MOST:,} hosts by a connection that answers without a host"
    grown = _growth(results, "recorded", "ours", str(MOST))
    yield Aim(f"{where}: the controller's peak memory against 10 hosts", grown, 1.5, 1.3)
    many, few = (slope(results, "recorded", "ours", count, "cpu") for count in (str(MOST), "100"))
    yield Aim(f"{where}: the controller's CPU per host against 100 hosts", many / few, 1.1, 1.05)


def _growth(results: Results, kind: str, name: str, count: str) -> float:
    """How many times as large the largest process is as with ten hosts."""
    found: float = results[kind][count][name]["peak"] / results[kind]["10"][name]["peak"]
    return found


def _on_the_host(results: Results) -> Iterator[Aim]:
    pairs = results["on the host"]
    for name, least, bound in (
        ("two processors", 1.0, 0.8),
        ("two processors, bytecode", 0.9, 0.9),
        ("one processor", 1.2, 1.0),
    ):
        yield Aim(f"fresh, on the host, {name}, without the trial: against uv", pairs[name]["ratio"], least, bound)
    trial = pairs["two processors"]["ours_whole"] / pairs["two processors"]["ours_equal_work"]
    yield Aim("fresh, on the host, two processors: with the trial against without it", trial, 1.5, 1.3)
    most = max(pair["ours_peak"] for pair in pairs.values())
    yield Aim("the module's peak memory on the host, MB", most / 1e6, 40, 40)


def _whole_play(results: Results) -> Iterator[Aim]:
    plays = results["fresh play"]
    ratio = plays["ours, Debian without Python"]["wall"] / plays["usual role, Debian with Python"]["wall"]
    yield Aim("fresh, the whole play: our task against the usual role", ratio, 0.45, 0.4)


def _round_trips(results: Results) -> Iterator[Aim]:
    for kind, least, bound in (("with Python", 5, 4), ("without Python", 6, 5)):
        count = len(results["round trips"][kind])
        yield Aim(f"fresh, over ssh: round trips to a host {kind}", count, least, bound)


def _probe(results: Results) -> Iterator[Aim]:
    for name, least, bound in (
        ("dash, one home", 15, 12),
        ("BusyBox, one home", 18, 15),
        ("dash, nothing installed", 15, 12),
        ("BusyBox, nothing installed", 17, 15),
    ):
        yield Aim(f"the probe's CPU on the host, ms: {name}", results["probe"][name]["cpu"] * 1000, least, bound)
