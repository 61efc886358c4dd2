# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook fleet.python.rollout: waves, a wave that fails and goes back, and the run that goes on after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import NewHost, Serve
from tests.integration.playbook import Controller, Run
from tests.integration.target import Target
from tests.world.server import MirrorServer

_OLD, _NEW = "3.12.2", "3.12.6"
# The canary is not the first in the inventory.
_WAVES = {"rollout_hosts": "canary:all", "rollout_waves": [1, 2, "100%"]}
# As an application would: by the Python that it runs on. The file stands for what makes it fail.
_CHECK = "test ! -e {{ interpreter_root }}/../broken && {{ interpreter_root }}/3.12/bin/python3.12 -c 'import ssl'"
_RESTART = "echo restarted >>{{ interpreter_root }}/../restarts"
_SWITCH = "Make the host have the interpreters that are asked for"
Hosts = dict[str, Target]


@pytest.fixture
def fleet(new_host: NewHost) -> Hosts:
    """Four hosts of two containers, one with a Python and one without; a root of its own makes a host of each."""
    debian, alpine = new_host("debian12-python3"), new_host("alpine")
    containers = {"one": debian, "two": alpine, "three": debian, "canary": debian}
    return {
        name: Target(name, target.container, {**target.variables, "interpreter_root": f"/srv/{name}/python"})
        for name, target in containers.items()
    }


Rollout = Callable[..., Run]


@pytest.fixture
def rollout(fleet: Hosts, controller: Controller, mirror: MirrorServer) -> Rollout:
    source = {
        "interpreter_source": [mirror.url],
        "interpreter_catalogue": "source",
        "interpreter_insecure_source": True,
    }
    own = {**source, "interpreter_compile_bytecode": False}

    def run(*arguments: str, playbook: str = "fleet.python.rollout", fleet: Hosts = fleet, **extra: Any) -> Run:
        hosts = {name: target.variables for name, target in fleet.items()}
        return controller.playbook(playbook, hosts, own | extra, arguments=arguments)

    return run


def versions(fleet: Hosts) -> dict[str, str]:
    """What each host runs, by its link; empty where there is none."""
    script = 'test ! -x "$1" || "$1" -c "import platform; print(platform.python_version())"'
    return {
        name: target.sh(script, f"{target.variables['interpreter_root']}/3.12/bin/python3.12").strip()
        for name, target in fleet.items()
    }


def of_task(run: Run, task: str) -> dict[str, Any]:
    """The results of a task that was not skipped, by host."""
    return {each.host: each.result for each in run.outcomes if each.task == task and each.status != "skipped"}


def ended(run: Run) -> dict[str, str]:
    return {host: result["msg"] for host, result in of_task(run, "End with what became of the host").items()}


def restarts(fleet: Hosts, names: Sequence[str]) -> list[int]:
    return [len(fleet[name].sh(f"cat /srv/{name}/restarts 2>/dev/null || :").splitlines()) for name in names]


def test_a_wave_that_fails_goes_back_and_the_next_run_goes_on(
    fleet: Hosts, rollout: Rollout, serve: Serve, tmp_path: Path
) -> None:
    provisioned = rollout(playbook="fleet.python.site", interpreter_version=[_OLD])
    assert provisioned.status == 0, provisioned.output
    lock = str(tmp_path / "python.lock.yml")
    locked = rollout(playbook="fleet.python.lock", lock_versions=["3.12"], lock_path=lock)
    assert locked.status == 0, locked.output
    pinned = {"interpreter_version": ["3.12"], "interpreter_lock": lock}
    asked = {**pinned, **_WAVES, "rollout_check": _CHECK, "rollout_restart": _RESTART}

    dry = rollout("--check", **asked)
    assert dry.status == 0, dry.output
    assert set(versions(fleet).values()) == {_OLD}

    fleet["two"].sh("touch /srv/two/broken")
    failed = rollout(**asked)
    assert failed.status == 2, failed.output
    # The canary keeps the new one, the wave of the broken host is as it was, and the last wave was not looked at.
    assert versions(fleet) == {"canary": _NEW, "one": _OLD, "two": _OLD, "three": _OLD}
    assert of_task(failed, _SWITCH).keys() == {"canary", "one", "two"}
    assert ended(failed) == {
        "one": f"this host did well, but its wave failed; it went back to {_OLD}",
        "two": f"this host failed; it went back to {_OLD}",
    }
    assert "1 of 2 hosts of this wave failed (two): the wave goes back, and the rollout ends" in failed.output
    # Once for the new build, once more for the old one.
    assert restarts(fleet, ["canary", "one", "two", "three"]) == [1, 2, 2, 0]

    fleet["two"].sh("rm /srv/two/broken")
    mended = rollout(**asked)
    assert mended.status == 0, mended.output
    assert set(versions(fleet).values()) == {_NEW}
    # The canary was done: it was looked at, and nothing else ran there.
    checked = of_task(mended, "Check the host by the command")
    assert checked.keys() == {"one", "two", "three"}
    assert not of_task(mended, _SWITCH)["canary"]["changed"]
    assert restarts(fleet, ["canary", "one", "two", "three"]) == [1, 3, 3, 1]
    site = rollout(playbook="fleet.python.site", **pinned)
    assert [each.ok()["changed"] for each in site.outcomes] == [False] * 4

    # Back by hand, which moves links only, and again: now half of a wave may fail, and another host does not answer.
    back = rollout(playbook="fleet.python.rollback", interpreter_version=["3.12"])
    assert back.status == 0, back.output
    healthy = tmp_path / "health"
    healthy.mkdir()
    for name in ("canary", "one", "three"):
        (healthy / name).touch()
    lost = Target("three", fleet["three"].container, {**fleet["three"].variables, "ansible_host": "fleet-python-none"})
    ran = rollout(
        fleet={**fleet, "three": lost},
        **pinned,
        rollout_hosts="canary:one:two:three",
        rollout_waves=[1, 2],
        rollout_max_fail_percentage=50,
        rollout_check_url=f"{serve(healthy).url}/{{{{ inventory_hostname }}}}",
        rollout_check_retries=1,
        rollout_check_delay=0,
    )
    assert ran.status == 2, ran.output
    # Only the host that failed goes back, and the next wave begins.
    assert ended(ran) == {
        "two": f"this host failed; it went back to {_OLD}",
        "three": "this host failed; it does not answer, and may have been switched",
    }
    assert of_task(ran, "Check the host by the URL")["two"]["attempts"] == 1
    assert versions(fleet) == {"canary": _NEW, "one": _NEW, "two": _OLD, "three": _OLD}
