# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After an upgrade that keeps nothing: 3.12.6 is the only build, and the environment lives on."""

from __future__ import annotations

from testinfra.host import Host

from tests.molecule import looks

testinfra_hosts = [f"{looks.PREFIX}upgrade"]


def test_only_the_newest_build_is_there(host: Host) -> None:
    assert looks.homes(host) == {"cpython-3.12.6+20240909-x86_64_v2-unknown-linux-gnu"}
    assert looks.in_use(host, "3.12") == "cpython-3.12.6+20240909-x86_64_v2-unknown-linux-gnu"


def test_environment_lives_on(host: Host) -> None:
    assert looks.ask(host, "/srv/app/venv/bin/python", *looks.MODULES, "pip")["version"] == "3.12.6"


def test_nothing_is_left_over(host: Host) -> None:
    looks.assert_tidy(host)
