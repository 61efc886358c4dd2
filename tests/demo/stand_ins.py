# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's table: a pure function of what became of each host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tests.world.names import asset_name, flavors
from tests.world.pins import BUILDS

from .play import HostRun

STAND_IN_NOTE: Final = (
    "* a stand-in: there is no musl build of python-build-standalone where the mirror gets its builds from, "
    "so another CPython for musl is packed under such a name"
)

_HEADER: Final = ("host", "platform", "level", "interpreter", "version", "action", "archive", "seconds")
_LIBC: Final = {"gnu": "glibc"}
_STAND_INS: Final = frozenset(
    f"{build.release}/{asset_name(build, flavor)}" for build in BUILDS if build.stand_in for flavor in flavors(build)
)


def table(runs: Sequence[HostRun]) -> tuple[str, bool]:
    """Lines of columns, one line for each host, and whether a stand-in (its version marked by *) is among them."""
    rows = [_HEADER, *(_row(run) for run in runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines), any("*" in row[4] for row in rows)


def _row(run: HostRun) -> tuple[str, ...]:
    platform = run.result["platform"]
    [found] = run.result["interpreters"]
    libc = _LIBC.get(platform["libc"], platform["libc"])
    mark = "*" if f"{found['release']}/{found['asset']}" in _STAND_INS else ""
    return (
        run.name,
        f"{platform['arch']} {libc} {platform['libc_version']}",
        str(platform["level"] or "-"),
        found["interpreter"],
        found["version"] + mark,
        found["action"],
        _archive(run.result["steps"]),
        f"{run.seconds:7.1f}",
    )


def _archive(steps: Sequence[dict[str, Any]]) -> str:
    """How the archive came to the host: the controller's own step, or a download of the host's."""
    if not steps:
        return "-"
    return "pushed" if any(step["name"] == "push" for step in steps) else "pulled"
