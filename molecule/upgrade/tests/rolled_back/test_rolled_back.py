# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After the rollback: 3.12.2 is in use again, also by the environment, and 3.12.6 is still there."""

from __future__ import annotations

from testinfra.host import Host

from tests.molecule import looks

testinfra_hosts = [f"{looks.PREFIX}upgrade"]


def test_older_build_is_in_use_again(host: Host) -> None:
    assert looks.in_use(host, "3.12") == "cpython-3.12.2+20240224-x86_64_v2-unknown-linux-gnu"
    assert "cpython-3.12.6+20240909-x86_64_v2-unknown-linux-gnu" in looks.homes(host)
    assert looks.ask(host, "/opt/python/3.12/bin/python3.12", *looks.MODULES)["version"] == "3.12.2"


def test_environment_has_gone_back_with_it(host: Host) -> None:
    assert looks.ask(host, "/srv/app/venv/bin/python", *looks.MODULES, "pip")["version"] == "3.12.2"


def test_nothing_is_left_over(host: Host) -> None:
    looks.assert_tidy(host)
