# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock, and what belongs to it, for the tests of boot scripts."""

from __future__ import annotations

import hashlib
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._options import boot_options
from ansible_collections.fleet.python.plugins.plugin_utils._boot.candidates import candidates
from ansible_collections.fleet.python.plugins.plugin_utils._boot.carried import Carried, carried_of
from ansible_collections.fleet.python.plugins.plugin_utils._boot.carrier import Carrier, make_carrier
from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Pin, update_lock

V3, V2, V1 = (f"x86_64{level}-unknown-linux-gnu" for level in ("_v3", "_v2", ""))
MUSL, ARM = "x86_64-unknown-linux-musl", "aarch64-unknown-linux-gnu"
BOTH = ("3.13", "3.12")


def pin(version: str, triple: str, release: str = "20250317", flavor: str = "install_only_stripped.tar.gz") -> Pin:
    name = f"cpython-{version}+{release}-{triple}-{flavor}"
    return Pin(parse_asset(name), release, hashlib.sha256(name.encode()).hexdigest(), None)


LOCK = update_lock(
    None,
    {
        (V3, "3.13"): pin("3.13.2", V3),
        (V3, "3.12"): pin("3.12.9", V3),
        (V2, "3.13"): pin("3.13.2", V2),
        (V1, "3.13"): pin("3.13.2", V1),
        (MUSL, "3.13"): pin("3.13.2", MUSL),
        (ARM, "3.13"): pin("3.13.2", ARM),
    },
)


def options(**given: Any) -> dict[str, Any]:
    """All options of the module, with their defaults."""
    defaults = {name: option.get("default") for name, option in boot_options().items()}
    return {**defaults, "path": "boot.sh", "lock": "python.lock.yml", "version": list(BOTH), **given}


def carried(**given: Any) -> Carried:
    return carried_of(options(**given), LOCK, "python.lock.yml")


def carrier(**given: Any) -> Carrier:
    return make_carrier(carried(**given), candidates(LOCK, BOTH, options(**given)))
