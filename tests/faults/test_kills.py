# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at every step: the linked interpreter works or there was none, and the next run leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from tests.faults.conftest import NewDirect
from tests.faults.direct import Direct, Kill, KilledError, Part
from tests.world.cache import Cache

ROOT = "/opt/python"
LINK = f"{ROOT}/3.12"
# A memory disk: what is tested is the order of the changes, and 200 runs take their time.
DISK = "--tmpfs=/opt:exec,size=600m"
OLD, NEW = "3.12.2", "3.12.6"
OUTCOME = "the linked interpreter works or there was none; the next run converges and leaves nothing behind"


@dataclass
class Scene:
    """A host, the task whose run is killed, and the state from which it starts."""

    host: Direct
    mirror: str
    version: str
    options: dict[str, Any] = field(default_factory=dict)
    linked_before: bool = False
    kills: int = 0
    ended: int = 0

    def task(self) -> dict[str, Any]:
        common: dict[str, Any] = {"source": [self.mirror], "catalogue": "source", "compile_bytecode": False}
        return self.host.act(self.version, **{**common, **self.options})

    def save(self) -> None:
        self.host.sh('rm -rf /opt/saved; [ ! -d "$1" ] || cp -a "$1" /opt/saved', ROOT)

    def restore(self) -> None:
        self.host.sh('rm -rf "$1"; [ ! -d /opt/saved ] || cp -a /opt/saved "$1"', ROOT)

    def attempt(self, arm: Callable[[Direct], None]) -> None:
        """Kill one run, look at the host, run again, look at it again."""
        self.restore()
        arm(self.host)
        try:
            self.task()
            self.ended += 1
        except KilledError:
            self.kills += 1
            self._works(must=self.linked_before and self.options.get("state") != "absent")
        finally:
            self.host.kill, self.host.kill_at = None, 0
        self.task()
        self._settled()
        assert not self.task()["changed"]

    def _works(self, must: bool) -> None:
        state = self.host.sh('[ ! -h "$1" ] || "$1/bin/python3.12" -c "import ssl, json; print(1)"', LINK)
        assert state == "1\n" or (state == "" and not must)

    def _settled(self) -> None:
        if self.options.get("state") == "absent":
            assert self.host.sh('ls -A "$1" 2>/dev/null || :', ROOT) == ""
            assert self.host.sh("ls -A /opt").split() in (["saved"], [])
            return
        self._works(must=True)
        assert self.host.sh('ls -A "$1/.staging"', ROOT) == ""
        here = set(self.host.sh('ls -A "$1"', ROOT).split())
        homes = {name for name in here if name.startswith("cpython-")}
        assert here - homes <= {".lock", ".staging", "3.12", ".3.12.previous"}, here
        assert len(homes) == (1 if self.options.get("keep") == 0 or not self.linked_before else 2), here
        assert self.host.sh('[ ! -h "$1/.3.12.previous" ] || [ -e "$1/.3.12.previous" ] || echo dangling', ROOT) == ""


@pytest.fixture
def mirror_directory(world: Cache) -> str:
    return str(world.mirror)


def _first(direct: NewDirect, mirror: str) -> Scene:
    return Scene(direct("alpine", DISK), mirror, OLD)


def _upgrade(direct: NewDirect, mirror: str) -> Scene:
    scene = _first(direct, mirror)
    scene.task()
    scene.save()
    scene.version, scene.options, scene.linked_before = "3.12", {"state": "latest", "keep": 0}, True
    return scene


def _over_time(scene: Scene, part: Part, kills: int, most: float = 1.0) -> None:
    """Kills spread evenly over how long that part takes when nothing kills it; every second one takes its children."""
    scene.restore()
    scene.task()
    seconds = scene.host.seconds[part] * most
    for number in range(kills):
        after = seconds * (number + 0.5) / kills
        scene.attempt(partial(_arm, part=part, after=after, alone=bool(number % 2)))


def _arm(host: Direct, part: Part, after: float, alone: bool) -> None:
    host.kill = Kill(part, after, alone=alone)


def _at_steps(scene: Scene, kills: int) -> None:
    """Kills before changes of the module; all of the last ones, where things come into use, then evenly."""
    scene.restore()
    scene.task()
    count = scene.host.changing
    last = list(range(max(1, count - kills // 2), count + 1))
    spread = [1 + round(number * count / (kills - len(last) or 1)) for number in range(kills - len(last))]
    for at in sorted({*last, *spread}):
        scene.attempt(partial(_arm_at, at=at))


def _arm_at(host: Direct, at: int) -> None:
    host.kill_at = at


def _count(scene: Scene, record_property: Callable[[str, object], None]) -> None:
    assert scene.kills
    record_property("count", f"{scene.kills} kills")


FEW_AND_MANY = [pytest.param("few"), pytest.param("many", marks=pytest.mark.slow)]


def _number(amount: str, few: int, many: int) -> int:
    return few if amount == "few" else many


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.fault("kill -9 of the sh stage, on a host without Python", OUTCOME)
def test_sh_stage_killed(
    amount: str, direct: NewDirect, mirror_directory: str, record_property: Callable[[str, object], None]
) -> None:
    scene = _first(direct, mirror_directory)
    _over_time(scene, "stage", _number(amount, 5, 50))
    _count(scene, record_property)


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.fault("kill -9 of the module that runs from its stage", OUTCOME)
def test_first_module_killed(
    amount: str, direct: NewDirect, mirror_directory: str, record_property: Callable[[str, object], None]
) -> None:
    scene = _first(direct, mirror_directory)
    _over_time(scene, "module", _number(amount, 3, 35))
    _count(scene, record_property)


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.fault("kill -9 of the module at any time of an upgrade", OUTCOME)
def test_upgrading_module_killed(
    amount: str, direct: NewDirect, mirror_directory: str, record_property: Callable[[str, object], None]
) -> None:
    scene = _upgrade(direct, mirror_directory)
    _over_time(scene, "module", _number(amount, 3, 35))
    _count(scene, record_property)


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.fault("kill -9 of the module before each change that it makes when it switches and prunes", OUTCOME)
def test_switching_module_killed(
    amount: str, direct: NewDirect, mirror_directory: str, record_property: Callable[[str, object], None]
) -> None:
    """Both homes are there; the link is switched, and what is one too many goes."""
    scene = _upgrade(direct, mirror_directory)
    scene.options = {"state": "latest"}
    scene.task()
    scene.options = {"state": "previous"}
    scene.task()
    scene.save()
    scene.options = {"state": "latest", "keep": 0}
    _at_steps(scene, _number(amount, 14, 60))
    _count(scene, record_property)


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.fault("kill -9 of the module before each change that it makes when it removes", OUTCOME)
def test_removing_module_killed(
    amount: str, direct: NewDirect, mirror_directory: str, record_property: Callable[[str, object], None]
) -> None:
    scene = _upgrade(direct, mirror_directory)
    scene.options = {"state": "absent"}
    _at_steps(scene, _number(amount, 8, 25))
    _count(scene, record_property)
