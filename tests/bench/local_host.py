# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""This machine as a host, without Ansible: the action plugin's own code, and the module in a process that is timed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.fleet.python.plugins.action.interpreter import ActionModule
from ansible_collections.fleet.python.plugins.module_utils._options import interpreter_options
from ansible_collections.fleet.python.plugins.plugin_utils._sources.download import Watch, unwatched

from .measure import BenchError, Sample

# What plugins/modules/interpreter.py does, without AnsibleModule. Its own times tell it from what it starts.
_MODULE = """
import json, resource, sys
sys.dont_write_bytecode = True
sys.path.append(sys.argv[1])
from ansible_collections.fleet.python.plugins.module_utils._home.apply import apply_plan
with open(sys.argv[2]) as file:
    plan = json.load(file)
result = apply_plan(plan)
own = resource.getrusage(resource.RUSAGE_SELF)
# Not ru_maxrss: the size of the process that forked this one counts in it.
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
print(json.dumps({**result, "own_cpu": own.ru_utime + own.ru_stime, "own_peak": peak * 1024}))
"""


@dataclass(frozen=True)
class Applied:
    """One run of the module: its process, its own CPU seconds and memory, and the seconds of each step."""

    process: Sample
    own_cpu: float
    own_peak: int
    steps: Mapping[str, float]


class LocalHost:
    """A host as plugin_utils/_execute/executor.py wants it. ``prefix`` runs the module: ``taskset``, for example."""

    name = "this machine"

    def __init__(self, python: Path, collections: Path, scratch: Path, prefix: Sequence[str] = ()) -> None:
        self._python = python
        self._collections = collections
        self._scratch = scratch
        self._prefix = prefix
        self.applied: list[Applied] = []

    def run(self, command: str) -> dict[str, Any]:
        """Run a command; ``rc``, ``stdout`` and ``stderr``."""
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
        return {"rc": done.returncode, "stdout": done.stdout, "stderr": done.stderr}

    def run_script(self, text: str) -> dict[str, Any]:
        """Run a script; as `run`."""
        return self.run(f"/bin/sh {shlex.quote(self.send_text(text))}")

    def send_text(self, text: str) -> str:
        """Write a text into a file; its path."""
        file = self._scratch / f"text-{uuid.uuid4().hex}"
        file.write_text(text)
        return str(file)

    def send(self, local: Path) -> str:
        """Copy a file; its new path."""
        return str(shutil.copy(str(local), self._scratch))

    def watch(self, what: str) -> Watch:
        """Nobody."""
        return unwatched

    def watched_pull(self, what: str, root: str, stages: str) -> AbstractContextManager[None]:
        """By nobody."""
        return nullcontext()

    def module(self, python: str, plan: Mapping[str, Any]) -> dict[str, Any]:
        """Apply a plan; the module's result. ``python`` is what the plugin would take, the one given is taken."""
        given, told = self._scratch / "plan.json", self._scratch / "result.json"
        given.write_text(json.dumps(dict(plan)))
        command = [*self._prefix, str(self._python), "-I", "-c", _MODULE, str(self._collections), str(given)]
        with open(told, "wb") as out:
            start = time.monotonic()
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out)
            _pid, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - start
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise BenchError(f"the module fails with exit status {process.returncode}")
        result: dict[str, Any] = json.loads(told.read_text())
        steps: dict[str, float] = {}
        for step in result["steps"]:
            steps[step["name"]] = steps.get(step["name"], 0.0) + step["seconds"]
        taken = Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
        self.applied.append(Applied(taken, result.pop("own_cpu"), result.pop("own_peak"), steps))
        return result

    def act(self, **options: Any) -> dict[str, Any]:
        """What the task fleet.python.interpreter does, and its result."""
        defaults = {name: each.get("default") for name, each in interpreter_options().items()}
        action: Any = object.__new__(ActionModule)
        action._task = _Task()
        result: dict[str, Any] = action.act({**defaults, **options}, self)
        return result


class _Task:
    diff = False
    check_mode = False
