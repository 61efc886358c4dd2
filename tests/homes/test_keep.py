# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which older homes stay, and that nothing is taken away that somebody uses."""

from __future__ import annotations

import pytest

from tests.homes.builds import HOME_312_2, HOME_312_6, HOME_313
from tests.homes.processes import start_python, stop
from tests.integration.conftest import Interpreter, NewHost
from tests.integration.target import Target

_PYTHON = "/opt/python/3.12/bin/python3.12"


def _homes(target: Target) -> list[str]:
    return target.sh("ls -d /opt/python/cpython-*").split()


def _name(home: str) -> str:
    return home.rpartition("/")[2]


@pytest.mark.parametrize(("keep", "stay"), [(0, [HOME_312_6]), (1, [HOME_312_2, HOME_312_6])])
def test_older_homes_that_stay(keep: int, stay: list[str], new_host: NewHost, interpreter: Interpreter) -> None:
    target = new_host("debian12-python3")
    interpreter(target, ["3.12.2", "3.13"]).ok()
    # What we have not made is none of ours, whatever its name.
    target.sh("mkdir /opt/python/cpython-3.12.1 /opt/python/old && echo mine > /opt/python/old/notes")

    predicted = interpreter(target, "3.12", "--check", "--diff", state="latest", keep=keep).ok()
    upgraded = interpreter(target, "3.12", "--diff", state="latest", keep=keep).ok()
    assert upgraded["diff"] == predicted["diff"]
    assert not upgraded.get("warnings")
    assert _homes(target) == ["/opt/python/cpython-3.12.1", *stay, HOME_313]
    assert target.sh("cat /opt/python/old/notes") == "mine\n"
    assert not interpreter(target, "3.12", state="latest", keep=keep).ok()["changed"]

    if keep == 0:
        message = interpreter(target, "3.12", state="previous").refusal()
        assert "3.12 has nothing to go back to" in message


def test_two_older_homes_stay(new_host: NewHost, interpreter: Interpreter) -> None:
    """Three of one minor version: the flavors are homes of their own."""
    target = new_host("debian12-python3")
    interpreter(target, "3.12.2").ok()
    interpreter(target, "3.12.2", flavor="install_only", keep=2).ok()
    assert len(_homes(target)) == 2
    interpreter(target, "3.12.6", keep=2).ok()
    assert len(_homes(target)) == 3
    # One step back and forth again, with room for one: what the link led to until now stays.
    interpreter(target, "3.12", state="previous").ok()
    left = target.sh("readlink /opt/python/3.12").strip()
    interpreter(target, "3.12.6", keep=1).ok()
    assert _homes(target) == sorted([f"/opt/python/{left}", HOME_312_6])


def test_what_is_used_stays_and_the_reason_is_told(new_host: NewHost, interpreter: Interpreter) -> None:
    target = new_host("debian12-python3")
    interpreter(target, "3.12.2").ok()
    # A process by the interpreter, one that has only mapped a library of the home, and a venv that names the home.
    runs = start_python(target, _PYTHON)
    mapped = f'ctypes; ctypes.CDLL("{HOME_312_2}/lib/libpython3.12.so.1.0")'
    maps = start_python(target, "/usr/bin/python3", modules=mapped)
    target.sh('"$1/bin/python3.12" -m venv --without-pip /srv/fixed', HOME_312_2)
    target.sh('"$1" -m venv --without-pip /srv/follows', _PYTHON)

    upgraded = interpreter(target, "3.12.6", keep=0, venv_roots=["/srv"]).ok()
    [warning] = upgraded["warnings"]
    assert f"{_name(HOME_312_2)} is not removed" in warning
    assert f"process {runs} (python3.12) runs from it" in warning
    assert f"process {maps} (python3) runs from it" in warning
    assert "the venv /srv/fixed was made with it" in warning
    assert "/srv/follows" not in warning
    assert _homes(target) == [HOME_312_2, HOME_312_6]

    # A venv alone is reason enough where it is looked for.
    stop(target, runs)
    stop(target, maps)
    absent = interpreter(target, "3.12.2", state="absent", venv_roots=["/home", "/srv"]).ok()
    assert [each["action"] for each in absent["interpreters"]] == ["kept"]
    assert not absent["changed"]
    assert "/srv/fixed" in absent["interpreters"][0]["in_use"]
    absent = interpreter(target, "3.12.2", state="absent", venv_roots=["/home"]).ok()
    assert [each["action"] for each in absent["interpreters"]] == ["removed"]
    assert _homes(target) == [HOME_312_6]


def test_what_was_in_use_goes_with_the_next_run_or_stays(new_host: NewHost, interpreter: Interpreter) -> None:
    target = new_host("debian12-python3")
    interpreter(target, "3.12.2").ok()
    pid = start_python(target, _PYTHON)
    assert "is not removed" in "".join(interpreter(target, "3.12.6", keep=0).ok()["warnings"])
    stop(target, pid)
    assert not interpreter(target, "3.12.6", keep=0).ok()["changed"]
    assert _homes(target) == [HOME_312_6]

    # Still in use in the next run: nothing is left to do, now and later.
    pid = start_python(target, _PYTHON)
    interpreter(target, "3.12.2", keep=0).ok()
    assert not interpreter(target, "3.12.2", keep=0).ok()["changed"]
    stop(target, pid)
    assert target.sh("ls -A /opt/python/.staging") == ""
    assert not interpreter(target, "3.12.2", keep=0).ok()["changed"]
    assert _homes(target) == [HOME_312_2, HOME_312_6]


def test_absent_leaves_what_is_in_use(new_host: NewHost, interpreter: Interpreter) -> None:
    """On a host whose only Python is the one that is to go."""
    target = new_host("debian12")
    link = "/usr/local/bin/python3.12"
    interpreter(target, "3.12", links=[link]).ok()
    pid = start_python(target, _PYTHON)
    look = "ls -lA /opt/python /usr/local/bin"
    before = target.sh(look)

    kept = interpreter(target, "3.12", state="absent").ok()
    assert not kept["changed"]
    [warning] = kept["warnings"]
    assert f"process {pid} (python3.12) runs from it" in warning
    assert target.sh(look) == before
    target.sh('"$1" -B -c "import ssl"', link)

    stop(target, pid)
    removed = interpreter(target, "3.12", state="absent").ok()
    assert [each["action"] for each in removed["interpreters"]] == ["removed"]
    assert target.sh("ls -A /opt /usr/local/bin") == "/opt:\n\n/usr/local/bin:\n"
    assert not interpreter(target, "3.12", state="absent").ok()["changed"]


def test_a_venv_through_a_linked_executable_keeps_its_home(new_host: NewHost, interpreter: Interpreter) -> None:
    """Its pyvenv.cfg names /usr/local/bin: only the link inside of it tells."""
    target = new_host("debian12")
    link = "/usr/local/bin/python3.12"
    interpreter(target, "3.12.6", links=[link]).ok()
    target.sh('"$1" -m venv --without-pip /srv/app', link)

    kept = interpreter(target, "3.12", state="absent", venv_roots=["/srv"]).ok()
    assert [each["action"] for each in kept["interpreters"]] == ["kept"]
    assert "the venv /srv/app was made with it" in kept["warnings"][0]
    target.sh("rm -r /srv/app")
    assert interpreter(target, "3.12", state="absent", venv_roots=["/srv"]).ok()["changed"]
    assert target.sh("ls -A /opt /usr/local/bin") == "/opt:\n\n/usr/local/bin:\n"


def test_the_name_of_a_process_moves_no_cursor(new_host: NewHost, interpreter: Interpreter) -> None:
    """Any user of a host can give a process any name, with control characters and bytes that are no UTF-8."""
    target = new_host("debian12-python3")
    interpreter(target, "3.12.2").ok()
    named = "/tmp/\x1b[31mred\udce4"
    target.sh('ln -s "$1" "$2"', _PYTHON, named)
    pid = start_python(target, named)
    done = interpreter(target, "3.12.6", keep=0).ok()
    assert f"process {pid} (\\x1b[31mred\ufffd) runs from it" in "".join(done["warnings"])
    stop(target, pid)


def test_a_process_that_cannot_be_looked_into(new_host: NewHost, interpreter: Interpreter) -> None:
    """Without CAP_SYS_PTRACE, as in a default container, root sees only the command lines of other users."""
    target = new_host("debian12-python3")
    interpreter(target, "3.12.2").ok()
    as_nobody = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    # The command line of one says what it runs, that of the other is a name from its PATH.
    named = start_python(target, *as_nobody, f"{HOME_312_2}/bin/python3.12")
    by_path = start_python(target, *as_nobody, "/usr/bin/env", "PATH=/opt/python/3.12/bin", "python3.12")
    assert "denied" in target.sh('ls -l "/proc/$1/exe" 2>&1 || :', str(by_path))

    [warning] = interpreter(target, "3.12.6", keep=0).ok()["warnings"]
    assert f"{_name(HOME_312_2)} is not removed: process {named} (python3.12) runs from it" in warning
    assert "1 process of other users cannot be looked into" in warning
    assert f": {by_path} (python3.12)" in warning
    assert _homes(target) == [HOME_312_2, HOME_312_6]
    stop(target, named)
    [warning] = interpreter(target, "3.12.2", state="absent").ok()["warnings"]
    assert f"{by_path} (python3.12)" in warning
    stop(target, by_path)
    assert interpreter(target, "3.12.2", state="absent").ok()["changed"]
    assert _homes(target) == [HOME_312_6]


def test_everything_is_kept_in_a_shared_root(new_host: NewHost, interpreter: Interpreter) -> None:
    """A damaged home that is replaced stays too: another host may use it."""
    target = new_host("debian12-python3")
    interpreter(target, "3.12.2").ok()
    target.sh('rm "$1/lib/python3.12/this.py"', HOME_312_2)
    interpreter(target, "3.12.2", keep="all").ok()
    interpreter(target, "3.12.6", keep="all").ok()
    assert _homes(target) == [HOME_312_2, f"{HOME_312_2}.2", HOME_312_6]
    assert not interpreter(target, "3.12.6", keep="all").ok()["changed"]
