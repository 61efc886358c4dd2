# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe: write its script, and parse its answer into an Observation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace

from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import (
    Home,
    HostPython,
    Listing,
    Observation,
    Program,
    RootState,
    Tool,
)
from ansible_collections.fleet.python.plugins.plugin_utils._host.script import command_of

# Made once, when Ansible loads the plugin: its workers are forks of that process.
_PROBE = command_of(
    ("FLEET_ROOT", "FLEET_LINKS", "FLEET_VERIFY", "FLEET_DETAIL", "FLEET_PREREQUISITES"),
    "_host/elf.sh",
    "_host/probe.sh",
)
_FIRST, _LAST = "fleet-probe 1", "fleet-probe-end"

# The kind of a command, by a word in its version text.
_KINDS = (("BusyBox", "busybox"), ("busybox", "busybox"), ("oybox", "toybox"), ("bsdtar", "bsd"), ("GNU", "gnu"))

# The size of a device is two numbers. Dates: "Nov 26 17:11" and "Nov 26  2025" (POSIX), "2026-11-26 17:11" (toybox).
_LISTING = re.compile(
    r"(?P<mode>[a-z-][rwxsStT-]{9})\S*\s+\d+\s+(?P<uid>\d{1,19})\s+(?P<gid>\d{1,19})\s+(?:\d+,\s*\d+|\S+)\s+"
    r"(?:\d{4}-\d\d-\d\d\s+[\d:.]+(?:\s[+-]\d{4})?|\S+\s+\S+\s+\S+)\s(?P<path>.*)",
    re.ASCII,
)
_DF = re.compile(r".*?\s(?P<blocks>\d+)\s+(?P<used>-?\d+)\s+(?P<available>-?\d{1,19})\s+\S+\s+(?P<mount>/.*)", re.ASCII)

_NUMBER = re.compile(r"\s*[0-9]{1,19}\s*")


class ProbeError(ValueError):
    """A host did not give the probe's answer."""


def probe_script(
    root: str, links: Iterable[str] = (), *, verify: str = "quick", detail: bool = False, prerequisites: bool = False
) -> str:
    """The command that observes a host.

    ``verify`` says how to look for damage: ``quick`` at directories, ``files`` at the number and times of files,
    ``deep`` at the sha256 of each. ``detail`` lists the processes that run from homes, and asks tar and Python for
    their versions.
    ``prerequisites`` lists the prerequisites of an installation even if something is installed already.
    """
    values = {
        "FLEET_ROOT": root,
        "FLEET_LINKS": "\n".join(links),
        "FLEET_VERIFY": verify,
        "FLEET_DETAIL": "yes" if detail else "",
        "FLEET_PREREQUISITES": "yes" if prerequisites else "",
    }
    return _PROBE.text(values)


def parse_probe(text: str, root: str) -> Observation:
    """The probe's answer as an Observation of the host whose root is ``root``.

    Ignores lines before and after the probe's own, such as a greeting or sudo's lecture.
    Raises ProbeError if the answer is missing or incomplete.
    """
    facts = _Facts(_answer(text))
    kernel = facts.one("kernel").split(None, 2)
    if len(kernel) < 3:
        raise ProbeError(
            "the host's uname -srm did not say system, release and machine: the probe cannot go on without"
        )
    system, release, arch = kernel
    return Observation(
        system=system,
        kernel_release=release,
        kernel_arch=arch,
        uid=-1 if (uid := _number(facts.one("uid"))) is None else uid,
        os={key: value.strip("\"'") for key, value in facts.pairs("os", "=")},
        programs=tuple(_programs(facts)),
        loaders=tuple(_listings(facts.all("loader"))),
        loader_asked=facts.one("loader-asked"),
        loader_says="\n".join(facts.all("loader-says")),
        loader_levels=tuple(facts.all("loader-level")),
        loader_file=facts.one("loader-file"),
        getconf=facts.one("getconf"),
        cpu={key.strip(): value.strip() for key, value in facts.pairs("cpu", ":")},
        darwin={key: facts.one(key) for key in ("darwin", "darwin-arm64", "darwin-translated") if facts.one(key)},
        tools={tool.name: tool for tool in map(_tool, facts.all("tool"))},
        pythons=tuple(_pythons(facts.all("python"))),
        root=_root_state(facts, root),
        homes=tuple(_homes(facts)),
        made_links=tuple(facts.all("made-link")),
        paths={listing.path: listing for listing in _listings(facts.all("path"))},
        selinux=facts.one("selinux"),
        level_known=_number(facts.one("level")),
        closed_links=tuple(facts.all("closed")),
        running=tuple(_running(facts.all("running"), root)),
        prerequisites_known=not facts.one("prerequisites-left-out"),
    )


def _answer(text: str) -> list[str]:
    """The lines between the last two marks. A terminal between host and controller ends lines with CR LF."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    # index() raises ValueError if either mark is missing.
    try:
        last = len(lines) - 1 - lines[::-1].index(_LAST)
        first = last - 1 - lines[:last][::-1].index(_FIRST)
    except ValueError:
        tail = text.strip()[-300:]
        raise ProbeError(f"the host's /bin/sh did not complete the probe; it printed: {tail or 'nothing'}") from None
    return lines[first + 1 : last]


def _number(text: str) -> int | None:
    """A number that the host printed. None if it is no number, or too long."""
    return int(text) if _NUMBER.fullmatch(text) else None


class _Facts:
    """The probe's lines by key, in order."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._values: dict[str, list[str]] = {}
        for line in lines:
            key, _blank, value = line.partition(" ")
            self._values.setdefault(key, []).append(value)

    def all(self, key: str) -> list[str]:
        return self._values.get(key, [])

    def one(self, key: str) -> str:
        return self._values.get(key, [""])[0].strip()

    def pairs(self, key: str, separator: str) -> list[tuple[str, str]]:
        return [(left, right) for left, _mark, right in (value.partition(separator) for value in self.all(key))]


def _listings(lines: Iterable[str]) -> Iterable[Listing]:
    for line in lines:
        if found := _LISTING.fullmatch(line):
            path, _arrow, target = found["path"].partition(" -> ")
            yield Listing(path, found["mode"], int(found["uid"]), int(found["gid"]), target or None)


def _programs(facts: _Facts) -> Iterable[Program]:
    interps = dict(facts.pairs("interp", " "))
    for line in facts.all("elf"):
        path, *words = line.split() or [""]
        header, flags32, flags64 = words if len(words) == 3 else ("", "", "")
        yield Program(path, header, flags32, flags64, interps.get(path))


def _tool(line: str) -> Tool:
    name, path, says = [*line.split(" ", 2), "", ""][:3]
    return Tool(name, path, next((kind for word, kind in _KINDS if word in says), ""))


def _pythons(lines: Iterable[str]) -> Iterable[HostPython]:
    for line in lines:
        if found := re.fullmatch(r"(\S+) Python (\d+(?:\.\d+)+\S*)", line):
            yield HostPython(found[1], found[2])


def _root_state(facts: _Facts, root: str) -> RootState:
    at = next(iter(_listings(facts.all("at"))), None)
    df = next(filter(None, map(_DF.fullmatch, facts.all("df"))), None)
    mount_point = df["mount"] if df else ""
    # The last mount on a mount point hides the others.
    mount = next((m for m in reversed([*_mounts(facts.all("mount"))]) if m[0] == mount_point), None)
    return RootState(
        path=root,
        at=at,
        folder=bool(facts.one("folder")),
        writable=bool(facts.one("writable")),
        free=int(df["available"]) * 1024 if df else None,
        mount_point=mount_point,
        mount_options=mount[2] if mount else (),
        filesystem=mount[1] if mount else "",
        entries=tuple(
            replace(listing, path=listing.path.removeprefix(f"{root}/")) for listing in _inside(facts.all("entry"))
        ),
        staging=tuple(listing.path.removeprefix(f"{root}/.staging/") for listing in _inside(facts.all("staging"))),
        above=tuple(dict.fromkeys(_listings(facts.all("above")))),
        receipts=tuple(
            replace(listing, path=listing.path.removeprefix(f"{root}/"))
            for listing in _listings(facts.all("receipt-file"))
        ),
    )


def _inside(lines: Iterable[str]) -> tuple[Listing, ...]:
    return tuple(listing for listing in _listings(lines) if listing.path not in (".", ".."))


def _mounts(lines: Iterable[str]) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """Mount point, type and options of each line of /proc/mounts, which writes a blank as ``\\040`` (fstab(5))."""
    for line in lines:
        fields = [re.sub(r"\\([0-3][0-7]{2})", lambda mark: chr(int(mark[1], 8)), field) for field in line.split()]
        if len(fields) > 3:
            yield fields[1], fields[2], tuple(fields[3].split(","))


def _running(lines: Iterable[str], root: str) -> Iterable[tuple[str, int]]:
    for line in lines:
        if found := re.search(r"/proc/([0-9]{1,19})/exe -> (.*)", line):
            yield found[2].removeprefix(f"{root}/").split("/")[0], int(found[1])


def _homes(facts: _Facts) -> Iterable[Home]:
    # A home has files. Where none are found, find or wc is missing. Where there was no need to, none were counted.
    files = {name: _number(count) or None for name, count in facts.pairs("files", " ")}
    runs = set(facts.all("runs"))
    changed: dict[str, list[str]] = {}
    for name, path in facts.pairs("changed", " "):
        changed.setdefault(name, []).append(path)
    for name, text in facts.pairs("receipt", " "):
        try:
            receipt = json.loads(text)
        except (ValueError, RecursionError):
            receipt = {}
        # A home without a readable receipt is not whole, since bin/python3 alone proves nothing.
        readable = isinstance(receipt, dict) and "sha256" in receipt
        yield Home(
            name,
            receipt if readable else {},
            files.get(name),
            readable and name in runs,
            tuple(dict.fromkeys(changed.get(name, ()))),
        )
