# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian 12 without any Python: it gets one, and then ordinary modules run there with it."""

from __future__ import annotations

from testinfra.host import Host

from tests.molecule import looks

testinfra_hosts = [f"{looks.PREFIX}no-python"]


def test_interpreter_runs_and_is_the_one_asked_for(host: Host) -> None:
    said = looks.ask(host, "/opt/python/3.13/bin/python3.13", *looks.MODULES, *looks.MORE_MODULES)
    assert said["version"] == "3.13.2"
    assert said["libc"] == "glibc"


def test_it_is_the_only_python_there(host: Host) -> None:
    found = host.check_output("find / -xdev -path '*bin/python*' ! -name '*-config' -type f -perm -0100").split()
    assert found == [f"/opt/python/{looks.in_use(host, '3.13')}/bin/python3.13"]


def test_anybody_can_use_it_and_only_root_can_change_it(host: Host) -> None:
    looks.assert_tidy(host)
    looks.assert_usable_by_anybody(host, "/opt/python/3.13/bin/python3")


def test_ordinary_modules_ran_with_it(host: Host) -> None:
    assert host.user("app").home == "/srv/app"
    facts = host.file("/srv/app/facts")
    assert facts.content_string == "Debian 12\n3.13\n"
    assert (facts.user, facts.group, facts.mode) == ("app", "app", 0o640)
    assert host.file("/etc/profile").contains("^export APP_HOME=/srv/app$")
