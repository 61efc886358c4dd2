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
from ansible_collections.fleet.python.plugins.module_utils._text import clean_values

# In bytes.
_LONGEST = 1024 * 1024
_SHOWN = ("version", "release", "triple", "flavor", "installed")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def write_facts(root: str, path: str, top: str = "/") -> tuple[str, str]:
    """Write what this root has into the file ``path``, beside what it says of other roots. Remove an empty one.

    Returns what was done, and what the user should know about it. Each is a sentence, or empty.
    Neither ``top`` nor a folder from there down to the file may be a link, belong to others, or be writable for them.
    Raises RootError, and then the file is as it was.
    """
    folder, name = os.path.split(path)
    try:
        own = facts_of(root)
        descriptor = _trusted_folder(path, top, os.path.relpath(folder, top).split("/"))
        try:
            facts, unusable = _known(descriptor, name)
            facts.pop(root, None)
            if own["homes"]:
                facts[root] = own
            done = _replace(descriptor, name, facts) if facts else _remove(descriptor, name)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise RootError(f"{path} cannot be written: {error.strerror or error}") from error
    note = f"{path} {unusable}, so what it may say of other roots is not kept" if unusable else ""
    return f"{path} is {done}" if done else "", note


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
    facts: dict[str, Any] = clean_values({"interpreters": interpreters, "homes": sorted(homes)})
    return facts


def _trusted_folder(path: str, top: str, names: list[str]) -> int:
    """A descriptor of the folder of ``path``, by way of ``names``, one below the other. Makes what is missing."""
    found = os.open(top, _FOLDER)
    so_far = top
    try:
        _refuse_shared(path, so_far, found)
        for name in names:
            so_far = os.path.join(so_far, name)
            above = found
            try:
                with suppress(FileExistsError):
                    os.mkdir(name, 0o755, dir_fd=above)
                found = os.open(name, _FOLDER, dir_fd=above)
            except OSError as error:
                why = f"{so_far} is no directory, or cannot be made: {error.strerror or error}"
                raise RootError(f"{path} is not written: {why}") from error
            os.close(above)
            _refuse_shared(path, so_far, found)
    except RootError:
        os.close(found)
        raise
    return found


def _refuse_shared(path: str, folder: str, descriptor: int) -> None:
    """Raises RootError if others than this user can put a file into the folder."""
    state = os.fstat(descriptor)
    if state.st_uid != os.geteuid():
        why = f"{folder} belongs to uid {state.st_uid}"
    elif state.st_mode & 0o022:
        why = f"others may write to {folder} (mode {stat.S_IMODE(state.st_mode):o})"
    else:
        return
    raise RootError(
        f"{path} is not written: {why}; give that directory to root alone (mode 755), and remove the "
        "file if it is there; the next run writes it"
    )


def _known(folder: int, name: str) -> tuple[dict[str, Any], str]:
    """What the file says now, and why that is of no use. There is nothing wrong with a file that is missing."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return {}, ""
    except OSError as error:
        # A link, which is not followed, a socket, or a broken disk.
        return {}, f"cannot be opened as a regular file ({error.strerror or error})"
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            return {}, "is no regular file"
        if state.st_uid != os.geteuid():
            return {}, f"belongs to uid {state.st_uid}"
        if state.st_size > _LONGEST:
            return {}, f"is longer than {_LONGEST >> 20} MiB"
        with open(descriptor, "rb", closefd=False) as file:
            text = file.read(_LONGEST)
    finally:
        os.close(descriptor)
    try:
        # Without an encoding of its own, json may load another codec, and the library may just have been removed.
        facts = json.loads(text.decode("utf-8"))
        # What can be read may be nested too deeply to be written.
        _text_of(facts)
    except (ValueError, RecursionError):
        facts = None
    return (facts, "") if isinstance(facts, dict) else ({}, "holds no JSON object")


def _text_of(facts: dict[str, Any]) -> str:
    return json.dumps(facts, indent=1, sort_keys=True) + "\n"


def _replace(folder: int, name: str, facts: dict[str, Any]) -> str:
    text = _text_of(facts)
    fresh = f".{name}.{os.urandom(8).hex()}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644, dir_fd=folder)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            # Never executable: Ansible runs a fact that is.
            os.fchmod(descriptor, 0o644)
            os.fsync(descriptor)
        os.rename(fresh, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with suppress(FileNotFoundError):
            os.unlink(fresh, dir_fd=folder)
        raise
    return "written"


def _remove(folder: int, name: str) -> str:
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return ""
    return "removed"
