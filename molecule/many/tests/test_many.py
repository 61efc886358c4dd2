# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three minor versions at once, with the first one asked for as the default."""

from __future__ import annotations

import pytest
from testinfra.host import Host

from tests.molecule import looks

testinfra_hosts = [f"{looks.PREFIX}many"]

VERSIONS = {"3.11": "3.11.1", "3.12": "3.12.6", "3.13": "3.13.2"}


@pytest.mark.parametrize("minor", VERSIONS)
def test_each_runs_from_its_own_home(host: Host, minor: str) -> None:
    said = looks.ask(host, f"/opt/python/{minor}/bin/python3", *looks.MODULES, *looks.MORE_MODULES)
    assert said["version"] == VERSIONS[minor]
    assert said["prefix"] == f"/opt/python/{looks.in_use(host, minor)}"
    assert looks.in_use(host, minor).startswith(f"cpython-{VERSIONS[minor]}+")


def test_no_other_build_is_there(host: Host) -> None:
    assert looks.homes(host) == {looks.in_use(host, minor) for minor in VERSIONS}


def test_default_is_the_first_one_asked_for(host: Host) -> None:
    assert host.check_output("python3 --version") == "Python 3.12.6"


def test_links_that_name_a_version_lead_to_it(host: Host) -> None:
    assert host.check_output("python3.11 --version") == "Python 3.11.1"
    assert host.check_output("python3.13 --version") == "Python 3.13.2"
    assert looks.entries(host, "/usr/local/bin") == {"python3", "python3.11", "python3.13"}


@pytest.mark.parametrize("minor", VERSIONS)
def test_each_makes_environments_of_its_own_version(host: Host, minor: str) -> None:
    host.run_expect([0], f"/opt/python/{minor}/bin/python3 -m venv --without-pip /root/venv-{minor}")
    assert host.check_output(f"/root/venv-{minor}/bin/python --version") == f"Python {VERSIONS[minor]}"


def test_anybody_can_use_them_and_only_root_can_change_them(host: Host) -> None:
    looks.assert_tidy(host)
    for minor in VERSIONS:
        looks.assert_usable_by_anybody(host, f"/opt/python/{minor}/bin/python3")
