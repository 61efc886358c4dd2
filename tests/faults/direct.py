# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container reached without Ansible: the action plugin's own code, on processes that a test can kill.

What Ansible adds (uploading the module, starting itself) takes most of a run's time, and none of the faults here.
The tests of whole runs kill ansible-playbook too.
"""

from __future__ import annotations

import itertools
import json
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

from ansible_collections.fleet.python.plugins.action.interpreter import ActionModule
from ansible_collections.fleet.python.plugins.module_utils._options import interpreter_options
from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import (
    ConcurrentRunError,
    CrashError,
    IllegalInstructionError,
    StageError,
    UnfitDeltaError,
    UnreachedError,
)
from ansible_collections.fleet.python.plugins.plugin_utils._resume.push import Pushed, Upload
from ansible_collections.fleet.python.plugins.plugin_utils._sources.download import Watch, unwatched
from tests.faults.fill import fill

CHECKOUT = Path(__file__).parents[2]
# Where the hosts of these tests see the collection.
SHARED = "/fleet"
SHARE = f"--volume={CHECKOUT}:{SHARED}/ansible_collections/fleet/python:ro"
# What plugins/modules/interpreter.py does, without AnsibleModule.
_MODULE = """
import json, os, sys
sys.dont_write_bytecode = True
sys.path.append(sys.argv[1])
from ansible_collections.fleet.python.plugins.module_utils._home.apply import apply_plan, sweep_only
from ansible_collections.fleet.python.plugins.module_utils._home.steps import ApplyError
plan = json.load(sys.stdin)
at, filler, steps, filling, turns = int(sys.argv[2]), sys.argv[3], 0, False, []
sys.path.append(sys.argv[1] + "/ansible_collections/fleet/python")
from tests.faults.fill import fill
changing = {"os.mkdir", "os.rename", "os.symlink", "os.remove", "os.rmdir", "os.link", "os.chmod", "fcntl.flock",
            "subprocess.Popen", "shutil.rmtree"}
def step(event, found):
    global steps, filling
    if filling:
        return
    if event in changing or (event == "open" and isinstance(found[2], int) and found[2] & (os.O_WRONLY | os.O_RDWR)):
        steps += 1
        if event in ("os.rename", "os.symlink", "shutil.rmtree"):
            turns.append(steps)
        if steps == at and filler:
            filling = True
            fill(filler)
            filling = False
        elif steps == at:
            os.kill(os.getpid(), 9)
sys.addaudithook(step)
try:
    result = sweep_only(plan["root"]) if plan.get("sweep_only") else apply_plan(plan)
except ApplyError as error:
    kinds = ("illegal_instruction", "concurrent_run", "unreached", "unfit_delta")
    result = {"msg": str(error), "done": list(error.done), **{kind: getattr(error, kind) for kind in kinds}}
print(json.dumps({**result, "changing": steps, "turns": turns}))
"""

Part = Literal["stage", "module"]


def wait_for(processes: Iterable[int]) -> None:
    """Wait until they have ended, whoever their parents are."""
    for process in processes:
        with suppress(ProcessLookupError):
            ended = os.pidfd_open(process)
            select.select([ended], [], [])
            os.close(ended)


class KilledError(Exception):
    """The process that the test wanted dead is dead, and its run with it."""


How = Literal["alone", "family", "connection"]


class Kill:
    """Kill the run's process of one part, ``after`` seconds from its start.

    ``alone``, or with its ``family``: all that it has started. Or the ``connection``, and the process lives on.
    """

    def __init__(self, part: Part, after: float, how: How) -> None:
        self.part = part
        self.after = after
        self.how = how
        self.done = False

    def wait(self, process: subprocess.Popen[str], text: str | None) -> tuple[str, str]:
        """The process's output, as Popen.communicate gives it. Raises KilledError where it was still running."""
        timer = threading.Timer(self.after, self._strike, (process,))
        timer.start()
        try:
            output = process.communicate(text)
        finally:
            timer.cancel()
            timer.join()
        if self.done:
            raise KilledError
        return output

    def _strike(self, process: subprocess.Popen[str]) -> None:
        # nsenter waits for its child, which is the process in question.
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        inside = children.read_text().split() if children.exists() else []
        if process.poll() is None and inside:
            self.done = True
            if self.how == "family":
                os.killpg(process.pid, signal.SIGKILL)
            else:
                if self.how == "alone":
                    os.kill(int(inside[0]), signal.SIGKILL)
                # What it has started keeps its pipes open; a connection that is gone waits for nobody.
                os.kill(process.pid, signal.SIGKILL)
                for stream in (process.stdout, process.stderr):
                    assert stream
                    os.set_blocking(stream.fileno(), False)


class Fill:
    """Fill the disk of that folder of the host, ``after`` seconds from the start of the run's process of one part."""

    def __init__(self, part: Part, after: float, path: str) -> None:
        self.part = part
        self.after = after
        self.path = path

    def wait(self, process: subprocess.Popen[str], text: str | None) -> tuple[str, str]:
        """The process's output, as Popen.communicate gives it."""
        timer = threading.Timer(self.after, fill, (self.path,))
        timer.start()
        try:
            return process.communicate(text)
        finally:
            timer.cancel()
            timer.join()


class Direct:
    """A host for plugin_utils/_execute/executor.py, by nsenter(1) into a container; each process in its own group."""

    _numbers = itertools.count()

    def __init__(self, name: str, pid: int) -> None:
        self.name = name
        self._pid = pid
        self._enter = ["nsenter", f"--target={pid}", "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd"]
        self.fault: Kill | Fill | None = None
        self.at = 0
        """The module dies before it makes the change of this number on the host; 0: it lives."""
        self.filler = ""
        """Where the disk is filled before that change, in place of the death."""
        self.inbox = "/tmp"
        """Where files are sent to."""
        self.seconds: dict[str, float] = {}
        self.changing = 0
        """How many changes the module has made that ran last."""
        self.turns: list[int] = []
        """The numbers of those that bring into use or take out of it."""

    def twin(self) -> Direct:
        """The same host, as another controller reaches it."""
        return Direct(self.name, self._pid)

    def outside(self, path: str) -> str:
        """A path of the host, as this machine sees it."""
        return f"/proc/{self._pid}/root{path}"

    def running(self) -> set[int]:
        """What runs on the host but for what it was started with, by this machine's process numbers."""
        space = os.readlink(f"/proc/{self._pid}/ns/pid")
        found = set()
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                other = entry.name != str(self._pid) and os.readlink(entry / "ns" / "pid") == space
                # The host's first process reaps nobody.
                if other and (entry / "stat").read_text(errors="replace").rpartition(") ")[2][0] not in "ZX":
                    found.add(int(entry.name))
        return found

    def wait_for_orphans(self, staying: Collection[int] = ()) -> None:
        """Wait until nothing runs on the host but what it was started with, and what is to stay."""
        while orphans := self.running().difference(staying):
            wait_for(orphans)

    def run(self, command: str) -> dict[str, Any]:
        """Run a command; ``rc``, ``stdout`` and ``stderr``."""
        return self._run(["/bin/sh", "-c", command], None, None)

    def run_script(self, text: str) -> dict[str, Any]:
        """Run a script, from a file as the real connection does; a play without ``environment``."""
        part: Part | None = "stage" if "fleet-staged" in text else None
        return self._run(["/bin/sh", self.send_text(text)], None, part)

    def send_text(self, text: str) -> str:
        """Write a text into a file on the host; its path there."""
        target = f"{self.inbox}/sent-{next(self._numbers)}"
        command = [*self._enter, "/bin/sh", "-c", f"umask 077; cat > {target}"]
        subprocess.run(command, input=text, text=True, check=True)
        return target

    def push(self, file: Upload, *, begun: bool, pieces: bool) -> Pushed:
        """Copy a file to the host: nothing breaks off here."""
        return Pushed(self._send(file.local), file.size)

    def _send(self, local: Path) -> str:
        target = f"{self.inbox}/sent-{next(self._numbers)}"
        with open(local, "rb") as file:
            subprocess.run([*self._enter, "/bin/sh", "-c", f"cat > {target}"], stdin=file, check=True)
        return target

    def watch(self, what: str) -> Watch:
        """Nobody looks on."""
        return unwatched

    def watched_pull(self, what: str, root: str, stages: str) -> AbstractContextManager[None]:
        """By nobody."""
        return nullcontext()

    def module(self, python: str, plan: Mapping[str, Any]) -> dict[str, Any]:
        """Apply a plan with that Python of the host; the module's result."""
        done = self._run(
            [python, "-I", "-c", _MODULE, SHARED, str(self.at), self.filler], json.dumps(dict(plan)), "module"
        )
        if self.at and not self.filler and done["rc"] in (-signal.SIGKILL, 128 + signal.SIGKILL):
            raise KilledError
        try:
            result: dict[str, Any] = json.loads(done["stdout"])
        except ValueError:
            raise CrashError(f"the module crashed on the host: {done['stderr'][-600:]}", done["rc"]) from None
        self.changing, self.turns = result.pop("changing"), result.pop("turns")
        if "msg" in result:
            kinds: dict[str, type[StageError]] = {
                "concurrent_run": ConcurrentRunError,
                "unfit_delta": UnfitDeltaError,
                "unreached": UnreachedError,
                "illegal_instruction": IllegalInstructionError,
            }
            error = next((kind for name, kind in kinds.items() if result[name]), StageError)(result["msg"])
            error.done = tuple(result["done"])
            raise error
        return result

    def sh(self, script: str, *arguments: str) -> str:
        """What a script prints that must succeed."""
        done = subprocess.run(
            [*self._enter, "/bin/sh", "-euc", script, "sh", *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{script}: exit {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def trust(self, certificate: Path) -> None:
        """Make the host trust a certificate, wherever its tools and Pythons look for one."""
        for bundle in ("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem", "/usr/lib/ssl/cert.pem"):
            self.sh('mkdir -p "${1%/*}"; printf "%s" "$2" >> "$1"', bundle, certificate.read_text())

    def _run(self, command: Sequence[str], text: str | None, part: Part | None) -> dict[str, Any]:
        start = time.monotonic()
        with subprocess.Popen(
            [*self._enter, *command],
            stdin=subprocess.PIPE if text is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            if self.fault and part == self.fault.part:
                output, errors = self.fault.wait(process, text)
            else:
                output, errors = process.communicate(text)
        if part:
            self.seconds[part] = time.monotonic() - start
        return {"rc": process.returncode, "stdout": output, "stderr": errors}

    def act(self, version: str | Sequence[str], **options: Any) -> dict[str, Any]:
        """What the task fleet.python.interpreter does, and its result."""
        defaults = {name: each.get("default") for name, each in interpreter_options().items()}
        # The tests' mirror is a plain HTTP server.
        defaults["insecure_source"] = True
        given = {"version": [version] if isinstance(version, str) else [*version], **options}
        # All that it asks of Ansible, beyond the host, is its task; a real one wants a play, a loader and a templar.
        action: ActionModule = object.__new__(ActionModule)
        task: Any = SimpleNamespace(diff=False, check_mode=False)
        action._task = task
        host: Any = self
        return action.act({**defaults, **given}, host)
