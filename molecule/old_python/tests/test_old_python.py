# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian 11 whose only Python is 2.7, too old for ansible-core: it gets one, and then ordinary modules run there."""

from __future__ import annotations

from testinfra.host import Host

from tests.molecule import looks

testinfra_hosts = [f"{looks.PREFIX}old-python"]


def test_interpreter_runs_and_is_the_one_asked_for(host: Host) -> None:
    said = looks.ask(host, "/opt/python/3.13/bin/python3.13", *looks.MODULES, *looks.MORE_MODULES)
    assert said["version"] == "3.13.2"
    assert said["libc"] == "glibc"


def test_old_python_is_as_it_was(host: Host) -> None:
    assert host.run_expect([0], "/usr/bin/python2.7 --version").stderr.startswith("Python 2.7.")
    assert not host.exists("python3")
    assert host.run("dpkg --verify").stdout == ""


def test_anybody_can_use_it_and_only_root_can_change_it(host: Host) -> None:
    looks.assert_tidy(host)
    looks.assert_usable_by_anybody(host, "/opt/python/3.13/bin/python3")


def test_ordinary_modules_ran_with_it(host: Host) -> None:
    assert host.user("app").home == "/srv/app"
    facts = host.file("/srv/app/facts")
    assert facts.content_string == "Debian 11\n3.13\n"
    assert (facts.user, facts.group, facts.mode) == ("app", "app", 0o640)
