# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs on a host from its lock: other builds, missing ones, and ones that the lock does not know."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import Request, parse_request
from ansible_collections.fleet.python.plugins.plugin_utils._builds.triples import TRIPLES
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Lock, Pin
from ansible_collections.fleet.python.plugins.plugin_utils._report.support import minor_of


def drift_of(row: dict[str, Any], lock: Lock, triples: tuple[str, ...], libc: str, max_level: int) -> None:
    """Fill in ``drift``, ``missing`` and each home's ``lock`` in a host's row.

    A home is ``pinned``, an ``other_build`` than a pin for the same version, ``extra``, or ``kept``: not linked, and so
    not in use through a link.
    """
    triple = _lock_triple(triples, libc, max_level)
    pins = lock.pins.get(triple or "", {})
    if not pins:
        row["drift"].append(f"the lock pins nothing for {triple or 'this host'}")
    by_digest = {pin.sha256: text for text, pin in pins.items()}
    for home in row["homes"]:
        home["lock"] = _standing(home, pins, by_digest)
    for text, pin in pins.items():
        _compare(row, text, pin)
    for home in row["homes"]:
        if home["lock"] == "extra":
            row["drift"].append(f"{home['version'] or home['home']} is linked, and the lock does not pin it")


def _lock_triple(triples: tuple[str, ...], libc: str, max_level: int) -> str | None:
    """The host's triple in the lock, as `host_triple` chooses it."""
    for name in triples:
        triple = TRIPLES.get(name)
        if triple and libc in ("auto", triple.libc) and (triple.level or 0) <= max_level:
            return name
    return None


def _standing(home: Mapping[str, Any], pins: Mapping[str, Pin], by_digest: Mapping[str, str]) -> str:
    if home["sha256"] in by_digest:
        return "pinned"
    if not home["linked_by"]:
        return "kept"
    wanted = any(_satisfies(home, _request(text), pin) for text, pin in pins.items())
    return "other_build" if wanted else "extra"


def _compare(row: dict[str, Any], text: str, pin: Pin) -> None:
    linked = [home for home in row["homes"] if home["linked_by"]]
    if any(home["sha256"] == pin.sha256 for home in linked):
        return
    others = [home for home in linked if _satisfies(home, _request(text), pin)]
    wanted = f"{pin.asset.version} of {pin.release}"
    if others:
        home = others[0]
        row["drift"].append(f"{text} is {home['version']} of {home['release']}, and the lock pins {wanted}")
    else:
        row["missing"].append({"request": text, "asset": pin.asset.name})
        row["drift"].append(f"{text} is missing: the lock pins {wanted}")


@functools.lru_cache(maxsize=256)
def _request(text: str) -> Request:
    """A lock has few requests, and a fleet many hosts."""
    return parse_request(text)


def _satisfies(home: Mapping[str, Any], request: Request, pin: Pin) -> bool:
    """Whether a home is of the same kind as a pin, and what the request means or of the pinned minor version."""
    version = home["version"]
    if not version or minor_of(version) is None:
        return False
    kinds = ("freethreaded" in (home["build"] or ""), "debug" in (home["build"] or ""))
    if kinds != (pin.asset.freethreaded, pin.asset.debug):
        return False
    return minor_of(version) == pin.asset.python_minor or request.allows(version, prerelease=True)
