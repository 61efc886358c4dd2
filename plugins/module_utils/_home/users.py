# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the users of a home: processes that run from it, and venvs that were made with it."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence

from ansible_collections.fleet.python.plugins.module_utils._home.foreign import folders_with, read_foreign


def users_of(prefixes: Sequence[str], venv_roots: Iterable[str]) -> list[str]:
    """The reasons why files below ``prefixes`` are still needed, as text for people. Empty if they are not needed.

    Looks at the files that processes execute and map (``/proc/*/exe``, ``/proc/*/maps``), and at each ``pyvenv.cfg``
    below ``venv_roots``. This process and its ancestors do not count.
    """
    named = [prefix.rstrip("/") for prefix in prefixes]
    # The kernel names paths without links, and venvs often do.
    below = tuple({path + "/" for prefix in named for path in (prefix, os.path.realpath(prefix))})
    return [*_processes(below), *_venvs(below, venv_roots)]


def _processes(below: tuple[str, ...]) -> Iterator[str]:
    own = _own_line()
    for folder in glob.glob("/proc/[0-9]*"):
        pid = int(os.path.basename(folder))
        if pid in own:
            continue
        if any(path.startswith(below) for path in _files_of(folder)):
            yield f"process {pid} ({_name_of(folder)}) runs from it"


def _own_line() -> set[int]:
    """This process and its ancestors."""
    found: set[int] = set()
    pid = os.getpid()
    while pid > 1 and pid not in found:
        found.add(pid)
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                # The process name before it may hold blanks and brackets (proc(5)).
                pid = int(file.read().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            break
    return found


def _files_of(folder: str) -> Iterator[str]:
    # A process may end meanwhile, and ordinary users cannot look into the processes of others.
    try:
        yield os.readlink(folder + "/exe")
    except OSError:
        return
    try:
        with open(folder + "/maps", encoding="utf-8", errors="surrogateescape") as maps:
            for line in maps:
                yield line.rstrip("\n").split(None, 5)[-1]
    except OSError:
        return


def _name_of(folder: str) -> str:
    try:
        with open(folder + "/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return "ended meanwhile"


def _venvs(below: tuple[str, ...], roots: Iterable[str]) -> Iterator[str]:
    for root in roots:
        for folder in folders_with("pyvenv.cfg", root):
            if any(path.startswith(below) for path in _made_with(folder)):
                yield f"the venv {folder} was made with it"


def _made_with(venv: str) -> Iterator[str]:
    """The paths by which a venv finds its Python, which are its configuration and each link to the interpreter."""
    yield _home_of(os.path.join(venv, "pyvenv.cfg")) + "/"
    path = os.path.join(venv, "bin", "python")
    # Follow as many links as the kernel does (path_resolution(7)), one by one, so that minor links are seen too.
    for _link in range(40):
        try:
            path = os.path.join(os.path.dirname(path), os.readlink(path))
        except OSError:
            return
        yield path


def _home_of(config: str) -> str:
    for line in (read_foreign(config) or "").splitlines():
        key, _mark, value = line.partition("=")
        if key.strip() == "home":
            return value.strip()
    return ""
