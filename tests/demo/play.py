# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real runs of playbooks/site.yml, and what became of each host."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.gates.places import COLLECTION, COLLECTIONS, REPOSITORY, link
from tests.world.cache import Cache
from tests.world.podman import podman_environment, unavailable

from .machines import Machine

_CALLBACKS: Final = Path(__file__).with_name("callback")
_SAY_VERSION: Final = "import platform, ssl; print(platform.python_version())"


class DemoError(Exception):
    """The demo did not go as it must."""


@dataclass(frozen=True)
class HostRun:
    """One host in one run: its task's result, the seconds that it took, and whether Ansible counts a change."""

    name: str
    result: dict[str, Any]
    seconds: float
    changed: bool


class Play:
    """The inventory of the demo, against which the playbook runs as often as asked for."""

    def __init__(self, machines: Sequence[Machine], mirror: str, version: str) -> None:
        self._machines = {machine.name: machine for machine in machines}
        variables = {
            "interpreter_version": [version],
            "interpreter_source": [mirror],
            # The mirror's builds are packed anew: their digests are its own, not upstream's.
            "interpreter_catalogue": "source",
            "interpreter_insecure_source": True,
        }
        named = {machine.name: machine.variables for machine in machines}
        self._inventory = {"all": {"vars": variables, "hosts": named}}
        self._environment = _environment(mirror)

    def run(self, scratch: Path) -> list[HostRun]:
        """Run the playbook, its output to the terminal. Raises DemoError where it fails on a host."""
        scratch.mkdir()
        results = scratch / "results.jsonl"
        self._run_playbook("site.yml", scratch, results)
        return host_runs(results, list(self._machines))

    def report(self, scratch: Path, page: Path) -> None:
        """Write the page of the report. Raises DemoError where that fails."""
        scratch.mkdir()
        self._run_playbook("report.yml", scratch, scratch / "results.jsonl", "-e", f"report_html={page}")

    def _run_playbook(self, name: str, scratch: Path, results: Path, *options: str) -> None:
        inventory = scratch / "inventory.json"
        inventory.write_text(json.dumps(self._inventory), encoding="utf-8")
        command = [_ansible_playbook(), "-i", str(inventory), f"playbooks/{name}", *options]
        done = subprocess.run(
            command,
            cwd=REPOSITORY,
            env={**self._environment, "FLEET_PYTHON_DEMO_RESULTS": str(results)},
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            raise DemoError(f"ansible-playbook ended with exit status {done.returncode}; its own words are above")

    def versions_by_interpreters(self, runs: Sequence[HostRun]) -> list[str]:
        """The version that each interpreter says, started past Ansible. Raises DemoError where it is another one."""
        said = []
        for run in runs:
            [found] = run.result["interpreters"]
            version = self._machines[run.name].says(found["interpreter"], "-I", "-c", _SAY_VERSION)
            if version != found["version"]:
                raise DemoError(f"{found['interpreter']} on {run.name} is {version}, and should be {found['version']}")
            said.append(version)
        return said


def host_runs(results: Path, names: Sequence[str]) -> list[HostRun]:
    """What the callback wrote of these hosts. Raises DemoError where one of them is missing."""
    lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    tasks = {line["host"]: line for line in lines if line["kind"] == "task"}
    changes = {line["host"]: line["changed"] for line in lines if line["kind"] == "host"}
    missing = [name for name in names if name not in tasks or name not in changes]
    if missing:
        raise DemoError(f"ansible-playbook says nothing of {', '.join(missing)}")
    return [HostRun(name, tasks[name]["result"], tasks[name]["seconds"], changes[name] > 0) for name in names]


def _ansible_playbook() -> str:
    found = shutil.which("ansible-playbook")
    if found is None:
        raise DemoError("no ansible-playbook on PATH: run make demo, which sets up one of its own")
    return found


def _environment(mirror: str) -> dict[str, str]:
    cache = Cache()
    link(COLLECTIONS / COLLECTION, REPOSITORY)
    # A proxy of the user's does not reach the mirror.
    past_proxy = ",".join(filter(None, [os.environ.get("no_proxy"), str(urlsplit(mirror).hostname)]))
    return {
        **os.environ,
        **({} if unavailable() else podman_environment(cache)),
        "ANSIBLE_COLLECTIONS_PATH": f"{COLLECTIONS}{os.pathsep}{cache.collections}",
        "ANSIBLE_CALLBACK_PLUGINS": str(_CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "fleet.python.summary,demo_results",
        "ANSIBLE_NOCOWS": "1",
        "no_proxy": past_proxy,
        "NO_PROXY": past_proxy,
    }
