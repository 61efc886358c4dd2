# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for the terminal: a line for each host of a report, worst first, and a summary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ansible_collections.fleet.python.plugins.plugin_utils._report.gather import by_worst

_HEADER: Final = ("host", "state", "platform", "level", "interpreters", "support", "openssl", "in use", "what is wrong")
_STATES: Final = {"unreachable": "unreachable", "refused": "refused", "not_looked_at": "not looked at"}
_SUPPORT: Final = {"end_of_life": "ended", "unknown": "unknown", "feature": "not released"}
_COUNTED: Final = {
    "unreachable": "unreachable", "refused": "refused", "not_looked_at": "not looked at", "damaged": "damaged",
    "affected": "affected by advisories", "end_of_life": "with a Python past its end of life",
    "drifted": "drifted from the lock", "behind": "behind the newest patch", "leftovers": "with leftovers",
    "without_python": "without a Python of ours",
}  # fmt: skip
# In characters. A reason is cut so that the table stays a table; the JSON has all of it.
_LONGEST: Final = 100


def host_table(report: Mapping[str, Any]) -> str:
    """The report as lines of columns."""
    hosts = sorted(report["hosts"], key=by_worst)
    rows = [[" ".join(cell.split()) for cell in _row(host)] for host in hosts]
    header = list(_HEADER)
    if any("transfers" in host for host in hosts):
        header.insert(-1, "MB in this run")
        for row, host in zip(rows, hosts, strict=True):
            row.insert(-1, f"{(host['transfers']['sent_bytes'] + host['transfers']['pulled_bytes']) / 1e6:.1f}")
    return f"{columns([header, *rows])}\n{summary_line(report)}"


def summary_line(report: Mapping[str, Any]) -> str:
    """What all hosts come to, in one line."""
    summary = report["summary"]
    counts = [f"{summary[key]} {words}" for key, words in _COUNTED.items() if summary[key]]
    minors = [f"{each['minor']} on {each['hosts']}" for each in summary["minors"]]
    hosts = f"{summary['hosts']} host{'' if summary['hosts'] == 1 else 's'}"
    return "; ".join([hosts, *([", ".join(minors)] if minors else []), *counts, *_bytes(summary)])


def _bytes(counted: Mapping[str, Any]) -> list[str]:
    """The bytes that went to hosts in this run, if the report counts them."""
    if "sent_bytes" not in counted:
        return []
    sent, pulled = (f"{counted[key] / 1e6:.1f} MB" for key in ("sent_bytes", "pulled_bytes"))
    return [f"{sent} sent and {pulled} downloaded in this run, {counted['deltas']} by delta"]


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows as lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def platform_words(platform: Mapping[str, Any]) -> str:
    """A platform in a few words: ``x86_64 glibc 2.36``."""
    return " ".join(str(platform[key]) for key in ("arch", "libc", "libc_version") if platform[key])


def _row(host: Mapping[str, Any]) -> tuple[str, ...]:
    platform = host["platform"]
    if platform is None:
        return (host["host"], _STATES[host["state"]], "", "", "", "", "", "", _line(host["reason"]))
    homes = sorted(host["homes"], key=lambda home: not home["linked_by"])
    return (
        host["host"],
        host["findings"][0].replace("_", " ") if host["findings"] else "ok",
        platform_words(platform),
        str(platform["level"] or "-"),
        _listed(f"{home['version'] or 'unknown'}{'' if home['linked_by'] else ' (not linked)'}" for home in homes),
        _listed(_support(home["support"]) for home in homes),
        _listed(home["libraries"].get("openssl", "unknown") for home in homes),
        str(sum(home["processes"] for home in homes)),
        _line("; ".join(_wrong(host))),
    )


def _listed(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words)) or "-"


def _support(support: Mapping[str, Any]) -> str:
    state, ends = support["state"], support["ends"]
    return f"{_SUPPORT.get(state, state)}{f' {ends}' if ends and state != 'feature' else ''}"


def _wrong(host: Mapping[str, Any]) -> Iterable[str]:
    for home in host["homes"]:
        name = home["version"] or home["home"]
        if home["damage"]:
            yield f"{name}: {home['damage']}"
        if home["advisories"]:
            yield f"{name}: {', '.join(home['advisories'])}"
        if home["behind"] and home["linked_by"]:
            yield f"{name} is behind {home['newest']}"
    yield from host["drift"]
    for each in host["left_overs"]:
        yield f"{each['path']}: {each['what']}"


def _line(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else f"{flat[: _LONGEST - 3]}..."
