# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's results as a page for the docs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .aims import HEAD, Results, aims, slope
from .missed import reasons


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
    wall, cpu = (slope(results, kind, name, count, figure) * 1000 for figure in ("wall", "cpu"))
    return (f"{wall:.0f}", f"{cpu:.0f}")


_FIGURES = ("runs", "wall, s (least to most)", "CPU, s", "largest process, MB")


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
        "An aim is met by its bound. The least is what will do until then.\n",
        table(HEAD, (aim.row() for aim in aims(results))),
        *_missed(results),
        *_nothing_to_do(results),
        *_on_the_host(results),
        *_whole_plays(results),
        *_probe(results),
        *_fleet_report(results),
        *_delta(results),
    ]
    if results["not measured"]:
        parts.append("## Not measured\n")
        parts.append("\n".join(f"- {name}: {why}" for name, why in results["not measured"].items()) + "\n")
    return "\n".join(parts)


def _missed(results: Results) -> Iterator[str]:
    if found := reasons(aims(results)):
        yield "Why some are missed:\n"
        yield "\n".join(f"- {'; '.join(whats)}. {why}" for why, whats in found.items()) + "\n"


def _fleet_report(results: Results) -> Iterator[str]:
    if found := results.get("fleet report"):
        yield "## The report of a fleet\n"
        yield (
            f"{found['hosts']:,} hosts with two homes each, whose results are made up, in a process of its own, on "
            f"{found['date']}: "
            f"{found['memory'] / 1e6:.0f} MB at most, of which it has {found['before'] / 1e6:.0f} before it begins.\n"
        )
        sizes = found["bytes"]
        rows = [
            (name, f"{seconds:.2f}", f"{sizes[name] / 1e6:.1f}" if name in sizes else "")
            for name, seconds in found["seconds"].items()
        ]
        yield table(("", "seconds", "MB written"), rows)


def _delta(results: Results) -> Iterator[str]:
    if not (found := results.get("delta")):
        return
    yield "## Deltas\n"
    yield (
        f"From the stripped build 3.12.2+20240224 to 3.12.6+20240909, on {found['date']}. Processes of their own: the "
        "controller's, with two threads that pack, and the host's, which is the Python of the old build and has one "
        f"processor. The machine's load was {found['load']:g}.\n"
    )
    rows = []
    for name in ("x86_64", "aarch64"):
        each = found[name]
        made, applied = each["made"], each.get("applied") or results.get("delta emulated", {})
        seconds = [f"{applied[figure]:.1f}" if figure in applied else "" for figure in ("wall", "cpu")]
        size, share = f"{each['delta'] / 1e6:.2f}", f"{each['delta'] / each['archive']:.3f}"
        making = (f"{made['wall']:.0f}", f"{made['cpu']:.0f}", f"{made['peak'] / 1e6:.0f}")
        peak = f"{applied['peak'] / 1e6:.0f}" if "peak" in applied else ""
        rows.append((name, f"{each['archive'] / 1e6:.2f}", size, share, *making, *seconds, peak))
    head = ("archive, MB", "delta, MB", "share", "made: wall, s", "CPU, s", "peak MB")
    yield table(("", *head, "applied (aarch64: emulated): wall, s", "CPU, s", "peak MB"), rows)


def _nothing_to_do(results: Results) -> Iterator[str]:
    yield "## Nothing to do\n"
    if "local" in results:
        yield "![seconds against hosts](benchmark.svg)\n"
    yield (
        "With 20 forks. A host more: what so many hosts take beyond one, by their number less one. The recorded "
        "connection reaches no host and starts no process. It answers with what the probe said once, so that all that "
        "is left is the controller's.\n"
    )
    rows: list[tuple[str, ...]] = []
    if "no task" in results:
        rows.append(("local", "0", "no task", *_figures(results["no task"]), "", ""))
    for kind in ("local", "ssh", "recorded"):
        for count, names in results.get(kind, {}).items():
            rows += [
                (kind, f"{int(count):,}", name, *_figures(result), *_slopes(results, kind, name, count))
                for name, result in names.items()
            ]
    more = ("a host more: wall, ms", "CPU, ms")
    yield table(("connection", "hosts", "", *_FIGURES, *more), rows)
    if "forks" in results:
        yield f"With other numbers of forks than 20, {results['forks']['hosts']} local hosts:\n"
        rows = [
            (forks, name, *_figures(result))
            for forks, names in results["forks"]["by number"].items()
            for name, result in names.items()
        ]
        yield table(("forks", "", *_FIGURES), rows)


def _on_the_host(results: Results) -> Iterator[str]:
    rows: list[tuple[str, ...]]
    if pairs := results.get("on the host"):
        yield "## A fresh install, on the host\n"
        yield (
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
            for name, pair in pairs.items()
        ]
        head = ("", "ours, s", "uv, s", "ratio", "ours with the trial, s", "ours, CPU s", "uv, CPU s", "ours, peak MB")
        yield table(head, rows)
        steps = {name: pair["steps"] for name, pair in pairs.items()}
        names = list(dict.fromkeys(step for each in steps.values() for step in each))
        rows = [(step, *(f"{each[step]:.3f}" if step in each else "" for each in steps.values())) for step in names]
        yield table(("step, s", *steps), rows)
    if "floors" in results:
        yield "What parts of it take by themselves, as processes of their own:\n"
        rows = [(name, f"{found['wall']:.3f}", f"{found['cpu']:.3f}") for name, found in results["floors"].items()]
        yield table(("", "wall, s", "CPU, s"), rows)


def _whole_plays(results: Results) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [(name, *_figures(result)) for name, result in results.get("fresh play", {}).items()]
    if "upgrade" in results:
        rows.append(("ours, upgrade from 3.12.2 to 3.12.6", *_figures(results["upgrade"])))
    if rows:
        yield "## Whole plays on one host, over podman\n"
        yield "Ours compile the bytecode and try the interpreter; the usual role does neither.\n"
        yield table(("", *_FIGURES), rows)
    if push := results.get("push"):
        received, sent = (push[f"bytes_{which}"] / 1e6 for which in ("from_the_source", "to_the_hosts"))
        yield (
            f"A push to {push['hosts']} hosts, five at a time, without bytecode: {push['wall']:.1f} s, "
            f"{push['cpu']:.1f} s of CPU (all of the hosts are this machine), "
            f"{push['requests_to_the_source']} request for the archive, "
            f"{received:.0f} MB from the source and {sent:.0f} MB to the hosts.\n"
        )
    if trips := results.get("round trips"):
        yield "A fresh install over ssh, with Ansible's own settings: the programs that it starts to reach the host.\n"
        rows = [
            (f"a host {kind}", str(len(starts)), ", ".join(f"{count} {name}" for name, count in _counted(starts)))
            for kind, starts in trips.items()
        ]
        yield table(("", "round trips", "of them"), rows)


def _counted(starts: Iterable[str]) -> list[tuple[str, int]]:
    return sorted(Counter(starts).items())


def _probe(results: Results) -> Iterator[str]:
    if "probe" in results:
        yield "## The probe, and a resolution\n"
        yield table(("", "CPU, ms", "wall, ms"), _milliseconds(results["probe"]))
    if "verify" in results:
        yield "By how it looks for damage; one home, under dash:\n"
        yield table(("`verify`", "CPU, ms", "wall, ms"), _milliseconds(results["verify"]))
    if "resolution" in results:
        yield "```text\n" + results["resolution"].strip() + "\n```\n"


def _milliseconds(found: Results) -> Iterator[tuple[str, ...]]:
    for name, result in found.items():
        yield (name, *(f"{result[figure] * 1000:.0f}" for figure in ("cpu", "wall")))
