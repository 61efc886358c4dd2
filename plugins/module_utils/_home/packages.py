# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the packages that people have put into a damaged home, when another home takes its place."""

from __future__ import annotations

import glob
import os
import re
import shutil

from ansible_collections.fleet.python.plugins.module_utils._archive.manifest import BYTECODE

# A script names its interpreter in its first line, for which Linux reads no more than this (BINPRM_BUF_SIZE).
_LONGEST_FIRST_LINE = 256
_METADATA = re.compile(r"(?P<project>.+?)-[^-]+(?:-py3\.[0-9]+)?\.(?:dist|egg)-info$")


def keep_packages(old: str, tree: str, final: str) -> list[str]:
    """Copy what ``old`` has in its site-packages and its ``bin``, and ``tree``, which becomes ``final``, has not.

    Leaves out the metadata of projects that the tree has in another version, as of pip. Returns the names from
    site-packages, sorted. Raises OSError.
    """
    kept = []
    for packages in glob.glob(os.path.join(glob.escape(old), "lib", "python3.*", "site-packages")):
        target = os.path.join(tree, os.path.relpath(packages, old))
        if not os.path.isdir(target):
            continue
        there = set(os.listdir(target))
        projects = {_project(name) for name in there} - {None}
        for name in sorted(set(os.listdir(packages)) - there - {BYTECODE}):
            if _project(name) not in projects and _copy(os.path.join(packages, name), os.path.join(target, name)):
                kept.append(name)
    if kept:
        programs = os.path.join(tree, "bin")
        for name in set(os.listdir(os.path.join(old, "bin"))) - set(os.listdir(programs)) - {BYTECODE}:
            if _copy(os.path.join(old, "bin", name), os.path.join(programs, name)):
                _lead_to(os.path.join(programs, name), old, final)
    return kept


def _project(name: str) -> str | None:
    """The project that a folder of metadata is about, in one spelling (PyPA, "Names and normalization")."""
    found = _METADATA.match(name)
    return re.sub(r"[-_.]+", "-", found["project"]).lower() if found else None


def _copy(source: str, target: str) -> bool:
    """Copy a file, folder or link. Returns False for anything else."""
    if os.path.islink(source):
        os.symlink(os.readlink(source), target)
    elif os.path.isdir(source):
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(BYTECODE))
    elif os.path.isfile(source):
        shutil.copy2(source, target)
    else:
        return False
    return True


def _lead_to(script: str, old: str, new: str) -> None:
    """Let a script that was started by the interpreter in ``old`` be started by the one in ``new``."""
    if os.path.islink(script) or not os.path.isfile(script):
        return
    with open(script, "rb+") as file:
        text = file.read()
        first, line_break, rest = text.partition(b"\n")
        begin = f"#!{old}/".encode()
        if len(first) <= _LONGEST_FIRST_LINE and first.startswith(begin):
            file.seek(0)
            file.write(f"#!{new}/".encode() + first[len(begin) :] + line_break + rest)
            file.truncate()
