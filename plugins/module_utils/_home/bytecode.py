# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compile the standard library of a staged build before anybody uses it."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator

from ansible_collections.fleet.python.plugins.module_utils._background import Background, processors
from ansible_collections.fleet.python.plugins.module_utils._home.trial import IllegalInstruction, TrialError, run_staged

# What no service imports: the library's own tests, which are a third of the files and some of which do not compile, and
# programs that people start by hand, which are a tenth of the rest.
_LEFT_OUT = ("test", "tests", "idle_test", "idlelib", "turtledemo", "lib2to3", "pydoc_data")
# Each process takes 20 to 45 MB, and its start without bytecode costs as much as a dozen files. More than eight
# processes gain little.
_MOST_PROCESSES = 8

# Ignore a file that does not compile, such as a template: nobody imports it. A full disk is an error.
_COMPILE = r"""
import os, py_compile, sys
tree, home = sys.argv[1:]
for name in sys.stdin.buffer.read().split(b"\0"):
    path = os.fsdecode(name)
    try:
        py_compile.compile(path, dfile=home + path[len(tree):], doraise=True)
    except py_compile.PyCompileError:
        pass
"""


def compile_bytecode(tree: str, home: str, python: str) -> None:
    """Compile the standard library in the staged ``tree`` as if it were in ``home`` already, on all processors.

    Services cannot write into the home, so they would compile it again at each start.
    Raises TrialError, or its subclass IllegalInstruction for a build above this CPU's level.
    """
    files = _largest_first(tree)
    count = min(processors(), _MOST_PROCESSES)
    # The processes of compileall would each load multiprocessing without bytecode, and need /dev/shm.
    running = [Background(_compile, files[number::count], tree, home, python) for number in range(count)]
    for part in running:
        part.wait()
    try:
        for part in running:
            part.result()
    except IllegalInstruction:
        raise
    except TrialError:
        # On a host with little memory, one process may succeed where several fail.
        _compile(files, tree, home, python)


def _compile(files: list[str], tree: str, home: str, python: str) -> None:
    names = b"\0".join(map(os.fsencode, files))
    if names:
        run_staged("compiling bytecode", python, ["-c", _COMPILE, tree, home], told=names)


def _largest_first(tree: str) -> list[str]:
    """The files to compile, the largest first, so that dealing them out in turn makes equal parts."""
    return sorted(_sources(tree), key=lambda path: (-os.lstat(path).st_size, path))


def _sources(tree: str) -> Iterator[str]:
    for library in glob.iglob(os.path.join(glob.escape(tree), "lib", "python3.*")):
        for folder, folders, files in os.walk(library):
            folders[:] = [name for name in folders if name not in _LEFT_OUT]
            paths = (os.path.join(folder, name) for name in files if name.endswith(".py"))
            yield from (path for path in paths if not os.path.islink(path))
