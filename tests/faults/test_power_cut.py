# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A power cut: what the kernel has not yet written to the disk is lost, and the host comes up with what is there."""

from __future__ import annotations

import subprocess
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.conftest import NewDirect, reach
from tests.faults.direct import SHARE, KilledError
from tests.faults.disks import made, mounted
from tests.faults.scene import Scene, changes, upgrade
from tests.faults.test_kills import FEW_AND_MANY, Note
from tests.integration.target import Target
from tests.world import hosts
from tests.world.cache import Cache


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.fault(
    "a power cut at any change that the module makes in an upgrade: only what is on the disk by then is there after it",
    "the linked interpreter is the old or the new one, each file of it whole; the next run converges and leaves "
    "nothing behind",
)
def test_power_cut(amount: str, direct: NewDirect, world: Cache, record_property: Note, tmp_path: Path) -> None:
    image = made(tmp_path / "image", "1G", "mkfs.ext4", "-q")
    with mounted(tmp_path / "disk", "--options=loop", str(image)) as disk:
        scene = upgrade(direct("alpine", f"--volume={disk}:/opt"), str(world.mirror))
        for at in changes(scene, 4 if amount == "few" else 30, beyond=True):
            scene.restore()
            subprocess.run(["sync", "--file-system", disk], check=True)
            scene.host.at = at
            try:
                scene.task()
            except KilledError:
                scene.faults += 1
            # The file behind the disk has what was written by now, and not what still waits in memory.
            then = tmp_path / f"then-{at}"
            subprocess.run(["cp", "--sparse=always", image, then], check=True)
            scene.host.at = 0
            _comes_up(scene, then)
            then.unlink()
    assert scene.faults
    record_property("count", f"{scene.faults} cuts, and one after the end")


def _comes_up(scene: Scene, image: Path) -> None:
    with mounted(Path(f"{image}-disk"), "--options=loop", str(image)) as disk:
        options = (SHARE, f"--volume={disk}:/opt")
        with hosts.host("alpine", f"h-{uuid.uuid4().hex[:12]}", options) as container:
            after = replace(scene, host=reach(Target("alpine", container, {})))
            after.works(must=True)
            _whole(after)
            after.task()
            assert not after.task()["changed"]
            _whole(after)
            after.settled()


def _whole(scene: Scene) -> None:
    """Nothing to repair, by each file's digest."""
    given = {**scene.given(), "state": "present", "verify": "deep"}
    done = scene.host.act(scene.version, **given)
    assert [each["action"] for each in done["interpreters"]] == ["kept"]
