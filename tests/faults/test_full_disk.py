# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No space left, or none of a quota, at every step: refused with the reason, with all as it was; then it converges."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.conftest import NewDirect
from tests.faults.direct import Fill
from tests.faults.disks import made, mounted
from tests.faults.scene import FILLER, at_changes, first, over_time, switch, upgrade
from tests.faults.test_kills import FEW_AND_MANY, Note
from tests.world.cache import Cache

OUTCOME = (
    "refused with the reason, with nothing of the run left and the old interpreter linked, or done all the same; "
    "with space again the next run converges"
)
# The names fill up too: without a limit that takes long.
_DISK = "size=600m,nr_inodes=30000,mode=755"
_QUOTA = "450M"


@contextmanager
def _limited(directory: Path) -> Iterator[Path]:
    """A folder with a quota that root has to keep too: those of btrfs are such."""
    image = made(directory / "image", "2G", "mkfs.btrfs", "--quiet")
    with mounted(directory / "btrfs", "--options=loop", str(image)) as disk:
        folder = disk / "limited"
        for verb, *words in (["quota", "enable"], ["subvolume", "create"], ["qgroup", "limit", _QUOTA]):
            subprocess.run(
                ["btrfs", verb, *words, disk if verb == "quota" else folder], check=True, capture_output=True
            )
        yield folder


@pytest.fixture(params=["disk", pytest.param("quota", marks=pytest.mark.slow)])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """What makes podman mount a folder of this machine as /opt."""
    if request.param == "disk":
        folder = mounted(tmp_path / "disk", "--types=tmpfs", f"--options={_DISK}", "fault")
    else:
        folder = _limited(tmp_path)
    with folder as path:
        yield f"--volume={path}:/opt"


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.fault("a disk or a quota full at any time of the sh stage", OUTCOME)
def test_full_while_sh_stages(amount: str, disk: str, direct: NewDirect, world: Cache, record_property: Note) -> None:
    scene = first(direct("alpine", disk), str(world.mirror))
    path = scene.host.outside(FILLER)
    over_time(scene, "stage", 3 if amount == "few" else 15, lambda _number, after: Fill("stage", after, path))
    record_property("count", f"{scene.faults} times")
    assert scene.faults


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.fault("a disk or a quota full before any change that the module makes in an upgrade", OUTCOME)
def test_full_while_upgrading(amount: str, disk: str, direct: NewDirect, world: Cache, record_property: Note) -> None:
    scene = upgrade(direct("alpine", disk), str(world.mirror))
    scene.host.filler = FILLER
    at_changes(scene, 6 if amount == "few" else 40)
    record_property("count", f"{scene.faults} times")
    assert scene.faults


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.fault("a disk or a quota full before each change that the module makes when it switches", OUTCOME)
def test_full_while_switching(amount: str, disk: str, direct: NewDirect, world: Cache, record_property: Note) -> None:
    scene = switch(direct("alpine", disk), str(world.mirror))
    scene.host.filler = FILLER
    at_changes(scene, 6 if amount == "few" else 40)
    record_property("count", f"{scene.faults} times")
    assert scene.faults
