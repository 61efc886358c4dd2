# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alpine 3.23: musl and BusyBox. The build is a stand-in with the layout of python-build-standalone's."""

from __future__ import annotations

from testinfra.host import Host

from tests.molecule import looks

testinfra_hosts = [f"{looks.PREFIX}alpine"]


def test_interpreter_runs_and_is_the_one_asked_for(host: Host) -> None:
    said = looks.ask(host, "/opt/python/3.13/bin/python3.13", *looks.MODULES)
    assert said["version"] == "3.13.2"
    assert said["libc"] == "musl"
    assert said["machine"] == "x86_64"
    assert said["prefix"] == f"/opt/python/{looks.in_use(host, '3.13')}"


def test_it_is_the_build_for_musl(host: Host) -> None:
    assert looks.homes(host) == {"cpython-3.13.2+20250993-x86_64-unknown-linux-musl"}


def test_anybody_can_use_it_and_only_root_can_change_it(host: Host) -> None:
    looks.assert_tidy(host)
    looks.assert_usable_by_anybody(host, "/opt/python/3.13/bin/python3")


def test_host_still_has_no_other_python(host: Host) -> None:
    assert not host.exists("python3")
