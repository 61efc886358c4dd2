# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task costs on the way to the host: the processes that the connection starts are counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Interpreter, NewHost, SshHost
from tests.integration.counter import Counter
from tests.integration.playbook import Controller
from tests.integration.target import Target
from tests.world.server import MirrorServer


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter(tmp_path / "counter")


@pytest.mark.leg
def test_each_run_costs_what_it_needs(
    new_host: NewHost, interpreter: Interpreter, counter: Counter, mirror: MirrorServer
) -> None:
    target = counter.before(new_host("debian12"))
    options: dict[str, Any] = {"version": ["3.12", "3.13"], "links": ["/usr/local/bin/python3.13"]}

    assert interpreter(target, "3.12", "--check").ok()["changed"]
    assert counter.starts() == ["podman exec"]
    assert interpreter(target, "3.12").ok()["changed"]
    assert len(counter.starts()) > 1

    # The means to install are asked for only where they are needed.
    assert interpreter(target, options["version"], "--check", links=options["links"]).ok()["changed"]
    assert counter.starts() == ["podman exec", "podman exec"]
    assert interpreter(target, **options).ok()["changed"]
    assert len(counter.starts()) > 1
    assert [request.path for request in mirror.requests if request.path.endswith(".tar.gz")]
    _nothing_to_do(target, interpreter, counter, mirror, **options)
    assert not interpreter(target, "3.12", "--check").ok()["changed"]
    assert counter.starts() == ["podman exec"]


@pytest.mark.parametrize("image", ["debian12-python3", "alpine"])
def test_no_change_is_one_round_trip_and_asks_no_source(
    image: str, new_host: NewHost, interpreter: Interpreter, counter: Counter, mirror: MirrorServer
) -> None:
    target = counter.before(new_host(image))
    assert interpreter(target).ok()["changed"]
    assert len(counter.starts()) > 1
    _nothing_to_do(target, interpreter, counter, mirror)


def _nothing_to_do(
    target: Target, interpreter: Interpreter, counter: Counter, mirror: MirrorServer, **options: Any
) -> None:
    mirror.requests.clear()
    for given in (options, {"version": "3.11", "state": "absent"}):
        assert not interpreter(target, **given).ok()["changed"]
        assert counter.starts() == ["podman exec"]
        assert mirror.requests == []


def test_over_ssh_with_become_too(
    ssh_host: SshHost, interpreter: Interpreter, counter: Counter, mirror: MirrorServer
) -> None:
    target = counter.before(ssh_host(ansible_become=True))
    assert interpreter(target).ok()["changed"]
    # Nothing there downloads. The probe, the temporary directory, the files of archive and script, the script, the
    # module's file, the module.
    assert [start.split()[0] for start in counter.starts()] == ["ssh", "ssh", "sftp", "sftp", "ssh", "sftp", "ssh"]
    assert target.sh("ls /home/deploy/.ansible/tmp") == ""
    # What was installed downloads. The probe twice, whether that Python will do, the temporary directory, the module's
    # file, the module.
    assert interpreter(target, ["3.12", "3.13"]).ok()["changed"]
    assert [start.split()[0] for start in counter.starts()] == ["ssh", "ssh", "ssh", "ssh", "sftp", "ssh"]
    mirror.requests.clear()
    assert not interpreter(target).ok()["changed"]
    assert [start.split()[0] for start in counter.starts()] == ["ssh"]
    assert mirror.requests == []


def test_platform_info_is_one_round_trip(new_host: NewHost, controller: Controller, counter: Counter) -> None:
    target = counter.before(new_host("alpine"))
    [outcome] = controller.play({target.name: target.variables}, [{"fleet.python.platform_info": {}}]).outcomes
    platform = outcome.ok()["platform"]
    assert (platform["arch"], platform["libc"]) == ("x86_64", "musl")
    assert counter.starts() == ["podman exec"]
