# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After the upgrade: the link leads to 3.12.6, 3.12.2 is kept, and what was made before lives on."""

from __future__ import annotations

from testinfra.host import Host

from tests.molecule import looks

testinfra_hosts = [f"{looks.PREFIX}upgrade"]


def test_newest_build_is_in_use_and_the_older_one_kept(host: Host) -> None:
    assert looks.in_use(host, "3.12") == "cpython-3.12.6+20240909-x86_64_v2-unknown-linux-gnu"
    assert looks.homes(host) == {
        "cpython-3.12.2+20240224-x86_64_v2-unknown-linux-gnu",
        "cpython-3.12.6+20240909-x86_64_v2-unknown-linux-gnu",
    }
    assert looks.ask(host, "/opt/python/3.12/bin/python3.12", *looks.MODULES)["version"] == "3.12.6"


def test_environment_made_before_runs_with_the_new_build(host: Host) -> None:
    said = looks.ask(host, "/srv/app/venv/bin/python", *looks.MODULES, "pip")
    assert said["version"] == "3.12.6"
    assert host.check_output("/srv/app/venv/bin/pip --version").endswith("(python 3.12)")


def test_nothing_is_left_over(host: Host) -> None:
    looks.assert_tidy(host)
