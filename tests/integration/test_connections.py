# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts reached by ssh as an ordinary user, and this machine itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Everywhere, Interpreter, NewHost, SshHost
from tests.integration.playbook import Controller, plannable
from tests.world.cache import Cache
from tests.world.server import MirrorServer

PYTHON = "/opt/python/3.13/bin/python3.13"


def test_ssh_as_an_ordinary_user_with_become(ssh_host: SshHost, everywhere: Everywhere) -> None:
    """Without and with pipelining: each a host of its own to Ansible, with its own root."""
    target = ssh_host(ansible_become=True)
    hosts = [
        replace(target, name=name, variables={**target.variables, "ansible_pipelining": name == "pipelining"})
        for name in ("plain", "pipelining")
    ]
    before = target.sh("ls -lAn /opt")

    def run(*arguments: str, **options: Any) -> dict[str, dict[str, Any]]:
        outcomes = everywhere(hosts, "3.13", *arguments, root="/opt/{{ inventory_hostname }}", **options)
        return {name: outcome.ok() for name, outcome in outcomes.items()}

    predicted = run("--check")
    installed = run()
    for name, result in installed.items():
        assert result["changed"]
        assert plannable(result) == predicted[name]["interpreters"]
        target.sh('"$1" -c "import ssl, sqlite3, ctypes, lzma"', f"/opt/{name}/3.13/bin/python3.13")
        # The tree belongs to root, whoever came in; nobody else may write to it.
        assert target.sh('find "$1" ! -user 0 -o ! -type l -perm /022', f"/opt/{name}/") == ""
    assert not any(result["changed"] for result in run().values())
    assert all(result["changed"] for result in run(state="absent").values())
    assert target.sh("ls -lAn /opt") == before


def test_ordinary_user_without_become_has_a_root_of_the_own(ssh_host: SshHost, interpreter: Interpreter) -> None:
    target = ssh_host()
    assert interpreter(target, root="/home/deploy/python").ok()["changed"]
    target.sh("/home/deploy/python/3.13/bin/python3.13 -B -c 'import ssl'")
    assert target.sh("find /home/deploy/python/ ! -user deploy") == ""
    assert not interpreter(target, root="/home/deploy/python").ok()["changed"]
    assert interpreter(target, root="/home/deploy/python", state="absent").ok()["changed"]
    assert not target.look.file("/home/deploy/python").exists


def test_become_of_a_user_without_rights(ssh_host: SshHost, interpreter: Interpreter) -> None:
    """What is sent is the one user's, and the other has to read it: without setfacl there that must be allowed."""
    target = ssh_host(ansible_become=True, ansible_become_user="www-data", ansible_shell_allow_world_readable_temp=True)
    target.sh("install -d -o www-data /srv/python")
    # Nothing there can download: the first is sent, and carries out the second.
    assert interpreter(target, "3.12", root="/srv/python", transfer="push").ok()["changed"]
    assert interpreter(target, "3.13", root="/srv/python", transfer="pull").ok()["changed"]
    target.sh("/srv/python/3.13/bin/python3.13 -B -c 'import ssl'")
    assert target.sh("find /srv/python/ ! -user www-data") == ""
    assert not interpreter(target, "3.13", root="/srv/python").ok()["changed"]


@pytest.mark.leg
def test_this_machine(controller: Controller, world: Cache, tmp_path: Path) -> None:
    """No containers, no mirror over HTTP: a directory of the controller, and a root below another."""
    root = tmp_path / "a" / "python"
    hosts = {"here": {"ansible_connection": "local"}}
    mirrored = {"source": str(world.mirror), "catalogue": "source"}
    options: dict[str, Any] = {"version": "3.13", "root": str(root), **mirrored, "compile_bytecode": False}
    task = {"fleet.python.interpreter": options}
    first, again, absent = controller.play(
        hosts, [task, task, {"fleet.python.interpreter": {**options, "state": "absent"}}]
    ).outcomes
    assert first.ok()["changed"]
    assert not again.ok()["changed"]
    assert absent.ok()["changed"]
    assert not root.exists()


def test_delegated_task(new_host: NewHost, controller: Controller, mirror: MirrorServer) -> None:
    """The host that is delegated to gets the interpreter; the play's own host is left alone."""
    target, other = new_host("debian12"), new_host("alpine")
    mirrored = {"source": mirror.url, "catalogue": "source", "insecure_source": True}
    options = {"version": "3.13", **mirrored, "compile_bytecode": False}
    task = {"fleet.python.interpreter": options, "delegate_to": target.name, "when": "inventory_hostname == 'alpine'"}
    before = other.state()
    ran = controller.play({each.name: each.variables for each in (target, other)}, [task])
    assert ran.status == 0, ran.output
    target.sh('"$1" -c "import ssl"', PYTHON)
    assert other.state() == before


def test_variables_for_other_pythons_harm_no_start_of_ours(new_host: NewHost, everywhere: Everywhere) -> None:
    """PYTHONHOME and PYTHONPATH of the task, on a host with Python and on one without."""
    targets = [new_host("debian12-python3"), new_host("alpine")]
    for target in targets:
        target.sh("mkdir /srv/broken; echo nonsense | tee /srv/broken/json.py >/srv/broken/encodings.py")
    play = {"environment": {"PYTHONHOME": "/opt/vendor/python", "PYTHONPATH": "/srv/broken"}}
    outcomes = everywhere(targets, "3.13", play=play)
    assert all(outcome.ok()["changed"] for outcome in outcomes.values())
    assert all(not outcome.ok()["changed"] for outcome in everywhere(targets, "3.13", play=play).values())


def test_environment_of_the_task_reaches_the_download(
    new_host: NewHost, everywhere: Everywhere, mirror: MirrorServer
) -> None:
    """A proxy that is named there is asked; this one listens nowhere."""
    proxy = {"environment": {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}}
    targets = [new_host("alpine"), new_host("debian12-python3")]
    for outcome in everywhere(targets, transfer="pull", play=proxy).values():
        assert mirror.url in outcome.refusal()
    assert not [request for request in mirror.requests if request.path.endswith(".tar.gz")]
