# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job in slices, as AWX makes them: four workers of ansible-runner at once, of which one is killed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.integration.playbook import Controller
from tests.world.server import MirrorServer

_HOSTS = 40
_WORKERS = 4
_MARK = "FLEET_PYTHON_SLICE"


def runner() -> str:
    found = Path(sys.executable).with_name("ansible-runner")
    if not found.is_file():
        pytest.skip("ansible-runner is not installed here: the main leg has it")
    return str(found)


class Fleet:
    """Hosts on this machine: a host is a root of its own, with one Python that is there and one that is asked for."""

    def __init__(self, directory: Path, collections: Sequence[Path], mirror: str) -> None:
        self.directory = directory
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        self.hosts = {
            f"host{number:02}": local | {"interpreter_root": str(directory / "roots" / f"host{number:02}")}
            for number in range(_HOSTS)
        }
        self.asked = {
            "interpreter_version": ["3.13"],
            "interpreter_source": [mirror],
            "interpreter_catalogue": "source",
            "interpreter_insecure_source": True,
            "interpreter_compile_bytecode": False,
            "interpreter_transfer": "push",
        }
        (directory / "roots").mkdir(parents=True)
        self._variables = {
            **os.environ,
            "HOME": str(directory),
            # What the workers share.
            "XDG_CACHE_HOME": str(directory / "cache"),
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(map(str, collections)),
            "ANSIBLE_NOCOLOR": "1",
        }

    def job(self, number: int) -> bytes:
        """The slice of a number as it is sent to a worker. AWX takes every fourth host too."""
        slice_ = dict(list(self.hosts.items())[number::_WORKERS])
        directory = self.directory / f"job{number}"
        for name, content in {
            "inventory/hosts.json": {"all": {"hosts": slice_}},
            "env/extravars": self.asked,
            "project/none.json": {},
        }.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content))
        command = [runner(), "transmit", str(directory), "--playbook=fleet.python.site", "--forks=2"]
        return subprocess.run(command, env=self._variables, stdout=subprocess.PIPE, check=True).stdout

    @contextmanager
    def worker(self, number: int) -> Iterator[subprocess.Popen[bytes]]:
        """A worker with its slice; what it says is in the file of its number."""
        (self.directory / f"sent{number}").write_bytes(self.job(number))
        with (
            open(self.directory / f"sent{number}", "rb") as sent,
            open(self.directory / f"events{number}", "wb") as events,
            subprocess.Popen(
                [runner(), "worker", f"--private-data-dir={self.directory / f'worker{number}'}"],
                env={**self._variables, _MARK: f"{self.directory}:{number}"},
                stdin=sent,
                stdout=events,
            ) as process,
        ):
            yield process

    def kill(self, number: int) -> None:
        """The end of an executor: kill -9 of the worker and of all that it has started."""
        mark = f"{_MARK}={self.directory}:{number}".encode()
        while found := [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _has(pid, mark)]:
            for pid in found:
                os.kill(pid, signal.SIGKILL)

    def recap(self, number: int) -> dict[str, dict[str, int]]:
        """The counts of each host, out of what came back from the worker."""
        with open(self.directory / f"events{number}", "rb") as events:
            command = [runner(), "process", str(self.directory / f"processed{number}-{time.monotonic_ns()}")]
            said = subprocess.run(
                command, env=self._variables, stdin=events, stdout=subprocess.PIPE, check=False
            ).stdout
        rows = re.findall(r"^(host\d+) +: (ok=.*)$", said.decode(), re.MULTILINE)
        return {
            host: {key: int(value) for key, _equals, value in (word.partition("=") for word in counts.split())}
            for host, counts in rows
        }


def _has(pid: int, mark: bytes) -> bool:
    """Whether a process that lives has a variable in its environment."""
    try:
        # That of a zombie is empty.
        return mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


@pytest.mark.slow
def test_four_workers_and_one_is_killed(
    tmp_path: Path, collections: tuple[Path, ...], controller: Controller, mirror: MirrorServer
) -> None:
    fleet = Fleet(tmp_path / "fleet", collections, mirror.url)
    links = [Path(str(host["interpreter_root"]), "3.13") for host in fleet.hosts.values()]
    with fleet.worker(0) as first, fleet.worker(1) as one, fleet.worker(2) as two, fleet.worker(3) as three:
        # In the middle: one of its hosts is done, and others are not.
        while first.poll() is None and not any(link.is_symlink() for link in links[0::_WORKERS]):
            with suppress(subprocess.TimeoutExpired):
                first.wait(timeout=0.05)
        assert first.poll() is None
        fleet.kill(0)
        assert [each.wait() for each in (one, two, three)] == [0, 0, 0]
    done = [link.is_symlink() for link in links[0::_WORKERS]]
    assert any(done)
    assert not all(done)
    for number in (1, 2, 3):
        recap = fleet.recap(number)
        assert len(recap) == _HOSTS / _WORKERS
        assert all(counts["changed"] == 1 and not counts["failed"] for counts in recap.values())

    # Its slice again, and what it has done is kept.
    with fleet.worker(0) as again:
        assert again.wait() == 0
    recap = fleet.recap(0)
    assert sorted(counts["changed"] for counts in recap.values()) == sorted(int(not each) for each in done)
    # For all of them, and for both runs of the slice, the source gave the archive once.
    assert [request.status for request in mirror.requests if request.path.endswith(".tar.gz")] == [200]

    hosts: dict[str, dict[str, Any]] = dict(fleet.hosts)
    site = controller.playbook("fleet.python.site", hosts, fleet.asked, arguments=["--forks=10"])
    assert [outcome.ok()["changed"] for outcome in site.outcomes] == [False] * _HOSTS
    page = tmp_path / "report.json"
    told = controller.playbook("fleet.python.report", hosts, {"report_json": str(page)}, arguments=["--forks=10"])
    assert told.status == 0, told.output
    report = json.loads(page.read_text())
    assert len(report["hosts"]) == _HOSTS
    versions = [home["version"] for host in report["hosts"] for home in host["homes"]]
    assert versions == ["3.13.2"] * _HOSTS
    assert not any(home["damage"] for host in report["hosts"] for home in host["homes"])
