# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible as the benchmark runs it: a controller of its own, inventories of any size, whole processes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .measure import Sample, sample

RIVALS = Path(__file__).with_name("rivals")


@dataclass(frozen=True)
class Controller:
    """A directory with the controller's home, cache, inventories and playbooks."""

    directory: Path
    collections: Sequence[Path]

    def inventory(self, name: str, hosts: Mapping[str, Mapping[str, Any]], **variables: Any) -> Path:
        """Write an inventory; ``variables`` are for all hosts."""
        path = self.directory / f"{name}.json"
        path.write_text(json.dumps({"all": {"hosts": hosts, "vars": variables}}))
        return path

    def tasks(self, name: str, *tasks: Mapping[str, Any]) -> Path:
        """Write a playbook of these tasks, without facts."""
        path = self.directory / f"{name}.yml"
        path.write_text(json.dumps([{"name": name, "hosts": "all", "gather_facts": False, "tasks": tasks}]))
        return path

    def play(self, playbook: Path, inventory: Path, *, forks: int = 20, **settings: str) -> Sample:
        """Run ansible-playbook; ``settings`` are laid over its environment. Raises BenchError where it fails."""
        command: list[str | Path] = [sys.executable, "-m", "ansible", "playbook", "-i", inventory]
        command += ["--forks", str(forks), playbook]
        return sample(command, env={**self._environment(), **settings}, output=self._output)

    def said(self) -> str:
        """What the last run of ansible-playbook printed."""
        return self._output.read_text(errors="replace")

    @property
    def _output(self) -> Path:
        return self.directory / "output.txt"

    def _environment(self) -> dict[str, str]:
        home = self.directory / "home"
        home.mkdir(exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        return {
            **kept,
            "HOME": str(home),
            "XDG_CACHE_HOME": str(self.directory / "cache"),
            "ANSIBLE_HOME": str(home / ".ansible"),
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(map(str, self.collections)),
            "ANSIBLE_LIBRARY": str(RIVALS / "library"),
            "ANSIBLE_CONNECTION_PLUGINS": str(RIVALS / "connection"),
            "ANSIBLE_HOST_KEY_CHECKING": "0",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "ANSIBLE_DEPRECATION_WARNINGS": "0",
            "ANSIBLE_NOCOLOR": "1",
            # What ansible-playbook sets for itself when it is started as a program.
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        }
