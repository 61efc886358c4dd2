# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The links of a root. Each changes by one rename."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from contextlib import ExitStack, suppress

from ansible_collections.fleet.python.plugins.module_utils._root.errors import RootError
from ansible_collections.fleet.python.plugins.module_utils._root.staging import scratch

_PREVIOUS = ".{}.previous"


def check_link_place(path: str) -> None:
    """Raises RootError if anything but a link is at ``path``."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise RootError(f"{path} cannot be looked at: {error.strerror}") from error
    if not stat.S_ISLNK(found.st_mode):
        raise RootError(f"{path} is no link, and we replace nothing else: move it away, then run again")


def switch_link(root: str, path: str, target: str) -> None:
    """Make ``path`` a link to ``target`` by one rename, so that at each instant it leads to the old or new target."""
    check_link_place(path)
    folder, name = os.path.split(path)
    try:
        with ExitStack() as stack:
            if folder == root:
                fresh = os.path.join(stack.enter_context(scratch(root)), name)
            else:
                _sweep_links(root, folder, name)
                # Others may write there too. symlink(2) makes a new name or fails, and never follows a link.
                fresh = os.path.join(folder, f".{name}.{os.urandom(8).hex()}")
            os.symlink(target, fresh)
            try:
                os.rename(fresh, path)
            except OSError:
                os.unlink(fresh)
                raise
        sync_directory(folder)
    except OSError as error:
        raise RootError(f"the link {path} cannot be made: {error.strerror}") from error


def make_folder(path: str) -> list[str]:
    """Make a folder for links. Returns the folders that were not there, outermost first. Raises RootError."""
    missing: list[str] = []
    while not os.path.lexists(path):
        missing.insert(0, path)
        path = os.path.dirname(path)
    made: list[str] = []
    try:
        for each in missing:
            with suppress(FileExistsError):  # another run has just made it
                os.mkdir(each, 0o755)
                made.append(each)
    except OSError as error:
        remove_folders(made)
        raise RootError(f"{missing[-1]} cannot be made: {error.strerror} ({error.filename})") from error
    return made


def remove_folders(made: Sequence[str]) -> None:
    """Remove what `make_folder` has made. Raises OSError if it is not empty."""
    for path in reversed(made):
        os.rmdir(path)


def _sweep_links(root: str, folder: str, name: str) -> None:
    """Remove the new link that a run left when it was cut off before its rename."""
    for other in os.listdir(folder):
        path = os.path.join(folder, other)
        ours = re.fullmatch(rf"\.{re.escape(name)}\.[0-9a-f]{{16}}", other) and os.path.islink(path)
        if ours and os.readlink(path).startswith(root + "/"):
            os.unlink(path)


def sync_directory(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def links_to(root: str, home: str) -> list[str]:
    """The names of the minor links that lead to a home. Records of previous links do not count."""
    return [
        name
        for name in sorted(os.listdir(root))
        if not name.startswith(".") and leads_to(os.path.join(root, name), home)
    ]


def target_of(path: str) -> str | None:
    """What a link leads to. None if there is no link."""
    try:
        return os.readlink(path)
    except OSError:
        return None


def leads_to(path: str, target: str) -> bool:
    return target_of(path) == target


def remove_link(path: str) -> None:
    """Remove a link. Does nothing if the path is missing or is not a link."""
    try:
        if stat.S_ISLNK(os.lstat(path).st_mode):
            os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise RootError(f"the link {path} cannot be removed: {error.strerror}") from error


def previous_of(path: str) -> str:
    """The link that records what the minor link ``path`` led to before, so that a later run can roll back to it."""
    folder, name = os.path.split(path)
    return os.path.join(folder, _PREVIOUS.format(name))


def forget_dangling_previous(root: str) -> None:
    """Remove the records of homes that are gone."""
    for name in os.listdir(root):
        path = os.path.join(root, name)
        if name.startswith(".") and name.endswith(".previous") and not os.path.exists(path):
            remove_link(path)
