# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The x86-64 microarchitecture level of a host."""

from __future__ import annotations

import re
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation

# psABI x86-64, "Micro-Architecture Levels", with the names that /proc/cpuinfo uses. Each level includes those below it.
# OSXSAVE of level 3 appears as xsave, LZCNT as abm, and SSE3 as pni.
LEVEL_FLAGS: Final = {
    2: frozenset(["cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"]),
    3: frozenset(["abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"]),
    4: frozenset(["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]),
}

_SUPPORTED: Final = re.compile(r"x86-64-v[234] \(supported")


def level_of(observed: Observation) -> tuple[int, str | None]:
    """The level according to the kernel's flags and glibc's loader. If they differ, the lower one, and a note.

    Both lack a flag that a hypervisor hides. That is right, since programs should not use what it hides.
    """
    flags = observed.cpu.get("flags", "")
    by_flags = level_of_flags(flags)
    if not observed.loader_levels:
        return by_flags, None if flags else "/proc/cpuinfo shows no flags: level 1 is what every x86-64 machine has"
    supported = [int(line[8]) for line in observed.loader_levels if _SUPPORTED.match(line)]
    by_loader = max(supported, default=1)
    if not flags:
        return by_loader, f"/proc/cpuinfo shows no flags: level {by_loader} is what the loader says"
    if by_loader == by_flags:
        return by_flags, None
    return min(
        by_flags, by_loader
    ), f"/proc/cpuinfo shows level {by_flags}, the loader level {by_loader}: the lower one is used"


def level_of_flags(flags: str) -> int:
    """The x86-64 level, 1 to 4, for the ``flags`` of /proc/cpuinfo."""
    have = set(flags.split())
    level = 1
    for higher, needed in LEVEL_FLAGS.items():
        if not needed <= have:
            break
        level = higher
    return level
