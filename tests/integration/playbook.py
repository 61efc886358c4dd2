# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real ansible-playbook processes, with a controller's directory of their own and nothing of the user's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PLUGINS = Path(__file__).with_name("plugins")
# What a process needs of the caller's environment; ANSIBLE_*, proxies and XDG_* are left behind.
_KEPT = ("PATH", "LANG", "TMPDIR", "CONTAINERS_CONF")


@dataclass(frozen=True)
class Outcome:
    """What became of one task on one host. ``status`` is ok, failed, unreachable or skipped."""

    host: str
    task: str
    status: str
    result: dict[str, Any]

    def ok(self) -> dict[str, Any]:
        """The result of a task that must have gone well."""
        assert self.status == "ok", f"{self.task} on {self.host}: {self.status}: {self.result}"
        return self.result

    def refusal(self) -> str:
        """The message of a task that must have failed, with a sentence and not with a traceback."""
        assert self.status == "failed", f"{self.task} on {self.host} should fail: {self.status}: {self.result}"
        message = str(self.result.get("msg", ""))
        assert message.startswith(f"{self.host}: "), f"the message does not begin with its host: {message}"
        assert "Traceback" not in json.dumps(self.result), self.result
        return message


def plannable(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What check mode can tell of each interpreter: which way its bytes take is known when they have taken it."""
    travel = ("transfer", "transfer_reason", "sent_bytes", "pulled_bytes", "delta", "delta_reason")
    return [{key: value for key, value in each.items() if key not in travel} for each in result["interpreters"]]


@dataclass(frozen=True)
class Run:
    """One run of ansible-playbook: its exit status, the outcomes in their order, and all that it printed."""

    status: int
    outcomes: tuple[Outcome, ...]
    output: str


class Controller:
    """A controller whose home, cache and configuration are in ``directory``, fresh for each test."""

    def __init__(self, directory: Path, collections: Sequence[Path]) -> None:
        self.directory = directory
        self.cache = directory / "cache"
        self.home = directory / "home"
        self.home.mkdir(parents=True)
        configuration = directory / "ansible.cfg"
        configuration.touch()
        self._variables = {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.cache),
            "ANSIBLE_HOME": str(self.home / ".ansible"),
            "ANSIBLE_CONFIG": str(configuration),
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(map(str, collections)),
            "ANSIBLE_CALLBACK_PLUGINS": str(_PLUGINS / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def play(
        self,
        hosts: Mapping[str, Mapping[str, Any]],
        tasks: Sequence[Mapping[str, Any]],
        *,
        arguments: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
        launcher: Sequence[str] = (),
        **keywords: Any,
    ) -> Run:
        """Run ``tasks`` on ``hosts`` (name to variables); ``keywords`` go into the play, ``arguments`` to the command.

        ``variables`` are laid over the environment; ``launcher`` is a command that runs the command after it.
        """
        play = {"hosts": "all", "gather_facts": False, "tasks": [*tasks], **keywords}
        return self.plays(hosts, [play], arguments=arguments, variables=variables, launcher=launcher)

    def plays(
        self,
        hosts: Mapping[str, Mapping[str, Any]],
        plays: Sequence[Mapping[str, Any]],
        *,
        arguments: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
        launcher: Sequence[str] = (),
    ) -> Run:
        """Run a playbook of ``plays``, as they are; the rest as for `play`."""
        playbook = self.directory / "play.yml"
        playbook.write_text(json.dumps(list(plays)))
        return self._run(str(playbook), hosts, arguments, variables or {}, launcher)

    def playbook(
        self,
        name: str,
        hosts: Mapping[str, Mapping[str, Any]],
        extra: Mapping[str, Any],
        *,
        arguments: Sequence[str] = (),
        launcher: Sequence[str] = (),
    ) -> Run:
        """Run a playbook of the collection on ``hosts``, with ``extra`` variables; the rest as in `play`."""
        return self._run(name, hosts, ["-e", json.dumps(extra), *arguments], {}, launcher)

    def started(
        self, hosts: Mapping[str, Mapping[str, Any]], tasks: Sequence[Mapping[str, Any]], output: Path
    ) -> subprocess.Popen[bytes]:
        """A run as of `play` that has begun, for tests that end it; what it prints goes into the file ``output``."""
        playbook = self.directory / "play.yml"
        playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [*tasks]}]))
        with open(output, "wb") as file:
            return subprocess.Popen(
                self._command(str(playbook), hosts, ()),
                env=self._environment(),
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def shell(self, script: str, launcher: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run commands as a person would type them, in the controller's directory."""
        command = [*launcher, "/bin/sh", "-euc", script]
        return subprocess.run(
            command, env=self._environment(), cwd=self.directory, capture_output=True, text=True, check=False
        )

    @property
    def record(self) -> Path:
        """Where the outcomes of the latest run are. All processes of a run have its name in their environment."""
        return self.directory / "record.jsonl"

    def outcomes(self) -> tuple[Outcome, ...]:
        """Those of the latest run, in their order."""
        return tuple(Outcome(**json.loads(line)) for line in self.record.read_text().splitlines())

    def _run(
        self,
        playbook: str,
        hosts: Mapping[str, Mapping[str, Any]],
        arguments: Sequence[str],
        variables: Mapping[str, str],
        launcher: Sequence[str],
    ) -> Run:
        done = subprocess.run(
            [*launcher, *self._command(playbook, hosts, arguments)],
            env={**self._environment(), **variables},
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        outcomes = self.outcomes()
        assert outcomes, f"ansible-playbook ran no task:\n{done.stdout}"
        assert "[DEPRECATION WARNING]" not in done.stdout, done.stdout
        return Run(done.returncode, outcomes, done.stdout)

    def _command(self, playbook: str, hosts: Mapping[str, Mapping[str, Any]], arguments: Sequence[str]) -> list[str]:
        inventory = self.directory / "inventory.json"
        inventory.write_text(json.dumps({"all": {"hosts": {name: dict(each) for name, each in hosts.items()}}}))
        self.record.write_text("")
        return [sys.executable, "-m", "ansible", "playbook", "-i", str(inventory), *arguments, playbook]

    def _environment(self) -> dict[str, str]:
        return {**self._variables, "FLEET_PYTHON_RECORD": str(self.record)}
