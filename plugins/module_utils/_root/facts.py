# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local fact of a host: what is installed, for Ansible's own gathering of facts."""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._root.errors import RootError
from ansible_collections.fleet.python.plugins.module_utils._root.records import read_receipt

# In bytes.
_LONGEST = 1024 * 1024
_SHOWN = ("version", "release", "triple", "flavor", "installed")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def write_facts(root: str, path: str, top: str = "/") -> None:
    """Write what this root has into the file ``path``, beside what it says of other roots. Remove an empty one.

    No folder from ``top`` down to the file may be a link, belong to others, or be writable for them. Raises RootError.
    """
    folder, name = os.path.split(path)
    descriptor = _trusted_folder(top, os.path.relpath(folder, top).split("/"))
    try:
        facts = _known(descriptor, name)
        facts.pop(root, None)
        own = facts_of(root)
        if own["homes"]:
            facts[root] = own
        if facts:
            _replace(descriptor, name, json.dumps(facts, indent=1, sort_keys=True) + "\n")
        else:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=descriptor)
    except OSError as error:
        raise RootError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        os.close(descriptor)


def facts_of(root: str) -> dict[str, Any]:
    """The homes of a root, and the interpreter that each minor link leads to."""
    names = sorted(os.listdir(root)) if os.path.isdir(root) else []
    receipts = {name: read_receipt(os.path.join(root, name)) for name in names if name.startswith("cpython-")}
    homes = {name: receipt for name, receipt in receipts.items() if receipt is not None}
    interpreters: dict[str, dict[str, Any]] = {}
    for name in names:
        link = os.path.join(root, name)
        home = os.readlink(link) if os.path.islink(link) and not name.startswith(".") else ""
        if home in homes:
            receipt = homes[home]
            interpreters[name] = {
                "interpreter": f"{link}/{receipt.get('program', 'bin/python3')}",
                "home": os.path.join(root, home),
            }
            interpreters[name].update((key, receipt.get(key)) for key in _SHOWN)
    return {"interpreters": interpreters, "homes": sorted(homes)}


def _trusted_folder(top: str, names: list[str]) -> int:
    """A descriptor of the folder, which is made if it is not there."""
    above = os.open(top, _FOLDER)
    so_far = top
    for name in names:
        so_far = os.path.join(so_far, name)
        try:
            with suppress(FileExistsError):
                os.mkdir(name, 0o755, dir_fd=above)
            found = os.open(name, _FOLDER, dir_fd=above)
        except OSError as error:
            why = f"{so_far} is no folder, or cannot be made: {error.strerror}"
            raise RootError(f"no facts are written: {why}") from error
        finally:
            os.close(above)
        above = found
        state = os.fstat(found)
        if state.st_uid != os.geteuid() or state.st_mode & 0o022:
            os.close(found)
            raise RootError(f"no facts are written: {so_far} belongs to another user, or others may write to it")
    return above


def _known(folder: int, name: str) -> dict[str, Any]:
    """What the file says now. Empty if it is not ours, or says nothing that can be read."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return {}
    with open(descriptor, "rb") as file:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode) or state.st_uid != os.geteuid() or state.st_size > _LONGEST:
            return {}
        try:
            facts = json.loads(file.read(_LONGEST))
        except (ValueError, RecursionError):
            return {}
    return facts if isinstance(facts, dict) else {}


def _replace(folder: int, name: str, text: str) -> None:
    fresh = f".{name}.{os.urandom(8).hex()}"
    # Never executable: Ansible runs a fact that is.
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644, dir_fd=folder)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(descriptor, 0o644)
            os.fsync(descriptor)
        os.rename(fresh, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with suppress(FileNotFoundError):
            os.unlink(fresh, dir_fd=folder)
        raise
