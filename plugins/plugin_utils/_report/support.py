# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long upstream supports each minor version of CPython. ``tests.catalogue.add_minor`` adds one."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, NamedTuple

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import AssetError, version_key


class Cycle(NamedTuple):
    """The life of a minor version: its first release, the last bugfix release, its end. ``pep`` is its schedule."""

    minor: str
    pep: int
    released: str
    bugfix_until: str
    ends: str


# The schedules (PEP 373 for 2.7, then the PEP of each version), and the devguide's table "Status of Python versions".
# Where the devguide names only the month of the end, this has the last day of that month.
# Until 3.12, bugfix releases ended 18 months after the first one; since 3.13 they end after 24 (PEP 719).
CYCLES: Final = (
    Cycle("2.7", 373, "2010-07-03", "2020-01-01", "2020-01-01"),
    Cycle("3.4", 429, "2014-03-16", "2017-08-09", "2019-03-18"),
    Cycle("3.5", 478, "2015-09-13", "2017-08-08", "2020-09-30"),
    Cycle("3.6", 494, "2016-12-23", "2018-12-24", "2021-12-23"),
    Cycle("3.7", 537, "2018-06-27", "2020-06-27", "2023-06-27"),
    Cycle("3.8", 569, "2019-10-14", "2021-05-03", "2024-10-07"),
    Cycle("3.9", 596, "2020-10-05", "2022-05-17", "2025-10-31"),
    Cycle("3.10", 619, "2021-10-04", "2023-04-05", "2026-10-31"),
    Cycle("3.11", 664, "2022-10-24", "2024-04-02", "2027-10-31"),
    Cycle("3.12", 693, "2023-10-02", "2025-04-08", "2028-10-31"),
    Cycle("3.13", 719, "2024-10-07", "2026-10-07", "2029-10-31"),
    Cycle("3.14", 745, "2025-10-07", "2027-10-07", "2030-10-31"),
    Cycle("3.15", 790, "2026-10-01", "2028-10-01", "2031-10-31"),
)

_BY_MINOR: Final = {cycle.minor: cycle for cycle in CYCLES}


def minor_of(version: str) -> str | None:
    """``3.13`` for 3.13.2; None if that is no version of CPython."""
    try:
        major, minor, *_rest = version_key(version)
    except AssetError:
        return None
    return f"{major}.{minor}"


def support(minor: str | None, today: date) -> dict[str, Any]:
    """The support of a minor version such as ``3.13`` on a day: ``state``, its last day, the end of life.

    A version before its first release is in ``feature``. One that the table lacks is ``unknown``.
    """
    cycle = _BY_MINOR.get(minor or "")
    if cycle is None:
        return {"state": "unknown", "until": None, "ends": None}
    day = today.isoformat()
    ranges = (("feature", cycle.released), ("bugfix", cycle.bugfix_until), ("security", cycle.ends))
    for state, until in ranges:
        if day < until or (day == until and state != "feature"):
            return {"state": state, "until": until, "ends": cycle.ends}
    return {"state": "end_of_life", "until": None, "ends": cycle.ends}
