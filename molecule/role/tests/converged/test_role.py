# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After somebody else's playbook, run by an ordinary user with sudo and with one tag."""

from __future__ import annotations

from testinfra.host import Host

from tests.molecule import looks

testinfra_hosts = [f"{looks.PREFIX}role-1", f"{looks.PREFIX}role-2"]


def test_interpreter_runs_on_each_host(host: Host) -> None:
    said = looks.ask(host, "python3.13", *looks.MODULES, *looks.MORE_MODULES)
    assert said["version"] == "3.13.2"
    assert said["prefix"] == f"/opt/python/{looks.in_use(host, '3.13')}"


def test_it_is_roots_though_the_user_is_another(host: Host) -> None:
    looks.assert_tidy(host)
    looks.assert_usable_by_anybody(host, "/opt/python/3.13/bin/python3")
    # Ansible's own temporary directory is the user's, and is empty.
    assert looks.entries(host, "/home/deploy/.ansible/tmp") == set()


def test_tags_were_obeyed(host: Host) -> None:
    assert looks.entries(host, "/srv") == {"python-version"}


def test_tasks_after_the_role_have_its_result(host: Host) -> None:
    assert host.file("/srv/python-version").content_string == "3.13.2\n"
