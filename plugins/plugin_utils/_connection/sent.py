# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes on the controller of temporary folders on hosts, so that the next run removes those of a killed one.

Ansible removes its temporary folders at the end of a task, and those of a run that was killed never. A host cannot
know whether a controller still lives. The controller can: the run holds a lock on its note, which ends with it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from ansible_collections.fleet.python.plugins.plugin_utils._cache.private import check_private, private_folder

_TEMPORARY: Final = re.compile(r"/[^\n\0]*/ansible-tmp-[0-9.]+-[0-9]+-[0-9]+/?")


class Carried(NamedTuple):
    """A file that is on its way into a folder: the root that it is for, its name, sha256 and size in bytes."""

    root: str
    name: str
    sha256: str
    size: int


class Note:
    """One folder of one host. While this is held, nobody takes the folder for a leftover."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @property
    def folder(self) -> str:
        """As the host knows it."""
        return self._path.read_text(encoding="utf-8").partition("\n")[0]

    @property
    def carried(self) -> Carried | None:
        """The last file that was on its way, None where there was none."""
        try:
            root, name, sha256, size = json.loads(self._path.read_text(encoding="utf-8").partition("\n")[2])
            return Carried(str(root), str(name), str(sha256), int(size))
        except (OSError, ValueError, TypeError):
            return None

    def carry(self, file: Carried) -> None:
        """Note a file before it is sent. Without a note, a push that breaks off begins again."""
        with suppress(OSError):
            fresh = f"{self.folder}\n{json.dumps(file)}\n"
            self._path.write_text(fresh, encoding="utf-8")

    def forget(self) -> None:
        """Drop the note of a folder that is gone."""
        self._path.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Keep the note, so that the next run may remove the folder."""
        os.close(self._descriptor)


class Sent:
    """The notes about one host, of all runs of this controller. A cache that cannot be written has none."""

    def __init__(self, cache: Path, host: str) -> None:
        self._directory = cache / "sent"
        self._prefix = hashlib.sha256(host.encode()).hexdigest()[:32]

    def note(self, folder: str) -> Note | None:
        """Note a folder before something is sent to it."""
        if not _is_ansibles(folder):
            return None
        with suppress(OSError):
            private_folder(self._directory.parent, self._directory.name)
            with self._alone():
                path = self._directory / f"{self._prefix}-{uuid.uuid4().hex}"
                path.write_text(folder, encoding="utf-8")
                return _held(path)
        return None

    def left(self) -> list[Note]:
        """The notes of runs that have ended, to be forgotten or released."""
        found: list[Note] = []
        with suppress(OSError):
            # What is noted is removed on a host, so nobody else may have written it.
            for folder in (self._directory.parent, self._directory):
                check_private(folder)
            with self._alone():
                for path in sorted(self._directory.glob(f"{self._prefix}-*")):
                    check_private(path)
                    note = _held(path)
                    if note and _is_ansibles(note.folder):
                        found.append(note)
                    elif note:
                        note.forget()
        return found

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock, so that nobody looks at a note before it is held."""
        descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _is_ansibles(folder: str) -> bool:
    """Whether it is a temporary directory by a name that Ansible gives (ShellBase._generate_temp_dir_name)."""
    return bool(_TEMPORARY.fullmatch(folder)) and ".." not in folder.split("/")


def _held(path: Path) -> Note | None:
    """A note with its lock, None if a live run has it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return Note(path, descriptor)
