# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of fleets that do not exist: the same ones each time, and every state in them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from typing import Any, Final

Report = dict[str, Any]
ROOT: Final = "/opt/python"
KNOWN: Final = {
    "CVE-2024-8088": {
        "summary": "zipfile.Path loops without end on names that are made for it",
        "url": "https://nvd.nist.gov/vuln/detail/CVE-2024-8088",
    },
    "CVE-2025-4517": {
        "summary": "tarfile writes outside of the directory that it extracts to, with filter='data'",
        "url": "https://nvd.nist.gov/vuln/detail/CVE-2025-4517",
    },
}
# Worst first.
FINDINGS: Final = ("damaged", "affected", "end_of_life", "drifted", "behind", "leftovers")
_SUPPORT: Final = {
    "3.15": ("bugfix", "2028-10-01", "2031-10-31"),
    "3.14": ("bugfix", "2027-10-07", "2030-10-31"),
    "3.13": ("security", "2029-10-31", "2029-10-31"),
    "3.12": ("security", "2028-10-31", "2028-10-31"),
    "3.11": ("security", "2027-10-31", "2027-10-31"),
    "3.9": ("end_of_life", None, "2025-10-31"),
}
# Version, release, OpenSSL, SQLite, advisories.
_BUILDS: Final = (
    ("3.15.0", "20261105", "3.5.7", "3.53.1", ()),
    ("3.14.2", "20251205", "3.5.4", "3.50.4", ()),
    ("3.14.8", "20261105", "3.5.7", "3.53.1", ()),
    ("3.13.2", "20250317", "3.0.16", "3.49.1", ("CVE-2025-4517",)),
    ("3.13.13", "20261105", "3.5.7", "3.53.1", ()),
    ("3.12.8", "20250106", "3.0.15", "3.47.1", ("CVE-2025-4517",)),
    ("3.12.13", "20260602", "3.5.6", "3.51.2", ()),
    ("3.11.4", "20230726", "3.0.9", "3.41.2", ("CVE-2024-8088", "CVE-2025-4517")),
    ("3.9.18", "20231002", "3.0.11", "3.43.1", ("CVE-2024-8088",)),
)
_NEWEST: Final = {
    "3.15": "3.15.0",
    "3.14": "3.14.8",
    "3.13": "3.13.13",
    "3.12": "3.12.13",
    "3.11": "3.11.15",
    "3.9": "3.9.25",
}
_WEIGHTS: Final = (2, 6, 30, 14, 50, 8, 22, 4, 3)
_PLATFORMS: Final = (
    ("Debian GNU/Linux 12 (bookworm)", "x86_64", "glibc", "2.36", 4),
    ("Debian GNU/Linux 13 (trixie)", "x86_64", "glibc", "2.41", 3),
    ("Rocky Linux 9.6 (Blue Onyx)", "x86_64", "glibc", "2.34", 3),
    ("Ubuntu 24.04.3 LTS", "aarch64", "glibc", "2.39", None),
    ("Alpine Linux v3.22", "x86_64", "musl", "1.2.5", 2),
)
_ROLES: Final = ("web", "db", "cache", "build", "queue", "edge")
_SITES: Final = ("ams", "fra", "lis", "osl")
# The first hosts are one of each kind, however small the fleet.
_KINDS: Final = (
    "ok",
    "damaged",
    "unreachable",
    "drifted",
    "leftovers",
    "end_of_life",
    "bare",
    "refused",
    "behind",
    "unseen",
    "unreadable",
    "affected",
)
_KIND_WEIGHTS: Final = (70, 1, 3, 6, 3, 4, 3, 1, 20, 1, 1, 6)


def made_up_report(hosts: int, seed: int = 1) -> Report:
    """Return the report of a fleet of so many hosts."""
    chance = random.Random(seed)
    made = [_host(number, _kind(number, chance), chance) for number in range(hosts)]
    made.sort(key=lambda host: (_rank(host), host["host"]))
    return {
        "format": 1,
        "generated": "2026-11-27T18:00:00Z",
        "today": "2026-11-27",
        "title": "Python on this fleet",
        "collection": "0.1.0",
        "lock": "python.lock.yml",
        "catalogue": "bundled",
        "advisories": {"directory": "advisories", "read": 150, "unmatched": 12, "known": KNOWN},
        "summary": summarized(made),
        "hosts": made,
    }


def summarized(hosts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the summary that belongs to these hosts."""
    states = [host["state"] for host in hosts]
    homes = [home for host in hosts for home in host["homes"]]
    minors = sorted({home["minor"] for home in homes if home["minor"]}, key=_numbers, reverse=True)
    return {
        "hosts": len(hosts),
        **{state: states.count(state) for state in ("looked_at", "unreachable", "refused", "not_looked_at")},
        "without_python": sum(host["state"] == "looked_at" and not host["homes"] for host in hosts),
        "homes": len(homes),
        **{finding: sum(finding in host["findings"] for host in hosts) for finding in FINDINGS},
        "minors": [
            {
                "minor": minor,
                "support": _SUPPORT[minor][0] if minor in _SUPPORT else "unknown",
                "hosts": sum(any(home["minor"] == minor for home in host["homes"]) for host in hosts),
                "homes": sum(home["minor"] == minor for home in homes),
            }
            for minor in minors
        ],
    }


def _kind(number: int, chance: random.Random) -> str:
    return _KINDS[number] if number < len(_KINDS) else chance.choices(_KINDS, _KIND_WEIGHTS)[0]


def _rank(host: Mapping[str, Any]) -> int:
    return FINDINGS.index(host["findings"][0]) if host["findings"] else len(FINDINGS)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _host(number: int, kind: str, chance: random.Random) -> Report:
    role, site = _ROLES[number % len(_ROLES)], _SITES[number // len(_ROLES) % len(_SITES)]
    host: Report = {
        "host": f"{role}{number // len(_ROLES) + 1}.{site}.example.net",
        "state": "looked_at",
        "reason": "",
        "findings": [],
        "root": ROOT,
        "platform": None,
        "homes": [],
        "drift": [],
        "missing": [],
        "other_pythons": [],
        "left_overs": [],
    }
    without = {
        "unreachable": ("unreachable", "Failed to connect to the host via ssh: Connection timed out"),
        "refused": ("refused", f"{ROOT} is writable by others than root: not trusted"),
        "unseen": ("not_looked_at", "the play ended before its turn"),
    }
    if kind in without:
        host["state"], host["reason"] = without[kind]
        return host
    system, arch, libc, libc_version, level = _PLATFORMS[number % len(_PLATFORMS)]
    host["platform"] = {"system": system, "arch": arch, "libc": libc, "libc_version": libc_version, "level": level}
    if number % 2:
        host["other_pythons"] = [
            {"path": "/usr/bin/python3.11", "version": "3.11.2", "support": _support("3.11")},
        ]
    if kind != "bare":
        _fill(host, kind, chance)
    host["findings"] = [finding for finding in FINDINGS if _has(host, finding)]
    return host


def _fill(host: Report, kind: str, chance: random.Random) -> None:
    fixed = {"ok": [4], "end_of_life": [8], "behind": [3, 4], "affected": [7, 2], "unreadable": [4, 2]}
    places = fixed.get(kind) or sorted(set(chance.choices(range(len(_BUILDS)), _WEIGHTS, k=chance.choice((1, 1, 2)))))
    host["homes"] = [_home(host["platform"], place, chance) for place in places]
    first = host["homes"][0]
    if kind == "damaged":
        first["damage"] = "lib/python3.13/ssl.py differs from the manifest; 2 files more"
        first["starts"] = False
    elif kind == "unreadable":
        kept = ("home", "linked_by", "previous_of", "processes", "behind", "advisories")
        first.update({key: None for key in first if key not in kept})
        first.update(damage="the receipt is damaged", starts=False, libraries={}, behind=False, advisories=[])
    elif kind == "drifted":
        first["lock"] = "other_build"
        asset = first["asset"].replace(first["release"], "20261105")
        host["drift"] = [f"{first['minor']} is {first['version']}+{first['release']}, not what the lock pins"]
        host["missing"] = [{"request": first["minor"], "asset": asset}]
    elif kind == "leftovers":
        host["left_overs"] = [{"path": f"{ROOT}/.staging/4711", "what": "an installation that did not end"}]


def _home(platform: Mapping[str, Any], place: int, chance: random.Random) -> Report:
    version, release, openssl, sqlite, advisories = _BUILDS[place]
    minor = version.rpartition(".")[0]
    level = min(platform["level"] or 0, 3) or None
    arch = f"{platform['arch']}_v{level}" if level and level > 1 else platform["arch"]
    triple = f"{arch}-unknown-linux-{'musl' if platform['libc'] == 'musl' else 'gnu'}"
    name = f"cpython-{version}+{release}-{triple}"
    asset = f"{name}-install_only_stripped.tar.gz"
    return {
        "home": f"{ROOT}/{name}",
        "version": version,
        "minor": minor,
        "release": release,
        "triple": triple,
        "flavor": "install_only_stripped",
        "build": "pgo+lto",
        "asset": asset,
        "sha256": hashlib.sha256(asset.encode()).hexdigest(),
        "source": f"https://mirror.example.net/python/{release}/{asset}",
        "level": level,
        "installed": f"2026-{chance.randint(1, 10):02d}-{chance.randint(1, 28):02d}T04:{chance.randint(10, 59)}:38Z",
        "linked_by": [minor] if chance.random() < 0.85 else [],
        "previous_of": [minor] if chance.random() < 0.1 else [],
        "processes": chance.choice((0, 0, 1, 3, 12)),
        "size": chance.randint(70, 190) * 1_000_000,
        "damage": "",
        "starts": chance.choice((True, None)),
        "libraries": {
            "openssl": openssl,
            "sqlite": sqlite,
            "zlib": "1.3.1",
            "expat": "2.7.3",
            "libmpdec": "4.0.0",
            "ncurses": "6.5",
            "tcl": "8.6.14",
            "tk": "8.6.14",
        },
        "support": _support(minor),
        "newest": _NEWEST[minor],
        "behind": version != _NEWEST[minor],
        "lock": "pinned",
        "advisories": list(advisories),
        "attestation": {
            "repository": "https://github.com/astral-sh/python-build-standalone",
            "workflow": ".github/workflows/release.yml@refs/heads/main",
            "commit": hashlib.sha1(release.encode()).hexdigest(),
            "run": f"https://github.com/astral-sh/python-build-standalone/actions/runs/{release}/attempts/1",
            "log_index": int(release),
        },
    }


def _support(minor: str) -> dict[str, Any]:
    state, until, ends = _SUPPORT[minor]
    return {"state": state, "until": until, "ends": ends}


def _has(host: Mapping[str, Any], finding: str) -> bool:
    homes = host["homes"]
    return {
        "damaged": any(home["damage"] for home in homes),
        "affected": any(home["advisories"] for home in homes),
        "end_of_life": any((home["support"] or {}).get("state") == "end_of_life" for home in homes),
        "drifted": bool(host["drift"]),
        "behind": any(home["behind"] for home in homes),
        "leftovers": bool(host["left_overs"]),
    }[finding]
