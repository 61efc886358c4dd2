# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the users of a home: processes that run from it, and venvs that were made with it."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence

from ansible_collections.fleet.python.plugins.module_utils._process import stat_fields
from ansible_collections.fleet.python.plugins.module_utils._root.foreign import folders_with, read_foreign

# The flag of a thread of the kernel (linux/sched.h).
_PF_KTHREAD = 0x00200000
_MOST_OF_COMMAND = 4096
_PROGRAMS = ("/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin")


def users_of(prefixes: Sequence[str], venv_roots: Iterable[str]) -> list[str]:
    """The reasons why files below ``prefixes`` are still needed, as text for people. Empty if they are not needed.

    Looks at the files that processes execute and map (``/proc/*/maps``, ``/proc/*/exe``), and at each ``pyvenv.cfg``
    below ``venv_roots``. Without CAP_SYS_PTRACE the kernel shows only the command line of other users' processes
    (ptrace(2), access mode checks): one that does not tell what it runs is a reason too. This process, which ends
    with the task, does not count. What has started it does: ansible-pull may run on the build that it replaces.
    """
    named = [prefix.rstrip("/") for prefix in prefixes]
    # The kernel names paths without links, and venvs often do.
    below = tuple({path + "/" for prefix in named for path in (prefix, os.path.realpath(prefix))})
    return [*_processes(below), *_venvs(below, venv_roots)]


def _processes(below: tuple[str, ...]) -> Iterator[str]:
    unknown = []
    for folder in sorted(glob.glob("/proc/[0-9]*")):
        pid = int(os.path.basename(folder))
        runs = False if pid == os.getpid() else _runs_from(folder, below)
        if runs:
            yield f"process {pid} ({_name_of(folder)}) runs from it"
        elif runs is None:
            unknown.append(f"{pid} ({_name_of(folder)})")
    if unknown:
        some = ", ".join(unknown[:3]) + (", ..." if unknown[3:] else "")
        count = f"{len(unknown)} processes" if unknown[1:] else "1 process"
        # ptrace(2), access mode checks
        why = "cannot be looked into (it takes root with CAP_SYS_PTRACE), so may run from it"
        yield f"{count} of other users {why}: {some}"
    # Process 1 is always there (pid_namespaces(7)).
    if not os.path.isdir("/proc/1"):
        yield "processes of other users are hidden, so may run from it (/proc is not mounted, or is with hidepid)"


def _runs_from(folder: str, below: tuple[str, ...]) -> bool | None:
    """Whether a process executes or maps a file below; None if that cannot be known."""
    try:
        with open(folder + "/maps", encoding="utf-8", errors="surrogateescape") as maps:
            if any(line.rstrip("\n").split(None, 5)[-1].startswith(below) for line in maps):
                return True
        return os.readlink(folder + "/exe").startswith(below)
    except PermissionError:
        return False if _has_no_program(folder) else _command_from(_command_of(folder), below)
    except OSError:
        # It has ended meanwhile, or is a thread of the kernel.
        return False


def _has_no_program(folder: str) -> bool:
    """Whether it is a zombie or a thread of the kernel (proc(5), the fields state and flags of stat)."""
    try:
        fields = stat_fields(folder)
        return fields[0] in "ZX" or bool(int(fields[6]) & _PF_KTHREAD)
    except FileNotFoundError:
        return True
    except (OSError, ValueError, IndexError):
        return False


def _command_of(folder: str) -> list[str]:
    try:
        with open(folder + "/cmdline", encoding="utf-8", errors="surrogateescape") as file:
            return file.read(_MOST_OF_COMMAND).split("\0")
    except OSError:
        return []


def _command_from(words: Sequence[str], below: tuple[str, ...]) -> bool | None:
    """What the command line of a process tells, where nothing else of it may be seen; None if it does not tell.

    Its owner can write what they like there, but to their own harm alone.
    """
    if any(path.startswith(below) for word in words for path in (word, os.path.realpath(word)) if word.startswith("/")):
        return True
    name = words[0].partition(" ")[0].lstrip("-").rstrip(":") if words else ""
    # systemd gives such a name to what it has forked and what starts no program, as in "(sd-pam)".
    if name.startswith("(") and name.endswith(")"):
        return False
    if os.path.isabs(name) and os.path.exists(name):
        return False
    # A name that the home has too may mean that program, for example through a virtual environment that is gone.
    if not name or any(os.path.exists(os.path.join(home, "bin", os.path.basename(name))) for home in below):
        return None
    if os.path.isabs(name):
        return False
    # Without a path it is one of the system's programs.
    found = [path for path in (os.path.join(place, name) for place in _PROGRAMS) if os.path.exists(path)]
    return False if found and not any(os.path.realpath(path).startswith(below) for path in found) else None


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
