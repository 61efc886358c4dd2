# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gather the results of all hosts into one report. Pure: what it must know beside them is given.

`schema.json` says its form. All other outputs are made from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from ansible_collections.fleet.python.plugins.module_utils._text import clean
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Lock
from ansible_collections.fleet.python.plugins.plugin_utils._report.drift import drift_of
from ansible_collections.fleet.python.plugins.plugin_utils._report.home import Knowledge, home_row, python_row, text
from ansible_collections.fleet.python.plugins.plugin_utils._report.newest import Newest
from ansible_collections.fleet.python.plugins.plugin_utils._report.osv import Advisories

# Worst first.
FINDINGS: Final = ("damaged", "affected", "end_of_life", "drifted", "behind", "leftovers")
HOST_STATES: Final = ("looked_at", "unreachable", "refused", "not_looked_at")
# What is counted of transfers: bytes, and builds.
BYTES: Final = ("sent_bytes", "pulled_bytes", "deltas")
# Of homes, of other Pythons, of leftovers. A host may say any number.
_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Frame:
    """What a report is made with: when, by which version, and what the hosts are compared with.

    ``generated`` is a time as 2026-11-27T18:00:00Z. ``libc`` and ``max_level`` are as in the task that made the lock.
    """

    title: str
    generated: str
    today: date
    collection: str
    newest: Newest
    catalogue: str
    lock: Lock | None = None
    lock_path: str | None = None
    libc: str = "auto"
    max_level: int = 3
    advisories: Advisories | None = None


def report_of(results: Iterable[tuple[str, Any]], frame: Frame) -> dict[str, Any]:
    """The report of hosts by name, each with the result of its M(fleet.python.interpreter_info), or None."""
    knowledge = Knowledge(frame.today, frame.newest, frame.advisories)
    attested = _attested(frame.lock)
    hosts = [_host(clean(name), result, frame, knowledge, attested) for name, result in results]
    return {
        "format": 1,
        "title": frame.title,
        "generated": frame.generated,
        "today": frame.today.isoformat(),
        "collection": frame.collection,
        "catalogue": frame.catalogue,
        "lock": frame.lock_path,
        "advisories": _advisories(frame.advisories, knowledge),
        "summary": _summary(hosts),
        "hosts": hosts,
    }


def with_transfers(report: dict[str, Any], named: Iterable[Iterable[tuple[str, Any]]]) -> dict[str, Any]:
    """The report with the bytes that went to each host, by results of M(fleet.python.interpreter).

    ``named`` has the hosts and their results for each variable that holds such. With none, the report is as it was.
    """
    counts: dict[str, Counter[str]] = {}
    for results in named:
        for name, result in results:
            counts.setdefault(clean(name), Counter()).update(_transferred(result))
    if not counts:
        return report
    nothing: Counter[str] = Counter()
    hosts = [
        host | {"transfers": {key: counts.get(host["host"], nothing)[key] for key in BYTES}} for host in report["hosts"]
    ]
    total = {key: sum(host["transfers"][key] for host in hosts) for key in BYTES}
    return report | {"summary": report["summary"] | total, "hosts": hosts}


def _transferred(result: Any) -> dict[str, int]:
    """What one result counts. That of a loop has others inside."""
    if not isinstance(result, Mapping):
        return {}
    builds = [each for one in (result, *_dicts(result, "results")) for each in _dicts(one, "interpreters")]
    count = {key: sum(_number(build.get(key)) for build in builds) for key in BYTES[:2]}
    return {**count, BYTES[2]: sum(build.get("delta") is True for build in builds)}


def _number(value: Any) -> int:
    """A number of bytes, 0 for what can be none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 50 else 0


def _host(
    name: str, result: Any, frame: Frame, knowledge: Knowledge, attested: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    state, reason = _state(result)
    row: dict[str, Any] = {
        "host": name, "state": state, "reason": reason, "findings": [], "root": None, "platform": None, "homes": [],
        "drift": [], "missing": [], "other_pythons": [], "left_overs": [],
    }  # fmt: skip
    if state != "looked_at":
        return row
    triples = _triples(result.get("platform"))
    row["root"] = text(result.get("root"))
    row["platform"] = _platform(result)
    row["homes"] = [home_row(home, knowledge) for home in _dicts(result, "homes")]
    row["other_pythons"] = [python_row(python, knowledge) for python in _dicts(result, "pythons")]
    row["left_overs"] = [
        {"path": text(each.get("path")) or "", "what": text(each.get("what")) or ""}
        for each in _dicts(result, "left_overs")
    ]
    if frame.lock is not None:
        for home in row["homes"]:
            home["attestation"] = attested.get(home["sha256"] or "")
        drift_of(row, frame.lock, triples, frame.libc, frame.max_level)
    row["findings"] = _findings(row)
    return row


def _attested(lock: Lock | None) -> dict[str, dict[str, Any]]:
    """What a lock says of who built its assets, by their sha256."""
    pins = lock.all_pins() if lock else ()
    return {pin.sha256: asdict(pin.attestation) for pin in pins if pin.attestation}


def _state(result: Any) -> tuple[str, str]:
    """The state of a host, and the reason where it was not looked at."""
    if result is None or (isinstance(result, Mapping) and result.get("skipped")):
        return "not_looked_at", "the play has not looked at it"
    if not isinstance(result, Mapping):
        return "refused", "its result cannot be read"
    said = text(result.get("msg")) or "it said nothing"
    if result.get("unreachable"):
        return "unreachable", said
    if result.get("failed") or not isinstance(result.get("homes"), list):
        return "refused", said if result.get("failed") else "its result is not that of fleet.python.interpreter_info"
    return "looked_at", ""


def _dicts(result: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = result.get(key)
    return [each for each in found[:_MOST] if isinstance(each, Mapping)] if isinstance(found, list) else []


def _platform(result: Mapping[str, Any]) -> dict[str, Any]:
    found = result.get("platform")
    known = found if isinstance(found, Mapping) else {}
    libc = text(known.get("libc"))
    level = known.get("level")
    return {
        "system": text(result.get("system")) or "",
        "arch": text(known.get("arch")) or "",
        "libc": {"gnu": "glibc"}.get(libc or "", libc),
        "libc_version": text(known.get("libc_version")),
        "level": level if isinstance(level, int) else None,
    }


def _triples(platform: Any) -> tuple[str, ...]:
    found = platform.get("triples") if isinstance(platform, Mapping) else None
    return tuple(each for each in found if isinstance(each, str)) if isinstance(found, list) else ()


def _findings(row: Mapping[str, Any]) -> list[str]:
    homes = row["homes"]
    found = {
        "damaged": any(home["damage"] for home in homes),
        "affected": any(home["advisories"] for home in homes),
        "end_of_life": any(home["support"]["state"] == "end_of_life" for home in homes),
        "drifted": bool(row["drift"]),
        "behind": any(home["behind"] and home["linked_by"] for home in homes),
        "leftovers": bool(row["left_overs"]),
    }
    return [name for name in FINDINGS if found[name]]


def _summary(hosts: list[dict[str, Any]]) -> dict[str, Any]:
    states = Counter(host["state"] for host in hosts)
    findings = Counter(name for host in hosts for name in host["findings"])
    homes = Counter(home["minor"] for host in hosts for home in host["homes"] if home["minor"])
    supports = {home["minor"]: home["support"]["state"] for host in hosts for home in host["homes"]}
    having = Counter(minor for host in hosts for minor in {home["minor"] for home in host["homes"] if home["minor"]})
    newest_first = sorted(homes, key=lambda minor: tuple(map(int, minor.split("."))), reverse=True)
    return {
        "hosts": len(hosts),
        **{state: states[state] for state in HOST_STATES},
        "without_python": sum(host["state"] == "looked_at" and not host["homes"] for host in hosts),
        "homes": sum(len(host["homes"]) for host in hosts),
        **{name: findings[name] for name in FINDINGS},
        "minors": [
            {"minor": minor, "support": supports[minor], "hosts": having[minor], "homes": homes[minor]}
            for minor in newest_first
        ],
    }


def _advisories(advisories: Advisories | None, knowledge: Knowledge) -> dict[str, Any] | None:
    if advisories is None:
        return None
    used = knowledge.affected
    known = {
        each.name: {"summary": clean(each.summary), "url": clean(each.url)}
        for each in advisories.advisories
        if each.name in used
    }
    return {
        "directory": clean(advisories.directory),
        "read": len(advisories.advisories),
        "unmatched": len(knowledge.unmatched),
        "known": known,
    }


def by_worst(host: Mapping[str, Any]) -> tuple[Any, ...]:
    """Sort key that puts the worst hosts first: those that could not be looked at, then by their findings."""
    findings = [FINDINGS.index(name) for name in host["findings"]] or [len(FINDINGS)]
    return (HOST_STATES.index(host["state"]) == 0, findings, host["host"])
