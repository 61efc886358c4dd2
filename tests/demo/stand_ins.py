# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts of the demo got a stand-in, and not a build of python-build-standalone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tests.world.names import asset_name, flavors
from tests.world.pins import BUILDS

from .play import HostRun

_STAND_INS: Final = frozenset(
    f"{build.release}/{asset_name(build, flavor)}" for build in BUILDS if build.stand_in for flavor in flavors(build)
)


def note_on_stand_ins(runs: Sequence[HostRun]) -> str:
    """What a person must know of these runs; empty if every host got a build of python-build-standalone."""
    names = [run.name for run in runs for found in run.result["interpreters"] if _asset(found) in _STAND_INS]
    if not names:
        return ""
    return (
        f"{' and '.join(names)}: a stand-in. There is no musl build of python-build-standalone where the mirror "
        "gets its\nbuilds from, so another CPython for musl is packed under such a name"
    )


def _asset(found: dict[str, str]) -> str:
    return f"{found['release']}/{found['asset']}"
