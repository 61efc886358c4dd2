# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who still needs a home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.module_utils._home.users import (
    _command_from,
    _command_of,
    _has_no_program,
    users_of,
)

COLLECTIONS = str(Path(__file__).parents[3] / ".build" / "collections")


def _venv(folder: Path, home: str, python: str = "") -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(f"home = {home}\ninclude-system-site-packages = false\n")
    if python:
        (folder / "bin" / "python").symlink_to(python)
    return folder


def test_venvs_that_name_the_home(tmp_path: Path) -> None:
    roots = [str(tmp_path / "srv")]
    app = _venv(tmp_path / "srv" / "deep" / "app", "/nowhere/python/H/bin")
    _venv(tmp_path / "srv" / "other", "/nowhere/python/HH/bin")
    _venv(tmp_path / "srv" / "minor", "/nowhere/python/3.13/bin")
    assert users_of(["/nowhere/python/H"], roots) == [f"the venv {app} was made with it"]
    assert users_of(["/nowhere/python/H"], []) == []
    assert len(users_of(["/nowhere/python/H", "/nowhere/python/3.13"], roots)) == 2


def test_venvs_through_links(tmp_path: Path) -> None:
    link = tmp_path / "local" / "python3.13"
    link.parent.mkdir()
    link.symlink_to("/nowhere/python/3.13/bin/python3.13")
    venv = _venv(tmp_path / "srv" / "app", str(link.parent), str(link))
    loop = _venv(tmp_path / "srv" / "loop", "/nowhere", "python")
    assert users_of(["/nowhere/python/H", "/nowhere/python/3.13"], [str(tmp_path)]) == [
        f"the venv {venv} was made with it"
    ]
    # An upgrade moves the minor link on, and what goes through it: nothing holds the home itself.
    assert users_of(["/nowhere/python/H"], [str(tmp_path)]) == []
    assert loop.exists()


def test_a_root_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "real" / "H").mkdir(parents=True)
    (tmp_path / "root").symlink_to("real")
    _venv(tmp_path / "srv", str(tmp_path / "real" / "H" / "bin"))
    assert users_of([str(tmp_path / "root" / "H")], [str(tmp_path / "srv")])


def test_a_process_that_runs_from_it(tmp_path: Path) -> None:
    program = tmp_path / "H" / "bin" / "cat"
    program.parent.mkdir(parents=True)
    shutil.copy(shutil.which("cat") or "", program)
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        # It runs once it answers.
        process.stdin.write(b"up\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"up\n"
        assert users_of([str(tmp_path / "H")], []) == [f"process {process.pid} (cat) runs from it"]
        assert users_of([str(tmp_path / "HH")], []) == []
        process.stdin.close()
    assert users_of([str(tmp_path / "H")], []) == []


def test_this_process_does_not_count() -> None:
    users = users_of([sys.prefix, sys.base_prefix], [])
    assert not [user for user in users if user.startswith(f"process {os.getpid()} ")]


_LOOK = """
import sys
sys.path.insert(0, sys.argv[1])
from ansible_collections.fleet.python.plugins.module_utils._home.users import users_of
print(users_of(["/nowhere/python/H"], sys.argv[2:]))
"""


def _users_below(root: Path) -> str:
    """What is found below a folder by another process, which may neither wait nor take much memory."""
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -v 400000; exec "$@"', "sh", sys.executable, "-c", _LOOK, COLLECTIONS, str(root)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def _folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [_fifo, _endless, _huge, _folder])
def test_what_others_put_in_the_place_of_a_configuration(make: Callable[[Path], None], tmp_path: Path) -> None:
    app = _venv(tmp_path / "srv" / "app", "/nowhere/python/H/bin")
    (tmp_path / "srv" / "theirs").mkdir()
    make(tmp_path / "srv" / "theirs" / "pyvenv.cfg")
    assert _users_below(tmp_path / "srv") == f"['the venv {app} was made with it']"


def test_folders_in_folders_without_end(tmp_path: Path) -> None:
    top = str(tmp_path)
    here = os.open(top, os.O_RDONLY)
    for _level in range(1200):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    app = _venv(tmp_path / "z", "/nowhere/python/H/bin")
    assert _users_below(tmp_path) == f"['the venv {app} was made with it']"
    # pytest removes what is left with a function that recurses.
    subprocess.run(["rm", "-r", f"{top}/d"], check=True)


def _process(folder: Path, command: str, flags: int = 0, state: str = "S") -> None:
    """A process as somebody else sees it: its maps and exe cannot be read."""
    folder.mkdir(parents=True)
    (folder / "comm").write_text("name\n")
    (folder / "stat").write_text(f"7 (a) b) {state} 1 7 7 0 -1 {flags} 0 0\n")
    (folder / "cmdline").write_text(command)


@pytest.mark.parametrize(
    ("command", "runs"),
    [
        ("{home}/bin/python3.13\0app.py\0", True),
        ("/bin/sh\0{home}/bin/pip\0", True),
        ("{venv}/bin/python\0-m\0gunicorn\0", True),
        ("/bin/sh\0-c\0sleep 1\0", False),
        ("/bin/sh: a title of it", False),
        ("/usr/sbin/no-longer-there\0", False),
        ("/srv/gone/bin/python3.13\0", None),
        ("sh\0", False),
        ("-sh\0", False),
        ("sh: master process\0", False),
        ("(sd-pam)\0", False),
        ("python3.13\0app.py\0", None),
        ("gunicorn: master [app]\0", None),
        ("", None),
        ("\udce4\0", None),
    ],
)
def test_a_process_that_cannot_be_looked_into(command: str, runs: bool | None, tmp_path: Path) -> None:
    home, venv, process = (tmp_path / name for name in ("H", "venv", "7"))
    for folder in (home, venv):
        (folder / "bin").mkdir(parents=True)
    (home / "bin" / "python3.13").touch()
    (venv / "bin" / "python").symlink_to(home / "bin" / "python3.13")
    text = command.format(home=home, venv=venv)
    assert _command_from(text.split("\0"), (f"{home}/",)) is runs
    if "\udce4" not in text:
        _process(process, text)
        assert _command_from(_command_of(str(process)), (f"{home}/",)) is runs


@pytest.mark.parametrize(("state", "flags", "none"), [("S", 0x400100, False), ("Z", 0x40, True), ("I", 0x208040, True)])
def test_processes_without_a_program(state: str, flags: int, none: bool, tmp_path: Path) -> None:
    _process(tmp_path / "7", "", flags, state)
    assert _has_no_program(str(tmp_path / "7")) is none
    assert _has_no_program(str(tmp_path / "8"))


def test_what_has_started_the_run_counts_and_the_run_itself_does_not(tmp_path: Path) -> None:
    """ansible-pull waits above the module that removes the build which ansible-pull runs on."""
    home = tmp_path / "H"
    (home / "bin").mkdir(parents=True)
    shutil.copy("/bin/sh", home / "bin" / "sh")
    module = "ansible_collections.fleet.python.plugins.module_utils._home.users"
    code = f"from {module} import users_of; import sys; print(users_of(sys.argv[1:2], []))"
    ask = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": COLLECTIONS}
    # What follows keeps the shell from becoming the program itself.
    above = [str(home / "bin" / "sh"), "-c", '"$@"; exit $?', "sh", *ask, str(home)]
    said = subprocess.run(above, env=environment, capture_output=True, text=True, check=True).stdout
    assert "(sh) runs from it" in said
    own = os.path.dirname(os.path.dirname(os.path.realpath(sys.executable)))
    said = subprocess.run([*ask, own], env=environment, capture_output=True, text=True, check=True).stdout
    assert f"process {os.getpid()} " in said
