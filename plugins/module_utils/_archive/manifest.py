# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest of a home: a line for each file, in the form that ``sha256sum -c`` reads."""

from __future__ import annotations

import os
from typing import NamedTuple

from ansible_collections.fleet.python.plugins.module_utils._digest import digest_of

MANIFEST = ".fleet-manifest"
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
    """Write the manifest of a staged tree. Returns the number of files and links that the probe will expect.

    The manifest and the receipt count too. Bytecode, site-packages (where packages may be added) and pip are left out.
    """
    lines = [f"{contents.digests[path]}  {path}\n" for path in sorted(filter(_counts, contents.digests))]
    with open(os.path.join(tree, MANIFEST), "x", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(lines)
        os.fchmod(file.fileno(), 0o644)
    return len(lines) + sum(map(_counts, contents.links)) + 2


def _counts(path: str) -> bool:
    return not path.startswith(_PIP) and not any(f"/{name}/" in f"/{path}" for name in _UNCOUNTED)
