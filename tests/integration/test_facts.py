# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local fact of a real host, read by Ansible's own gathering of facts."""

from __future__ import annotations

from typing import Any

from tests.integration.conftest import Interpreter, NewHost
from tests.integration.playbook import Controller

_FILE = "/etc/ansible/facts.d/fleet_python.fact"
_PYTHON = "/opt/python/3.13/bin/python3.13"


def test_what_is_installed_is_a_fact(new_host: NewHost, interpreter: Interpreter, controller: Controller) -> None:
    target = new_host("debian12")

    def gathered() -> Any:
        setup = {"ansible.builtin.setup": {"gather_subset": ["!all", "!min", "local"], "filter": ["ansible_local"]}}
        variables = {**target.variables, "ansible_python_interpreter": _PYTHON}
        [outcome] = controller.play({target.name: variables}, [setup]).outcomes
        return outcome.ok()["ansible_facts"]["ansible_local"]["fleet_python"]

    def run(**options: Any) -> bool:
        return bool(interpreter(target, facts=True, compile_bytecode=False, **options).ok()["changed"])

    assert run()
    found = gathered()["/opt/python"]["interpreters"]["3.13"]
    assert (found["interpreter"], found["version"]) == (_PYTHON, "3.13.2")
    assert target.sh(f"stat -c %a:%u {_FILE}").strip() == "644:0"
    assert not run()

    target.sh(f"rm {_FILE}")
    checked = interpreter(target, "3.13", "--check", "--diff", facts=True).ok()
    assert checked["changed"]
    assert f"{_FILE} local fact" in checked["diff"]["after"]
    assert not target.look.file(_FILE).exists
    assert run()
    assert gathered()["/opt/python"]["interpreters"]["3.13"] == found

    # The installation is done by then, so a folder that cannot be trusted is a warning.
    target.sh("chmod 777 /etc/ansible/facts.d && rm -r /opt/python/cpython-*/lib/python3.13/json")
    repaired = interpreter(target, facts=True, compile_bytecode=False).ok()
    assert repaired["interpreters"][0]["action"] == "repaired"
    assert any("others may write to /etc/ansible/facts.d (mode 777)" in each for each in repaired["warnings"])
    target.sh("chmod 755 /etc/ansible/facts.d")

    # This host has no other Python, so the interpreter that is removed does this too.
    target.sh(f"echo broken >{_FILE}")
    removed = interpreter(target, facts=True, state="absent").ok()
    assert any(f"{_FILE} holds no JSON object" in each for each in removed["warnings"])
    assert not target.look.file("/opt/python").exists
    assert not target.look.file(_FILE).exists
