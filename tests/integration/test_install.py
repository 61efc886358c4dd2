# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host gets a Python, keeps it, and gives it up again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conftest import Everywhere, Interpreter, NewHost
from tests.integration.playbook import Controller, plannable
from tests.integration.target import Target

PYTHON = "/opt/python/3.13/bin/python3.13"
# What the real builds carry; the stand-ins for musl miss shared libraries for the second row.
_MODULES = "ssl, lzma, zlib, hashlib, json, venv"
_REAL_MODULES = "sqlite3, ctypes, bz2, decimal"


def _works(target: Target) -> None:
    """What people do with a Python: import, make a venv, run pip."""
    modules = _MODULES if "alpine" in target.name else f"{_MODULES}, {_REAL_MODULES}"
    target.sh('"$1" -c "import $2"', PYTHON, modules)
    target.sh('"$1" -m venv /tmp/v && /tmp/v/bin/python -c "import ssl" && rm -r /tmp/v', PYTHON)
    assert "(python 3.13)" in target.sh('"$1" -m pip --version', PYTHON)


def _serves_ansible(target: Target, controller: Controller) -> None:
    """Ordinary modules run with it."""
    variables = {**target.variables, "ansible_python_interpreter": PYTHON}
    tasks: list[dict[str, Any]] = [
        {"ansible.builtin.stat": {"path": PYTHON}},
        {"ansible.builtin.command": {"argv": [PYTHON, "-V"]}},
    ]
    stat, command = controller.play({target.name: variables}, tasks).outcomes
    assert stat.ok()["stat"]["executable"]
    assert command.ok()["stdout"].startswith("Python 3.13.")


@pytest.mark.parametrize(
    "image",
    [
        pytest.param("debian12", marks=pytest.mark.leg),
        "alpine",
        # Molecule's debian has it too.
        pytest.param("debian12-python3", marks=pytest.mark.slow),
        "debian11-python2",
        pytest.param("debian12-arm64", marks=pytest.mark.slow),
        pytest.param("alpine-arm64", marks=pytest.mark.slow),
    ],
)
def test_the_whole_way(image: str, new_host: NewHost, interpreter: Interpreter, controller: Controller) -> None:
    target = new_host(image)
    before = target.state()

    def run(*arguments: str, state: str = "present") -> dict[str, Any]:
        # Bytecode takes the longest of all, and is the same work everywhere.
        options: dict[str, Any] = {"state": state, "compile_bytecode": image == "debian12"}
        return interpreter(target, "3.13", *arguments, **options).ok()

    predicted = run("--check", "--diff")
    assert predicted["changed"]
    assert target.state() == before

    installed = run("--diff")
    assert installed["changed"]
    assert installed["interpreter"] == PYTHON
    assert [each["action"] for each in installed["interpreters"]] == ["installed"]
    assert plannable(installed) == predicted["interpreters"]
    assert installed["diff"] == predicted["diff"]
    _works(target)
    _serves_ansible(target, controller)

    after = target.state()
    again = run("--diff")
    assert not again["changed"]
    assert [each["action"] for each in again["interpreters"]] == ["kept"]
    assert again["diff"]["before"] == again["diff"]["after"]
    assert target.state() == after

    removed = run(state="absent")
    assert removed["changed"]
    assert [each["action"] for each in removed["interpreters"]] == ["removed"]
    assert target.state() == before
    assert not run(state="absent")["changed"]


def test_emulated_hosts_are_seen_as_what_they_are(new_host: NewHost, everywhere: Everywhere) -> None:
    """Nothing is installed there: that takes minutes, and is marked slow."""
    targets = [new_host("debian12-arm64"), new_host("alpine-arm64")]
    before = [target.state() for target in targets]
    predicted = everywhere(targets, "3.13", "--check")
    assert [target.state() for target in targets] == before
    for target, libc in zip(targets, ("gnu", "musl"), strict=True):
        result = predicted[target.name].ok()
        assert result["changed"]
        assert result["platform"]["arch"] == "aarch64"
        assert f"-aarch64-unknown-linux-{libc}-" in result["interpreters"][0]["asset"]
