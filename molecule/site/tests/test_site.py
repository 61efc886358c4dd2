# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook of the installed archive, run from another directory, on two hosts without Python."""

from __future__ import annotations

from testinfra.host import Host

from tests.molecule import looks

testinfra_hosts = [f"{looks.PREFIX}site-debian", f"{looks.PREFIX}site-alpine"]


def test_interpreter_runs_and_is_the_one_asked_for(host: Host) -> None:
    said = looks.ask(host, "/opt/python/3.13/bin/python3.13", *looks.MODULES)
    assert said["version"] == "3.13.2"
    assert looks.homes(host) == {looks.in_use(host, "3.13")}


def test_each_host_has_the_build_for_its_libc(host: Host) -> None:
    libc = {"debian": "gnu", "alpine": "musl"}[host.check_output(". /etc/os-release; echo $ID")]
    assert looks.in_use(host, "3.13").endswith(f"-{libc}")


def test_nothing_is_left_over(host: Host) -> None:
    looks.assert_tidy(host)
