# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection of OpenSSH's that is lost in the middle of the copy, or while the sh stage or the module runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import pytest

from tests.faults.conftest import reach
from tests.faults.direct import SHARE
from tests.faults.plays import Played, Plays
from tests.faults.relay import Loss, Relay
from tests.faults.scene import first, upgrade
from tests.faults.test_kills import FEW_AND_MANY, Note
from tests.integration.conftest import SshHost
from tests.integration.playbook import Controller
from tests.world.cache import Cache

# Three homes are there at times, of builds larger than those for musl.
_DISK = "--tmpfs=/opt:exec,size=900m"
# ssh gives up after three seconds without an answer.
_IMPATIENT = "-o ServerAliveInterval=1 -o ServerAliveCountMax=3"


@pytest.fixture
def lost(
    request: pytest.FixtureRequest,
    ssh_host: SshHost,
    controller: Controller,
    world: Cache,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[tuple[Plays, Relay]]:
    """An ordinary user with become gets the archive pushed: to sh, or to the module where an older build is."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    target = ssh_host(_DISK, SHARE, ansible_become=True)
    relay = Relay(target.container.address)
    through = {
        "ansible_host": "127.0.0.1",
        "ansible_port": relay.port,
        "ansible_ssh_args": f"{target.variables['ansible_ssh_args']} {_IMPATIENT}",
        "ansible_ssh_timeout": 5,
    }
    target = replace(target, variables={**target.variables, **through})
    scene = request.param(reach(target), str(world.mirror))
    scene.options["transfer"] = "push"
    yield Plays(controller, [Played(target, scene)]), relay
    relay.close()


@pytest.mark.parametrize("amount", FEW_AND_MANY)
@pytest.mark.parametrize(
    ("lost", "part"),
    [
        pytest.param(first, "copy", id="copy"),
        pytest.param(first, "work", id="sh"),
        pytest.param(upgrade, "work", id="module"),
    ],
    indirect=["lost"],
)
@pytest.mark.fault(
    "a connection of ssh's that is cut or falls silent in the middle of the copy, or while sh or the module runs",
    "the host is unreachable, and the linked interpreter works or there was none; the next run converges beside what "
    "may live on there, and of the other nothing is left",
)
def test_lost_ssh(part: Literal["copy", "work"], amount: str, lost: tuple[Plays, Relay], record_property: Note) -> None:
    plays, relay = lost
    plays.restore()
    plays.run()
    copy = max(relay.connections, key=lambda each: each.after - each.before)
    seconds = relay.connections[-1].ended - copy.ended
    losses = 2 if amount == "few" else 12
    count = 0
    for number in range(losses):
        share = (number + 0.5) / losses
        loss: Loss = get_args(Loss)[number % 2]
        relay.restore()
        if part == "copy":
            relay.arm(round(copy.before + share * (copy.after - copy.before)), 0, loss)
        else:
            relay.arm(copy.after, share * seconds, loss)
        count += _lost(plays, relay)
    assert count
    record_property("count", f"{count} times")


def _lost(plays: Plays, relay: Relay) -> bool:
    """Whether the connection was still needed."""
    plays.restore()
    with plays.begun() as run:
        failed = run.wait() != 0
    if failed:
        assert relay.struck, plays.output.read_text()
        assert [outcome.status for outcome in plays.controller.outcomes()] == ["unreachable"]
    plays.look()
    relay.restore()
    plays.run()
    relay.forget()
    plays.settle()
    return failed
