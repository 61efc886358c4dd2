# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian 12 that has a Python of its own: the new one is beside it, and the old one is as it was."""

from __future__ import annotations

from testinfra.host import Host

from tests.molecule import looks

testinfra_hosts = [f"{looks.PREFIX}debian"]


def test_interpreter_runs_and_is_the_one_asked_for(host: Host) -> None:
    said = looks.ask(host, "/opt/python/3.13/bin/python3.13", *looks.MODULES, *looks.MORE_MODULES)
    assert said["version"] == "3.13.2"
    assert said["libc"] == "glibc"
    assert said["machine"] == "x86_64"
    assert said["prefix"] == f"/opt/python/{looks.in_use(host, '3.13')}"


def test_it_is_the_only_build_there(host: Host) -> None:
    # Level 2 is the highest that the mirror has of this version.
    assert looks.homes(host) == {"cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu"}


def test_anybody_can_use_it_and_only_root_can_change_it(host: Host) -> None:
    looks.assert_tidy(host)
    looks.assert_usable_by_anybody(host, "/opt/python/3.13/bin/python3")


def test_link_on_the_search_path(host: Host) -> None:
    assert host.check_output("python3.13 --version") == "Python 3.13.2"
    assert host.file("/usr/local/bin/python3.13").linked_to.startswith("/opt/python/cpython-3.13.2+")


def test_distributions_own_python_is_as_it_was(host: Host) -> None:
    assert host.check_output("command -v python3") == "/usr/bin/python3"
    assert host.check_output("python3 --version").startswith("Python 3.11.")
    assert host.run("dpkg --verify").stdout == ""


def test_pip_makes_environments_and_leaves_the_build_alone(host: Host) -> None:
    host.run_expect([0], "/opt/python/3.13/bin/python3 -m venv /root/venv && /root/venv/bin/pip --version")
    refused = host.run("/opt/python/3.13/bin/python3 -m pip install --no-index nothing")
    assert refused.rc == 1
    assert "externally-managed-environment" in refused.stderr
