# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a home consists of: a line for each file, in the form that ``sha256sum -c`` reads."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from types import MappingProxyType

MANIFEST = ".fleet-manifest"
# What comes and goes in a home without being damage; the probe leaves the same out of its count. The programs of pip
# belong to site-packages, and change with an upgrade of pip.
_UNCOUNTED = ("__pycache__", "site-packages")
_PIP = os.path.join("bin", "pip")
_CHUNK = 1 << 20


def write_manifest(tree: str, known: Mapping[str, str] = MappingProxyType({})) -> int:
    """Write the manifest of a staged tree; the number of files and links that the home will be asked for.

    Manifest and receipt count too. Bytecode, site-packages (where packages may be added) and pip are left out.
    ``known`` are digests that need not be taken again, by path.
    """
    lines = []
    links = 0
    for folder, folders, files in os.walk(tree):
        folders[:] = sorted(name for name in folders if name not in _UNCOUNTED)
        links += sum(os.path.islink(os.path.join(folder, name)) for name in folders)
        for name in sorted(files):
            path = os.path.join(folder, name)
            below = os.path.relpath(path, tree)
            if below.startswith(_PIP):
                continue
            if os.path.islink(path):
                links += 1
            else:
                lines.append(f"{known.get(below) or _digest(path)}  {below}\n")
    with open(os.path.join(tree, MANIFEST), "x", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(lines)
        os.fchmod(file.fileno(), 0o644)
    return len(lines) + links + 2


def _digest(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while True:
            data = file.read(_CHUNK)
            if not data:
                return digest.hexdigest()
            digest.update(data)
