# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's results as a page for the docs: tables, and which of the aims are met."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Results = Mapping[str, Any]


@dataclass(frozen=True)
class Aim:
    """What is to be shown, what was found, and the most that it may be (the least, where ``least``)."""

    what: str
    found: float
    bound: float
    least: bool = False

    @property
    def met(self) -> bool:
        """Whether it is."""
        return self.found >= self.bound if self.least else self.found <= self.bound

    def row(self) -> tuple[str, ...]:
        """For the table."""
        sign = "at least" if self.least else "at most"
        return (self.what, f"{self.found:.2f}", f"{sign} {self.bound:g}", "met" if self.met else "**missed**")


def _slope(results: Results, kind: str, name: str, count: str, figure: str) -> float:
    """Seconds that one host more takes: of so many hosts, less those of one."""
    found: float = results["idle"][kind][count][name][figure] - results["idle"][kind]["1"][name][figure]
    return found / (int(count) - 1)


def aims(results: Results) -> list[Aim]:
    """The aims that these results have figures for."""
    found: list[Aim] = []
    idle = results.get("idle", {})
    if "200" in idle.get("local", {}):
        for figure, word in (("wall", "wall time"), ("cpu", "CPU")):
            ratio = _slope(results, "local", "ours", "200", figure) / _slope(results, "local", "raw", "200", figure)
            found.append(Aim(f"nothing to do, 200 hosts, {word} per host against `raw: true`", ratio, 1.5))
    if {"10", "1000"} <= set(idle.get("local", {})):
        grown, raw = (
            idle["local"]["1000"][name]["peak"] / idle["local"]["10"][name]["peak"] for name in ("ours", "raw")
        )
        what = f"the controller's peak memory at 1,000 hosts against 10 (`raw: true` alone: {raw:.2f})"
        found.append(Aim(what, grown, 1.2))
    for count in set(idle.get("ssh", {})) - {"1"}:
        for figure, word in (("wall", "wall time"), ("cpu", "the controller's CPU")):
            ratio = _slope(results, "ssh", "ours", count, figure) / _slope(results, "ssh", "raw", count, figure)
            found.append(Aim(f"nothing to do, {count} hosts over ssh, {word} per host against `raw: true`", ratio, 1.5))
        for rival, figure, least, word in (
            ("usual role", "cpu", 15, "CPU"),
            ("usual role", "wall", 40, "wall time"),
            ("tuned role", "cpu", 5, "CPU"),
            ("tuned role", "wall", 5, "wall time"),
        ):
            times = _slope(results, "ssh", rival, count, figure) / _slope(results, "ssh", "ours", count, figure)
            found.append(Aim(f"over ssh, the controller's {word} per host: {rival} against ours", times, least, True))
    for name, bound in (("two processors", 0.8), ("one processor", 1.0), ("two processors, bytecode", 0.9)):
        if name in results.get("on the host", {}):
            found.append(Aim(f"fresh, on the host, {name}: against uv", results["on the host"][name]["ratio"], bound))
    plays = results.get("fresh play", {})
    if plays:
        ratio = plays["ours, Debian without Python"]["wall"] / plays["usual role, Debian with Python"]["wall"]
        found.append(Aim("fresh, the whole play, against the usual role", ratio, 0.5))
    if "on the host" in results:
        most = max(pair["ours_peak"] for pair in results["on the host"].values())
        found.append(Aim("the module's peak memory on the host, MB", most / 1e6, 40))
    for name, probe in results.get("probe", {}).items():
        found.append(Aim(f"the probe's CPU on the host, ms: {name}", probe["cpu"] * 1000, 30))
    return found


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    words = list(head)
    lines = [words, ["---"] * len(words), *map(list, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _figures(result: Mapping[str, Any]) -> tuple[str, ...]:
    low, high = result["wall_spread"]
    wall = f"{result['wall']:.2f} ({low:.2f} to {high:.2f})"
    return (str(len(result["runs"])), wall, f"{result['cpu']:.2f}", f"{result['peak'] / 1e6:.0f}")


def _slopes(results: Results, kind: str, name: str, count: str) -> tuple[str, str]:
    if count == "1":
        return ("", "")
    wall, cpu = (_slope(results, kind, name, count, figure) * 1000 for figure in ("wall", "cpu"))
    return (f"{wall:.0f}", f"{cpu:.0f}")


_HEAD = ("runs", "wall, s (least to most)", "CPU, s", "largest process, MB")


def page(results: Results) -> str:
    """The whole page."""
    machine = results["machine"]
    parts = [
        "# Benchmark\n",
        (
            f"Made by `make bench` on {machine['date']}: {machine['system']}, {machine['processors']} processors "
            f"({machine['processor']}), ansible-core {machine['ansible']}, "
            f"Python {machine['python']}, uv {machine['uv']}. "
            "Medians; contenders run in turn, in one run, each round in another order. Only ratios carry over to other "
            "machines.\n"
        ),
        "## What it is to show\n",
        table(("aim", "found", "bound", ""), (aim.row() for aim in aims(results))),
    ]
    rows: list[tuple[str, ...]]
    idle = results.get("idle", {})
    if idle:
        parts.append("## Nothing to do\n")
        parts.append("![seconds against hosts](benchmark.svg)\n")
        parts.append("With 20 forks. A host more: what so many hosts take beyond one, by their number less one.\n")
        rows = [("local", "0", "no task", *_figures(idle["no task"]), "", "")]
        for kind in ("local", "ssh"):
            for count, names in idle.get(kind, {}).items():
                rows += [
                    (kind, count, name, *_figures(result), *_slopes(results, kind, name, count))
                    for name, result in names.items()
                ]
        more = ("a host more: wall, ms", "CPU, ms")
        parts.append(table(("connection", "hosts", "", *_HEAD, *more), rows))
    if "forks" in results:
        parts.append(f"With other numbers of forks than 20, {results['forks']['hosts']} local hosts:\n")
        rows = [
            (forks, name, *_figures(result))
            for forks, names in results["forks"]["by number"].items()
            for name, result in names.items()
        ]
        parts.append(table(("forks", "", *_HEAD), rows))
    if "on the host" in results:
        parts.append("## A fresh install, on the host\n")
        parts.append(
            "Our module and `uv python install`, the same archive from the same mirror on loopback, each time on a new "
            "file system. Equal work: without the trial, which uv has not. What is ours alone in it: a manifest, and "
            "that all is on the disk before the name is (`sync`, in the step `place`).\n"
        )
        rows = [
            (
                name,
                f"{pair['ours_equal_work']:.3f}",
                f"{pair['uv']:.3f}",
                f"{pair['ratio']:.2f} ({min(pair['ratios']):.2f} to {max(pair['ratios']):.2f})",
                f"{pair['ours_whole']:.2f}",
                f"{pair['ours_own_cpu']:.2f}",
                f"{pair['uv_cpu']:.2f}",
                f"{pair['ours_peak'] / 1e6:.0f}",
            )
            for name, pair in results["on the host"].items()
        ]
        head = ("", "ours, s", "uv, s", "ratio", "ours with the trial, s", "ours, CPU s", "uv, CPU s", "ours, peak MB")
        parts.append(table(head, rows))
        steps = {name: pair["steps"] for name, pair in results["on the host"].items()}
        names = list(dict.fromkeys(step for each in steps.values() for step in each))
        rows = [(step, *(f"{each[step]:.3f}" if step in each else "" for each in steps.values())) for step in names]
        parts.append(table(("step, s", *steps), rows))
    if "floors" in results:
        parts.append("What parts of it take by themselves, as processes of their own:\n")
        rows = [(name, f"{found['wall']:.3f}", f"{found['cpu']:.3f}") for name, found in results["floors"].items()]
        parts.append(table(("", "wall, s", "CPU, s"), rows))
    if "fresh play" in results:
        parts.append("## Whole plays on one host, over podman\n")
        rows = [(name, *_figures(result)) for name, result in results["fresh play"].items()]
        rows.append(("ours, upgrade from 3.12.2 to 3.12.6", *_figures(results["upgrade"])))
        parts.append("Ours compile the bytecode and try the interpreter; the usual role does neither.\n")
        parts.append(table(("", *_HEAD), rows))
    if "push" in results:
        push = results["push"]
        received, sent = (push[f"bytes_{which}"] / 1e6 for which in ("from_the_source", "to_the_hosts"))
        parts.append(
            f"A push to {push['hosts']} hosts, five at a time, without bytecode: {push['wall']:.1f} s, "
            f"{push['cpu']:.1f} s of CPU (all of the hosts are this machine), "
            f"{push['requests_to_the_source']} request for the archive, "
            f"{received:.0f} MB from the source and {sent:.0f} MB to the hosts.\n"
        )
    if "probe" in results:
        parts.append("## The probe, and a resolution\n")
        rows = [
            (name, *(f"{found[key] * 1000:.0f}" for key in ("cpu", "wall"))) for name, found in results["probe"].items()
        ]
        parts.append(table(("", "CPU, ms", "wall, ms"), rows))
        parts.append("```text\n" + results["resolution"].strip() + "\n```\n")
    if results["not measured"]:
        parts.append("## Not measured\n")
        parts.append("\n".join(f"- {name}: {why}" for name, why in results["not measured"].items()) + "\n")
    return "\n".join(parts)
