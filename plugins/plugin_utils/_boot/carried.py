# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a carrier holds besides code: the lock, and the options of the task that a boot script stands for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Lock, Pin

# The options that a host needs to plan and to apply. None of them is a secret.
_CARRIED: Final = (
    "build",
    "compile_bytecode",
    "externally_managed",
    "facts",
    "flavor",
    "keep",
    "libc",
    "links",
    "max_level",
    "prerelease",
    "release",
    "root",
    "venv_roots",
    "version",
)


@dataclass(frozen=True, slots=True)
class Carried:
    """``options`` are those of M(fleet.python.interpreter), with a lock. ``origin`` names the lock in messages."""

    options: Mapping[str, Any]
    lock: Lock
    origin: str


def carried_of(options: Mapping[str, Any], lock: Lock, origin: str) -> Carried:
    """What goes along for a task with these options."""
    kept = {name: options[name] for name in _CARRIED}
    return Carried({**kept, "state": "present", "lock": origin}, lock, origin)


def format_carried(carried: Carried) -> str:
    """As JSON. The same value gives the same text."""
    pins = {
        triple: {text: [pin.asset.name, pin.release, pin.sha256, pin.size] for text, pin in by_request.items()}
        for triple, by_request in carried.lock.pins.items()
    }
    data = {
        "options": dict(carried.options),
        "requests": list(carried.lock.requests),
        "pins": pins,
        "origin": carried.origin,
    }
    return json.dumps(data, sort_keys=True, indent=1) + "\n"


def parse_carried(text: str) -> Carried:
    """The reverse of `format_carried`. The text is our own, since the carrier is verified as a whole."""
    data = json.loads(text)
    pins = {
        triple: {
            request: Pin(parse_asset(name), release, sha256, size)
            for request, (name, release, sha256, size) in by_request.items()
        }
        for triple, by_request in data["pins"].items()
    }
    return Carried(data["options"], Lock(tuple(data["requests"]), pins), data["origin"])
