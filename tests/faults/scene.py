# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host, a task, and the same fault at one step of it after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import StageError
from tests.faults.direct import Direct, Fill, Kill, KilledError, Part
from tests.faults.fill import free

ROOT = "/opt/python"
LINK = f"{ROOT}/3.12"
# A memory disk: what is tested is the order of the changes, and 200 runs take their time.
DISK = "--tmpfs=/opt:exec,size=600m"
OLD = "3.12.2"
FILLER = "/opt/filler"


@dataclass
class Scene:
    """A host, the task in whose run there is a fault, and the state from which it starts."""

    host: Direct
    mirror: str
    version: str
    options: dict[str, Any] = field(default_factory=dict)
    linked_before: bool = False
    faults: int = 0
    """How many runs did not come to their end."""

    def given(self) -> dict[str, Any]:
        """The task's options."""
        common: dict[str, Any] = {"source": [self.mirror], "catalogue": "source", "compile_bytecode": False}
        return {**common, **self.options}

    def task(self) -> dict[str, Any]:
        return self.host.act(self.version, **self.given())

    def save(self) -> None:
        self.host.sh('rm -rf /opt/saved; [ ! -d "$1" ] || cp -a "$1" /opt/saved', ROOT)

    def restore(self) -> None:
        self.host.sh('rm -rf "$1"; [ ! -d /opt/saved ] || cp -a /opt/saved "$1"', ROOT)

    def attempt(self, arm: Callable[[Direct], None]) -> None:
        """Run with a fault, look at the host, run again without it, look at it again."""
        self.restore()
        before = self._seen()
        arm(self.host)
        try:
            self.task()
        except KilledError:
            self.faults += 1
            self.works(must=self.linked_before and self.options.get("state") != "absent")
        except StageError as error:
            self.faults += 1
            self._says_that_it_is_full(error, before)
            self.works(must=self.linked_before)
        finally:
            self.host.fault, self.host.at = None, 0
            free(self.host.outside(FILLER))
        # Whoever has lost the connection goes on.
        self.task()
        self.host.wait_for_orphans()
        assert not self.task()["changed"]
        self.settled()

    def _seen(self) -> str:
        """What users see below the root: homes, links and what these lead to."""
        return self.host.sh(
            'cd "$1" 2>/dev/null || exit 0; for name in * .*.previous .links; do if [ -h "$name" ]; then '
            'echo "$name $(readlink "$name")"; elif [ -e "$name" ]; then echo "$name"; fi; done',
            ROOT,
        )

    def _says_that_it_is_full(self, error: StageError, before: str) -> None:
        # That the host is as it was, or what is different.
        assert bool(error.done) is (self._seen() != before), error.done
        said = str(error)
        assert "No space left on device" in said or "quota exceeded" in said.lower(), said
        # Nothing of the run is left, even on a full disk; but the note of what the next one is to remove.
        left = self.host.sh('cd "$1/.staging" 2>/dev/null && find . -type f || :', ROOT).split()
        assert not left or (said.startswith("remove ") and {path.rpartition("/")[2] for path in left} == {"going"}), (
            said,
            left,
        )

    def works(self, must: bool) -> None:
        """The linked interpreter does, or there is none where there need not be one."""
        state = self.host.sh('[ ! -h "$1" ] || "$1/bin/python3.12" -B -c "import ssl, json; print(1)"', LINK)
        assert state == "1\n" or (state == "" and not must)

    def settled(self) -> None:
        """All is as a run leaves it, and there is nothing else."""
        if self.options.get("state") == "absent":
            assert self.host.sh('ls -A "$1" 2>/dev/null || :', ROOT) == ""
            # Killed before its last call it leaves an empty root, which might as well be somebody's own.
            assert set(self.host.sh("ls -A /opt").split()) <= {"saved", "python"}
            return
        self.works(must=True)
        assert self.host.sh('[ ! -e "$1/.staging" ] || ls -A "$1/.staging"', ROOT) == ""
        here = set(self.host.sh('ls -A "$1"', ROOT).split())
        homes = {name for name in here if name.startswith("cpython-")}
        assert here - homes <= {".lock", ".staging", "3.12", ".3.12.previous"}, here
        assert len(homes) == (1 if self.options.get("keep") == "0" or not self.linked_before else 2), here
        assert self.host.sh('[ ! -h "$1/.3.12.previous" ] || [ -e "$1/.3.12.previous" ] || echo dangling', ROOT) == ""


def first(host: Direct, mirror: str) -> Scene:
    """An installation where nothing was."""
    return Scene(host, mirror, OLD)


def upgrade(host: Direct, mirror: str) -> Scene:
    """The newer build in place of the older one, which goes."""
    scene = first(host, mirror)
    scene.task()
    scene.save()
    scene.version, scene.options, scene.linked_before = "3.12", {"state": "latest", "keep": "0"}, True
    return scene


def switch(host: Direct, mirror: str) -> Scene:
    """Both homes are there; the link is switched, and what is one too many goes."""
    scene = upgrade(host, mirror)
    scene.options = {"state": "latest"}
    scene.task()
    scene.options = {"state": "previous"}
    scene.task()
    scene.save()
    scene.options = {"state": "latest", "keep": "0"}
    return scene


def removal(host: Direct, mirror: str) -> Scene:
    """The only home goes."""
    scene = upgrade(host, mirror)
    scene.options = {"state": "absent"}
    return scene


def over_time(scene: Scene, part: Part, faults: int, make: Callable[[int, float], Kill | Fill]) -> None:
    """Faults spread evenly over how long that part takes without one; ``make`` has their number and their second."""
    scene.restore()
    scene.task()
    seconds = scene.host.seconds[part]
    for number in range(faults):
        fault = make(number, seconds * (number + 0.5) / faults)
        scene.attempt(partial(_arm, fault=fault))


def _arm(host: Direct, fault: Kill | Fill) -> None:
    host.fault = fault


def changes(scene: Scene, faults: int, *, beyond: bool = False) -> list[int]:
    """Numbers of changes that the module makes: the last with which things come into use or go, and others evenly.

    ``beyond``: and one more, which it does not make.
    """
    scene.restore()
    scene.task()
    count, turns = scene.host.changing, scene.host.turns[-max(2, faults - 2) :]
    others = max(2, faults - len(turns))
    spread = [1 + round(number * (count - 1) / (others - 1)) for number in range(others)]
    return sorted({*turns, *spread, *([count + 1] if beyond else [])})


def at_changes(scene: Scene, faults: int) -> None:
    """Faults before changes that the module makes."""
    for at in changes(scene, faults):
        scene.attempt(partial(_arm_at, at=at))


def _arm_at(host: Direct, at: int) -> None:
    host.at = at
