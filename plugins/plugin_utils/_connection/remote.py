# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host of a task, as an action plugin reaches it."""

from __future__ import annotations

import os
import shlex
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.fleet.python.plugins.module_utils._text import clean_values
from ansible_collections.fleet.python.plugins.plugin_utils._cache.archives import cache_directory
from ansible_collections.fleet.python.plugins.plugin_utils._connection.download_progress import far_script, parse_far
from ansible_collections.fleet.python.plugins.plugin_utils._connection.progress import (
    TERMINAL,
    progress,
    watched,
    watched_reading,
)
from ansible_collections.fleet.python.plugins.plugin_utils._connection.pushing import RemoteWay
from ansible_collections.fleet.python.plugins.plugin_utils._connection.sent import Carried, Note, Sent
from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import (
    ConcurrentRunError,
    CrashError,
    IllegalInstructionError,
    PushError,
    StageError,
    UnfitDeltaError,
    UnreachedError,
)
from ansible_collections.fleet.python.plugins.plugin_utils._host.script import passes
from ansible_collections.fleet.python.plugins.plugin_utils._resume.parts import PartError, append_command
from ansible_collections.fleet.python.plugins.plugin_utils._resume.push import Pushed, Upload, push
from ansible_collections.fleet.python.plugins.plugin_utils._sources.download import Watch, unwatched

if TYPE_CHECKING:
    from ansible.plugins.action import ActionBase

_MODULE = "fleet.python.interpreter"


def _crash(result: Mapping[str, Any]) -> str:
    """What is known of a module that did not come to its end."""
    said = str(result.get("exception") or result.get("module_stderr") or result.get("module_stdout") or "")
    lines = [line for line in said.splitlines() if line.strip()]
    return f"the module crashed on the host: {lines[-1] if lines else 'it said nothing'}"


def _failure(result: Mapping[str, Any]) -> StageError:
    said = str(result.get("msg") or _crash(result))
    # Our module says these, whatever has failed; what stops it before it can do so does not.
    if "concurrent_run" not in result:
        return CrashError(said, result.get("rc"))
    kinds = {
        "concurrent_run": ConcurrentRunError,
        "unreached": UnreachedError,
        "unfit_delta": UnfitDeltaError,
        "illegal_instruction": IllegalInstructionError,
    }
    error = next((kind for name, kind in kinds.items() if result.get(name)), StageError)(said)
    error.done = tuple(map(str, result.get("done") or ()))
    return error


def run_directory() -> Path:
    """A directory of the controller that the processes of one ansible-playbook share, removed at its end."""
    from ansible import constants

    # Set when the module is loaded, where mypy does not see it.
    return Path(str(vars(constants)["DEFAULT_LOCAL_TMP"]))


# Of the module's result, what is shown.
_KEPT = ("changed", "steps", "trials", "in_use", "notes", "warnings", "skipped_sources", "pulled_bytes")
_NO_PYTHON_VARIABLES = {"PYTHONHOME": "", "PYTHONPATH": ""}


class Remote:
    """The connection of one task: commands, a file, and the module that applies."""

    def __init__(self, action: ActionBase, task_vars: dict[str, Any]) -> None:
        self._action = action
        self._task_vars = task_vars
        self._note: Note | None = None
        self._beside: Remote | None = None

    @property
    def name(self) -> str:
        """As the inventory has it."""
        return str(self._task_vars.get("inventory_hostname", "this host"))

    def run(self, command: str) -> dict[str, Any]:
        """Run a command under the task's become; ``rc``, ``stdout`` and ``stderr``.

        One that not every login shell passes on as it is travels as a file.
        """
        if not passes(command):
            command = f"/bin/sh {shlex.quote(self.send_text(command))}"
        answer: dict[str, Any] = clean_values(self._action._low_level_execute_command(command))
        return answer

    def run_script(self, text: str) -> dict[str, Any]:
        """Run an sh script of any length under the task's become and ``environment``. Nobody else may read it."""
        environment = self._action._compute_environment_string()
        return self.run(f"{environment} /bin/sh {shlex.quote(self.send_text(text))}".lstrip())

    def send_text(self, text: str) -> str:
        """Write a text into a file in the task's temporary directory on the host; its path there."""
        # A name that nothing else has, and gone as soon as it is sent: there may be secrets in it.
        local = run_directory() / f"text-{uuid.uuid4().hex}"
        try:
            with open(os.open(local, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
            return self.send(local)
        finally:
            local.unlink(missing_ok=True)

    def send(self, local: Path) -> str:
        """Copy a file into the task's temporary directory on the host; its path there."""
        action = self._action
        folder = self._folder()
        target = self.target(local.name)
        if TERMINAL:
            with watched_reading(local, self.watch(f"copy of {local.name}")):
                action._transfer_file(str(local), target)
        else:
            action._transfer_file(str(local), target)
        self._share(folder, target)
        return target

    def _share(self, folder: str, target: str) -> None:
        # If nobody else has to read it, save the round trip of a chmod.
        if self._action._is_become_unprivileged():
            self._action._fixup_perms2((folder, target))

    def target(self, name: str) -> str:
        """The path on the host that `send` gives a file with this name."""
        return str(self._action._connection._shell.join_path(self._folder(), name))

    @property
    def connection(self) -> Any:
        """Ansible's connection plugin."""
        return self._action._connection

    def write(self, data: bytes, command: str, target: str) -> None:
        """Give a command of the connection's user these bytes, which it writes to ``target``. Raises OSError."""
        done = self._action._low_level_execute_command(command, sudoable=False, in_data=data)
        if done.get("rc"):
            raise OSError(f"{target} cannot be written: {clean_values(done).get('stderr', '')}"[:500])
        self._share(self._folder(), target)

    def push(self, file: Upload, *, begun: bool, pieces: bool) -> Pushed:
        """Copy a file to the host, going on where that breaks off. Raises StageError, and what the connection says."""
        self._folder()
        if self._note:
            self._note.carry(Carried(file.root, file.local.name, file.sha256, file.size))
        watch = self.watch(f"copy of {file.local.name}")
        try:
            return push(RemoteWay(self, run_directory()), file, watch, begun=begun, pieces=pieces)
        except PartError as error:
            raise PushError(
                f"push of {file.local.name} broke off, and the host takes no more of it: {error}"
            ) from error

    def _folder(self) -> str:
        """Ansible's temporary directory on the host for this task, with a note of it."""
        action = self._action
        folder = str(action._connection._shell.tmpdir or action._make_tmp_path())
        if self._note is None and action._should_remove_tmp_path(folder):
            self._note = self._sent().note(folder)
        return folder

    def sweep_sent(self) -> None:
        """Remove temporary folders that runs of this controller left there when they were killed or lost the host."""
        for note in self._sent().left():
            gone = False
            try:
                if carried := note.carried:
                    # What has arrived goes where this push goes on. Nobody misses it where that fails.
                    path = self._action._connection._shell.join_path(note.folder, carried.name)
                    self.run(append_command(carried.root, carried.sha256, carried.size, file=path))
                command = self._action._connection._shell.remove(note.folder, recurse=True)
                # As Ansible does: by the user who made the folder.
                gone = self._action._low_level_execute_command(command, sudoable=False).get("rc") == 0
            finally:
                if gone:
                    note.forget()
                else:
                    note.release()

    def task_ends(self) -> None:
        """Ansible has removed its temporary folder, or has tried to."""
        if self._note and self._action._connection._shell.tmpdir is None:
            self._note.forget()
            self._note = None

    def _sent(self) -> Sent:
        action = self._action
        play = action._play_context
        host = (action._connection.transport, play.remote_addr, play.port, play.remote_user)
        return Sent(cache_directory(), "\n".join(map(str, host)))

    def watch(self, what: str) -> Watch:
        """Lines on the terminal, where there is one."""
        if not TERMINAL:
            return unwatched
        display: Any = self._action._display
        return progress(display.display, f"{self.name}: {what}")

    @contextmanager
    def watched_pull(self, what: str, root: str, stages: str) -> Iterator[None]:
        """Show the progress of a download by the host on the terminal, while the block runs."""
        if not TERMINAL:
            yield
            return
        # Keep the copy as long as the task, since some connection plugins would close what they share with it.
        beside = self._beside = self._beside or self._for_another_thread()
        command = far_script(root, stages)

        def look() -> tuple[int, int | None] | None:
            # The block reports any fault of the connection itself.
            with suppress(Exception):
                return parse_far(str(beside.run(command).get("stdout", "")))
            return None

        with watched(look, self.watch(what)):
            yield

    def _for_another_thread(self) -> Remote:
        """The same host for another thread, since connection and become plugins keep their state in themselves."""
        action: Any = copy(self._action)
        action._connection = copy(action._connection)
        action._connection.become = copy(action._connection.become)
        return Remote(action, self._task_vars)

    def module(self, python: str, plan: Mapping[str, Any]) -> dict[str, Any]:
        """Run the module with that Python of the host. Raises StageError with its message if it fails."""
        shell = self._action._connection._shell
        if self._module_is_a_file():
            self._folder()
        # The module removes the folder at its end, which saves a round trip, unless Ansible is to keep it.
        going = shell.tmpdir if self._note else ""
        with self._shielded():
            result: dict[str, Any] = clean_values(
                self._action._execute_module(
                    module_name=_MODULE,
                    module_args={"version": ["planned"], "_plan": {**plan, "temporary": going}},
                    task_vars=self._vars_with(python),
                )
            )
        if result.get("failed"):
            raise _failure(result)
        if result.get("temporary_removed"):
            shell.tmpdir = None
            self.task_ends()
        return {key: result[key] for key in _KEPT if key in result}

    def _module_is_a_file(self) -> bool:
        """Whether the module reaches the host as a file, which lies in the task's temporary directory."""
        try:
            return not self._action._is_pipelining_enabled("new", False)
        except AssertionError:
            # Mitogen's actions have neither, and may not be asked (ansible_mitogen/mixins.py): they import the module.
            return False

    @contextmanager
    def _shielded(self) -> Iterator[None]:
        """Start the module without PYTHONHOME and PYTHONPATH, of the task's environment as of the host's.

        They are for other Pythons, or for other programs. Ansible gives an interpreter no options such as -I.
        """
        task = self._action._task
        before = task.environment
        # The last one wins, and CPython takes an empty variable for none (Python/initconfig.c, _Py_GetEnv).
        task.environment = [*(before if isinstance(before, list) else [before or {}]), _NO_PYTHON_VARIABLES]
        try:
            yield
        finally:
            task.environment = before

    def _vars_with(self, python: str) -> dict[str, Any]:
        """The task's variables with the Python to use. A delegated task looks it up among those of its host."""
        chosen = {"ansible_python_interpreter": python}
        task_vars = self._task_vars | chosen
        delegate = self._action._task.delegate_to
        if delegate:
            delegated = dict(task_vars.get("ansible_delegated_vars", {}))
            delegated[delegate] = delegated.get(delegate, {}) | chosen
            task_vars["ansible_delegated_vars"] = delegated
        return task_vars
