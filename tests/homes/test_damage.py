# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A damaged home is noticed in the one round trip, and a new one takes its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.homes.builds import HOME_313
from tests.homes.processes import start_python, stop
from tests.integration.conftest import Interpreter, NewHost
from tests.integration.counter import Counter
from tests.integration.playbook import Controller
from tests.integration.target import Target

_LINK = "/opt/python/3.13"
_PYTHON = f"{_LINK}/bin/python3.13"
_SECOND = f"{HOME_313}.2"


def _linked(target: Target) -> str:
    return "/opt/python/" + target.sh('readlink "$1"', _LINK).strip()


def _works(target: Target) -> None:
    target.sh('"$1" -B -c "import ssl, json, os, lzma" && "$1" -m pip --version', _PYTHON)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ('rm "$1/lib/python3.13/json/decoder.py"', "1 of its"),
        ('echo "# more" >> "$1/lib/python3.13/os.py"; : >"$1/bin/mine"', "changed: lib/python3.13/os.py"),
        pytest.param(*(': > "$1/.fleet-receipt"', "receipt"), marks=pytest.mark.slow),
        pytest.param(*('echo "{}" > "$1/.fleet-receipt"', "receipt"), marks=pytest.mark.slow),
        pytest.param(*('rm "$1/bin/python3"', "bin/python3 is missing"), marks=pytest.mark.slow),
        ('chmod a-x "$1/bin/python3.13"', "bin/python3 is missing or not executable"),
    ],
)
def test_it_is_repaired_by_a_new_home(damage: str, said: str, new_host: NewHost, interpreter: Interpreter) -> None:
    # With a Python of its own, since the damaged one may not run at all; without one is the next test.
    target = new_host("debian12-python3")
    interpreter(target).ok()
    target.sh(damage, HOME_313)

    predicted = interpreter(target, "3.13", "--check", "--diff").ok()
    assert [each["action"] for each in predicted["interpreters"]] == ["repaired"]
    assert f"{HOME_313} home, damaged" in predicted["diff"]["before"]

    repaired = interpreter(target).ok()
    assert [each["action"] for each in repaired["interpreters"]] == ["repaired"]
    # How the archive travels is known when it has.
    done = [{key: value for key, value in each.items() if key[:8] != "transfer"} for each in repaired["interpreters"]]
    assert done == predicted["interpreters"]
    assert _linked(target) == _SECOND
    assert target.sh("ls -d /opt/python/cpython-*").split() == [_SECOND]
    _works(target)
    assert not interpreter(target).ok()["changed"]


def test_it_stays_while_a_process_runs_from_it(new_host: NewHost, interpreter: Interpreter) -> None:
    """On a host without another Python, where sh stages the new home."""
    target = new_host("debian12")
    interpreter(target).ok()
    pid = start_python(target, _PYTHON)
    target.sh('echo "x = 1" >"$1/lib/python3.13/site-packages/of_people.py"', HOME_313)
    target.sh('rm "$1/lib/python3.13/json/decoder.py" "$1/bin/python3"', HOME_313)

    repaired = interpreter(target).ok()
    assert [each["action"] for each in repaired["interpreters"]] == ["repaired"]
    kept, warning = repaired["warnings"]
    assert kept.endswith("site-packages: of_people.py")
    target.sh('"$1" -B -c "import of_people"', _PYTHON)
    assert HOME_313.rpartition("/")[2] in warning
    assert f"process {pid} (python3.13) runs from it" in warning
    assert _linked(target) == _SECOND
    _works(target)
    assert not interpreter(target).ok()["changed"]

    stop(target, pid)
    assert interpreter(target, state="absent").ok()["changed"]
    assert target.sh("ls -A /opt") == ""


# GNU's sha256sum and BusyBox's.
@pytest.mark.parametrize("image", ["debian12", "alpine"])
def test_the_deep_look_sees_what_the_quick_one_cannot(
    image: str, new_host: NewHost, interpreter: Interpreter, tmp_path: Path
) -> None:
    counter = Counter(tmp_path / "counter")
    target = counter.before(new_host(image))
    interpreter(target).ok()
    counter.starts()
    home = _linked(target)

    # What comes and goes in a home: packages, bytecode, programs of pip, a user's own files.
    target.sh(
        'cd "$1" && echo "x = 1" > lib/python3.13/site-packages/x.py && bin/python3.13 -c "import json, x"'
        " && echo changed >> bin/pip3 && rm -f bin/pip && rm -r lib/python3.13/site-packages/pip"
        " && echo mine > mine.txt && echo mine > bin/py && find . -name 'p*' -exec touch {} +",
        home,
    )
    # The second time, each interpreter is started too.
    for verify, trips in (("quick", 1), ("files", 1), ("deep", 2)):
        assert not interpreter(target, verify=verify).ok()["changed"]
        assert counter.starts() == ["podman exec"] * trips

    # The same size, the time of before.
    target.sh(
        'cd "$1/lib/python3.13" && touch -r json/decoder.py /tmp/time && '
        "sed -i s/JSONDecodeError/JSONDecodeErrot/ json/decoder.py && touch -r /tmp/time json/decoder.py",
        home,
    )
    assert not interpreter(target, verify="files").ok()["changed"]
    counter.starts()
    predicted = interpreter(target, "3.13", "--check", verify="deep").ok()
    assert counter.starts() == ["podman exec"] * 2
    assert [each["action"] for each in predicted["interpreters"]] == ["repaired"]
    repaired = interpreter(target, verify="deep").ok()
    assert [each["action"] for each in repaired["interpreters"]] == ["repaired"]
    assert _linked(target) == f"{home}.2"
    target.sh('"$1" -c "import json"', _PYTHON)


def test_what_is_rewritten_in_place_takes_a_look_at_files(new_host: NewHost, interpreter: Interpreter) -> None:
    target = new_host("alpine")
    interpreter(target).ok()
    home = _linked(target)
    target.sh('echo "# more" >> "$1/lib/python3.13/os.py"', home)
    assert not interpreter(target).ok()["changed"]
    assert [each["action"] for each in interpreter(target, verify="files").ok()["interpreters"]] == ["repaired"]
    assert _linked(target) == f"{home}.2"


def test_a_damaged_list_of_files_is_damage_too(new_host: NewHost, interpreter: Interpreter) -> None:
    target = new_host("debian12")
    interpreter(target).ok()
    target.sh(': > "$1/.fleet-manifest"', HOME_313)
    assert not interpreter(target).ok()["changed"]
    repaired = interpreter(target, verify="deep").ok()
    assert [each["action"] for each in repaired["interpreters"]] == ["repaired"]


def test_a_deep_look_needs_a_program_for_digests(new_host: NewHost, interpreter: Interpreter) -> None:
    target = new_host("debian12-python3")
    interpreter(target).ok()
    target.sh("rm -f /usr/bin/sha256sum /usr/bin/shasum")
    assert not interpreter(target).ok()["changed"]
    assert "neither sha256sum nor shasum" in interpreter(target, verify="deep").refusal()
    # What cannot be compared or counted is no damage.
    target.sh('touch "$1/lib/python3.13/os.py"', HOME_313)
    for program in ("grep", "wc", "find"):
        target.sh('rm "/usr/bin/$1"', program)
        assert not interpreter(target, verify="files").ok()["changed"]


# What setcap writes for cap_net_raw+ep (linux/capability.h, struct vfs_cap_data).
_CAPABILITY = "0100000200200000000000000000000000000000"


def test_the_deep_look_finds_what_starts_no_more(
    new_host: NewHost, interpreter: Interpreter, controller: Controller
) -> None:
    """A library that an upgrade of the system has taken, and a program with capabilities."""
    target = new_host("debian12-python3")
    assert interpreter(target, ["3.11.1", "3.13"]).ok()["changed"]
    target.sh("rm /lib/x86_64-linux-gnu/libcrypt.so.1*")
    python = f"{HOME_313}/bin/python3.13"
    code = "import os, sys; os.setxattr(sys.argv[1], 'security.capability', bytes.fromhex(sys.argv[2]))"
    target.sh('python3 -c "$@"', code, python, _CAPABILITY)
    # As an ordinary user sees it. Root starts it all the same.
    target.sh('"$1" -V; ! setpriv --reuid=65534 "$1" -V', python)

    assert not interpreter(target, ["3.11.1", "3.13"]).ok()["changed"]
    assert [each["action"] for each in interpreter(target, verify="deep").ok()["interpreters"]] == ["repaired"]
    target.sh('setpriv --reuid=65534 "$1" -V', _PYTHON)
    message = interpreter(target, "3.11.1", verify="deep").refusal()
    assert "libcrypt.so.1" in message
    assert "The host is as it was" in message
    [outcome] = controller.play({target.name: target.variables}, [{"fleet.python.interpreter_info": {}}]).outcomes
    damage = {home["version"]: home["damage"] for home in outcome.ok()["homes"]}
    assert damage["3.13.2"] == ""
    assert damage["3.11.1"].startswith("it does not start:")
    assert "libcrypt.so.1" in damage["3.11.1"]
