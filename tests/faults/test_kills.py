# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at every step: the linked interpreter works or there was none, and the next run leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.conftest import NewDirect
from tests.faults.direct import How, Kill, Part
from tests.faults.scene import DISK, Scene, at_changes, first, over_time, removal, switch, upgrade
from tests.world.cache import Cache

OUTCOME = "the linked interpreter works or there was none; the next run converges and leaves nothing behind"
FEW_AND_MANY = [pytest.param("few"), pytest.param("many", marks=pytest.mark.slow)]

Note = Callable[[str, object], None]


@pytest.fixture
def mirror_directory(world: Cache) -> str:
    return str(world.mirror)


def _killed(part: Part, *how: How) -> Callable[[int, float], Kill]:
    """Kills by turns of each kind."""
    return lambda number, after: Kill(part, after, how[number % len(how)])


def _count(scene: Scene, record_property: Note, what: str = "kills") -> None:
    assert scene.faults
    record_property("count", f"{scene.faults} {what}")


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.fault("kill -9 of the sh stage, on a host without Python", OUTCOME)
def test_sh_stage_killed(amount: str, direct: NewDirect, mirror_directory: str, record_property: Note) -> None:
    scene = first(direct("alpine", DISK), mirror_directory)
    over_time(scene, "stage", 4 if amount == "few" else 40, _killed("stage", "alone", "family"))
    _count(scene, record_property)


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.fault("kill -9 of the module that runs from its stage", OUTCOME)
def test_first_module_killed(amount: str, direct: NewDirect, mirror_directory: str, record_property: Note) -> None:
    scene = first(direct("alpine", DISK), mirror_directory)
    over_time(scene, "module", 2 if amount == "few" else 30, _killed("module", "family", "alone"))
    _count(scene, record_property)


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.fault("kill -9 of the module at any time of an upgrade", OUTCOME)
def test_upgrading_module_killed(amount: str, direct: NewDirect, mirror_directory: str, record_property: Note) -> None:
    scene = upgrade(direct("alpine", DISK), mirror_directory)
    over_time(scene, "module", 2 if amount == "few" else 30, _killed("module", "family", "alone"))
    _count(scene, record_property)


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.fault("kill -9 of the module before each change that it makes when it switches and prunes", OUTCOME)
def test_switching_module_killed(amount: str, direct: NewDirect, mirror_directory: str, record_property: Note) -> None:
    scene = switch(direct("alpine", DISK), mirror_directory)
    at_changes(scene, 8 if amount == "few" else 50)
    _count(scene, record_property)


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.fault("kill -9 of the module before each change that it makes when it removes", OUTCOME)
def test_removing_module_killed(amount: str, direct: NewDirect, mirror_directory: str, record_property: Note) -> None:
    scene = removal(direct("alpine", DISK), mirror_directory)
    at_changes(scene, 6 if amount == "few" else 40)
    _count(scene, record_property)


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.parametrize("part", ["stage", "module"])
@pytest.mark.fault(
    "a connection lost while the sh stage or the module runs, which live on beside the next run",
    "the linked interpreter works or there was none; the next run converges, and of the other nothing is left",
)
def test_lost_connection(
    part: Part, amount: str, direct: NewDirect, mirror_directory: str, record_property: Note
) -> None:
    scene = first(direct("alpine", DISK), mirror_directory)
    over_time(scene, part, 2 if amount == "few" else 15, _killed(part, "connection"))
    _count(scene, record_property, "times")
