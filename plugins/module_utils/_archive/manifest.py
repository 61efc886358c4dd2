# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest of a home: a line for each file, as ``sha256sum -c`` reads it, and a list of its directories."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from ansible_collections.fleet.python.plugins.module_utils._digest import digest_of

MANIFEST = ".fleet-manifest"
DIRECTORIES = ".fleet-directories"
BYTECODE = "__pycache__"
# What may change in an undamaged home. The probe does not count it either. The programs of pip belong to site-packages,
# and change with an upgrade of pip.
_UNCOUNTED = (BYTECODE, "site-packages")
_PIP = os.path.join("bin", "pip")


class Contents(NamedTuple):
    """The contents of a tree, by paths relative to it: the sha256 of each file, and the links."""

    digests: dict[str, str]
    links: set[str]


def read_contents(tree: str) -> Contents:
    """The contents of a tree that sh has unpacked, without bytecode and packages. Raises OSError."""
    contents = Contents({}, set())
    for folder, folders, files in os.walk(tree):
        folders[:] = [name for name in folders if name not in _UNCOUNTED]
        below = folder[len(tree) + 1 :]
        links = {name for name in (*folders, *files) if os.path.islink(os.path.join(folder, name))}
        contents.links.update(os.path.join(below, name) for name in links)
        for name in files:
            if name not in links:
                contents.digests[os.path.join(below, name)] = digest_of(os.path.join(folder, name))
    return contents


def write_manifest(tree: str, contents: Contents) -> int:
    """Write the manifest and the directories of a staged tree. Returns how many files and links the probe will expect.

    The manifest and the receipt count too. Bytecode, site-packages (where packages may be added) and pip are left out.
    """
    counted = {path: digest for path, digest in contents.digests.items() if _counts(path)}
    _make_room_for_bytecode(tree, counted)
    directories = _directories([*counted, *filter(_counts, contents.links)])
    counted[DIRECTORIES] = _write(tree, DIRECTORIES, "".join(f"{directory}\n" for directory in directories))
    _set_back(tree, directories)
    _write(tree, MANIFEST, "".join(f"{digest}  {path}\n" for path, digest in sorted(counted.items())))
    return len(counted) + sum(map(_counts, contents.links)) + 2


def _directories(paths: Iterable[str]) -> list[str]:
    """The directories of these files and links, and those above them, without the tree itself. Sorted."""
    found: set[str] = set()
    for path in paths:
        directory = os.path.dirname(path)
        while directory and directory not in found:
            found.add(directory)
            directory = os.path.dirname(directory)
    return sorted(found)


def _make_room_for_bytecode(tree: str, paths: Iterable[str]) -> None:
    """Make the directories of bytecode now. Made later, they would change the times of those that are listed."""
    for directory in {os.path.dirname(path) for path in paths if path.endswith(".py")}:
        with suppress(FileExistsError):
            os.mkdir(os.path.join(tree, directory, BYTECODE), 0o755)


def _set_back(tree: str, directories: Iterable[str]) -> None:
    """Make the directories older than their list, and the list older than any later change.

    Some shells and file systems compare whole seconds, and a file may go within the second of the installation.
    """
    now = int(time.time())
    for directory in directories:
        os.utime(os.path.join(tree, directory), (now - 2, now - 2))
    os.utime(os.path.join(tree, DIRECTORIES), (now - 1, now - 1))


def _write(tree: str, name: str, text: str) -> str:
    """Write a new file that everybody may read. Returns its sha256."""
    encoded = text.encode("utf-8", "surrogateescape")
    with open(os.path.join(tree, name), "xb") as file:
        file.write(encoded)
        os.fchmod(file.fileno(), 0o644)
    return hashlib.sha256(encoded).hexdigest()


def _counts(path: str) -> bool:
    return not path.startswith(_PIP) and not any(f"/{name}/" in f"/{path}" for name in _UNCOUNTED)
