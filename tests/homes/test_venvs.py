# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual environments outlive upgrades and the way back."""

from __future__ import annotations

import json

from tests.homes.builds import HOME_312_2, HOME_312_6
from tests.integration.conftest import Interpreter, NewHost
from tests.integration.playbook import Controller
from tests.integration.target import Target

# Its own version, a module that only the venv has, an extension of the standard library, and pip.
_NOTHING = {"ansible.builtin.debug": {"msg": "done"}}
_USE = "import platform, ssl, sqlite3, ours; print(platform.python_version(), ours.WHOSE)"


def _in_venv(target: Target, venv: str) -> str:
    target.sh('"$1/bin/python" -m pip --version', venv)
    return target.sh('"$1/bin/python" -c "$2"', venv, _USE).strip()


def _make_venv(target: Target, python: str, venv: str) -> None:
    target.sh('"$1" -m venv "$2" && echo WHOSE = 1 > "$2"/lib/python3.12/site-packages/ours.py', python, venv)


def test_they_run_on_after_upgrade_and_rollback(
    new_host: NewHost, interpreter: Interpreter, controller: Controller
) -> None:
    target = new_host("debian12")
    assert interpreter(target, "3.12.2").ok()["changed"]
    _make_venv(target, "/opt/python/3.12/bin/python3.12", "/srv/app")
    assert _in_venv(target, "/srv/app") == "3.12.2 1"

    upgraded = interpreter(target, "3.12", state="latest").ok()
    assert [each["action"] for each in upgraded["interpreters"]] == ["upgraded"]
    assert _in_venv(target, "/srv/app") == "3.12.6 1"

    back = interpreter(target, "3.12", state="previous").ok()
    assert [each["action"] for each in back["interpreters"]] == ["rolled_back"]
    assert _in_venv(target, "/srv/app") == "3.12.2 1"
    # What is asked for twice is done once.
    again = interpreter(target, "3.12", state="previous").ok()
    assert not again["changed"]
    assert [each["action"] for each in again["interpreters"]] == ["kept"]

    assert interpreter(target, "3.12.6").ok()["changed"]
    assert _in_venv(target, "/srv/app") == "3.12.6 1"
    # The playbook by its name; a play of the harness follows it.
    chosen = json.dumps({"interpreter_version": ["3.12"]})
    ran = controller.play(
        {target.name: target.variables}, [_NOTHING], arguments=["-e", chosen, "fleet.python.rollback"]
    )
    assert ran.outcomes[0].ok()["changed"], ran.output
    assert _in_venv(target, "/srv/app") == "3.12.2 1"
    assert target.sh("ls -d /opt/python/cpython-*").split() == [HOME_312_2, HOME_312_6]


def test_old_builds_warn_of_links_to_the_executable(new_host: NewHost, interpreter: Interpreter) -> None:
    """A build of before 20251217: its venvs hold when made through the directory, not through a linked executable."""
    target = new_host("debian12")
    link = "/usr/local/bin/python3.12"
    plain = interpreter(target, "3.12.2").ok()
    assert not plain.get("warnings")

    linked = interpreter(target, "3.12.2", links=[link]).ok()
    [warning] = linked["warnings"]
    assert "a venv made through a symlink to the interpreter is broken" in warning
    assert "/opt/python/3.12/bin/python3" in warning
    assert link in warning

    # The warning is true of this build, and what it says instead works.
    assert "broken" in target.sh(
        '"$1" -m venv --without-pip /srv/bad && /srv/bad/bin/python -c "" || echo broken', link
    )
    _make_venv(target, "/opt/python/3.12/bin/python3", "/srv/good")
    assert _in_venv(target, "/srv/good") == "3.12.2 1"
    interpreter(target, "3.12", state="latest", links=[link]).ok()
    assert _in_venv(target, "/srv/good") == "3.12.6 1"
