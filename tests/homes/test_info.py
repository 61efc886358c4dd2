# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""interpreter_info and the report: what is installed, linked, used, damaged and leftover; no Python needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.homes.builds import HOME_312_2, HOME_312_6
from tests.homes.processes import start_python
from tests.integration.conftest import Interpreter, NewHost
from tests.integration.counter import Counter
from tests.integration.playbook import Controller
from tests.integration.target import Target

_INFO = "fleet.python.interpreter_info"


def _info(controller: Controller, target: Target, **options: Any) -> dict[str, Any]:
    return controller.play({target.name: target.variables}, [{_INFO: options}]).outcomes[0].ok()


def test_what_is_there(new_host: NewHost, interpreter: Interpreter, controller: Controller, tmp_path: Path) -> None:
    counter = Counter(tmp_path / "counter")
    # BusyBox and no Python; the stand-ins for musl are enough here.
    bare = _info(controller, new_host("alpine"))
    assert (bare["homes"], bare["links"], bare["left_overs"]) == ([], {}, [])

    target = counter.before(new_host("debian12"))
    interpreter(target, "3.12.2").ok()
    interpreter(target, "3.12.6").ok()
    pid = start_python(target, "/opt/python/3.12/bin/python3.12")
    target.sh(
        'rm "$1/lib/python3.12/json/decoder.py" && mkdir /opt/python/.staging/module-x /opt/python/theirs && '
        "ln -s nowhere /opt/python/3.8 && mkdir /opt/python/cpython-3.11.1",
        HOME_312_2,
    )
    counter.starts()
    before = target.state("/opt/python")
    found = _info(controller, target)
    assert counter.starts() == ["podman exec"] * 2
    assert target.state("/opt/python") == before
    assert not found["changed"]

    old, new = found["homes"]
    assert (old["home"], old["linked_by"], old["previous_of"], old["in_use_by"]) == (HOME_312_2, [], ["3.12"], [])
    assert (old["whole"], old["version"], old["release"]) == (False, "3.12.2", "20240224")
    assert old["damage"].startswith("1 of its ")
    assert (new["home"], new["linked_by"], new["previous_of"], new["in_use_by"]) == (HOME_312_6, ["3.12"], [], [pid])
    assert (new["whole"], new["damage"]) == (True, "")
    assert found["links"]["/opt/python/3.12"] == HOME_312_6.rpartition("/")[2]
    assert {each["path"]: each["what"] for each in found["left_overs"]} == {
        "/opt/python/.staging/module-x": "staging of a run that was cut off, or is still on",
        "/opt/python/theirs": "not ours",
        "/opt/python/3.8": "link that leads to nowhere, which is not there",
        "/opt/python/cpython-3.11.1": "home without a receipt",
    }

    # The report says the same for people.
    ran = controller.play(
        {target.name: target.variables}, [{"ansible.builtin.debug": {"msg": "done"}}], arguments=["fleet.python.report"]
    )
    assert ran.status == 0, ran.output
    line = next(line for line in ran.output.splitlines() if line.startswith(f"{target.name} ") and "glibc" in line)
    assert " damaged " in line
    assert " 3.12.6, 3.12.2 (not linked) " in line
    assert "3.12.2: 1 of its " in line
