# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of ansible-playbook at any time: of its first process, of its workers, of all of them."""

from __future__ import annotations

import subprocess
import time
from typing import Any, get_args

import pytest

from tests.faults.conftest import reach
from tests.faults.direct import SHARE
from tests.faults.plays import Played, Plays, Who
from tests.faults.scene import DISK, first, upgrade
from tests.faults.test_kills import FEW_AND_MANY, OUTCOME, Note
from tests.integration.conftest import NewHost
from tests.integration.playbook import Controller
from tests.world.server import MirrorServer


@pytest.fixture
def plays(
    new_host: NewHost, controller: Controller, mirror: MirrorServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> Plays:
    """Three hosts: one without a Python gets the archive pushed, one pulls it, one is upgraded."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    pushed, pulls, upgraded = (new_host("alpine", DISK, SHARE, name=name) for name in ("pushed", "pulls", "upgraded"))
    scenes = [first(reach(pushed), mirror.url), first(reach(pulls), mirror.url), upgrade(reach(upgraded), mirror.url)]
    scenes[0].options["transfer"] = "push"
    # One that lives on runs from the old build, which stays then.
    scenes[2].options["keep"] = "1"
    return Plays(controller, [Played(*each) for each in zip((pushed, pulls, upgraded), scenes, strict=True)])


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.fault("kill -9 of ansible-playbook, alone, with its workers, or of these alone, on three hosts", OUTCOME)
def test_ansible_killed(amount: str, plays: Plays, record_property: Note) -> None:
    plays.restore()
    # The first run of a controller fills its cache.
    plays.run()
    plays.restore()
    start = time.monotonic()
    plays.run()
    seconds = time.monotonic() - start
    kills = 3 if amount == "few" else 24
    count = 0
    for number in range(kills):
        ended = _killed(plays, number, seconds * (number + 0.5) / kills)
        count += ended is None
        # On a busy machine the next run may be much faster than the last one.
        seconds = min(seconds, ended or seconds)
    assert count
    record_property("count", f"{count} kills")


def _killed(plays: Plays, number: int, after: float) -> float | None:
    """Kills by turns. In how many seconds the run came to its end before that, None where it did not."""
    who: tuple[Who, ...] = get_args(Who)
    plays.restore()
    start = time.monotonic()
    with plays.begun() as run:
        try:
            run.wait(timeout=after)
        except subprocess.TimeoutExpired:
            plays.kill(run, who[number % len(who)])
        ended = time.monotonic() - start if run.wait() == 0 else None
    plays.look()
    plays.run()
    plays.settle()
    return ended
