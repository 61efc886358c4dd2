# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a push that may break off, over whatever connection a host has."""

from __future__ import annotations

import os
import shlex
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.fleet.python.plugins.plugin_utils._resume.push import LostError

if TYPE_CHECKING:
    from ansible_collections.fleet.python.plugins.plugin_utils._connection.remote import Remote


class RemoteWay:
    """As `_resume.push.Way` has it. ``folder`` is one of the controller's that only this run uses.

    Parts are written by ``cat``: where a copy breaks off, Ansible's ssh sends the file again by two other methods.
    """

    def __init__(self, remote: Remote, folder: Path) -> None:
        self._remote = remote
        self._folder = folder

    def target(self, name: str) -> str:
        with self._lost():
            return self._remote.target(name)

    def copy(self, local: Path, *, any_method: bool) -> str:
        with self._lost(), self._methods(any_method):
            return self._remote.send(local)

    def write(self, data: bytes, target: str) -> None:
        if not getattr(self._remote.connection, "has_pipelining", False):
            self._copy_part(data, target)
            return
        with self._lost():
            self._remote.write(data, f"cat >{shlex.quote(target)}", target)

    def run(self, command: str) -> str:
        with self._lost():
            return str(self._remote.run(command).get("stdout", ""))

    def _copy_part(self, data: bytes, target: str) -> None:
        """For a connection that gives a command no input."""
        folder = self._folder / f"part-{uuid.uuid4().hex}"
        folder.mkdir(mode=0o700)
        local = folder / os.path.basename(target)
        try:
            local.write_bytes(data)
            self.copy(local, any_method=False)
        finally:
            local.unlink(missing_ok=True)
            folder.rmdir()

    @contextmanager
    def _lost(self) -> Iterator[None]:
        """Raise LostError for what connection plugins raise, and let them begin anew."""
        from ansible.errors import AnsibleAuthenticationFailure, AnsibleError

        try:
            yield
        except AnsibleAuthenticationFailure:
            # Each try may count for a lock of the account.
            raise
        except (AnsibleError, OSError, EOFError) as error:
            with suppress(Exception):
                self._remote.connection.reset()
            raise LostError(error) from error

    @contextmanager
    def _methods(self, any_method: bool) -> Iterator[None]:
        """Let ssh copy by sftp alone: where that breaks off it would send all of it again, by scp and then by dd."""
        connection = self._remote.connection
        method: Any = None
        with suppress(KeyError, AttributeError):
            method = connection.get_option("ssh_transfer_method")
        if any_method or method != "smart":
            yield
            return
        connection.set_option("ssh_transfer_method", "sftp")
        try:
            yield
        finally:
            connection.set_option("ssh_transfer_method", method)
