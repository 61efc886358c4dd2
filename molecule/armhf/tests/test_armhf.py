# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A 32-bit ARM Debian, emulated, for which the mirror has no build: it was refused one, and nothing was done to it."""

from __future__ import annotations

from testinfra.host import Host

from tests.molecule import looks

testinfra_hosts = [f"{looks.PREFIX}armhf"]


def test_host_is_what_it_is_said_to_be(host: Host) -> None:
    assert host.check_output("dpkg --print-architecture") == "armhf"
    assert host.file("/lib/ld-linux-armhf.so.3").exists


def test_host_is_as_it_was(host: Host) -> None:
    looks.assert_untouched(host)
