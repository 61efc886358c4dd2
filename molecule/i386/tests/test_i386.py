# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A 32-bit Debian on a 64-bit kernel, which was refused a Python: nothing was done to it."""

from __future__ import annotations

from testinfra.host import Host

from tests.molecule import looks

testinfra_hosts = [f"{looks.PREFIX}i386"]


def test_host_is_what_it_is_said_to_be(host: Host) -> None:
    # The kernel's word and the userland's: only the second one tells what can run.
    assert host.check_output("dpkg --print-architecture") == "i386"
    assert host.check_output("od -An -tu1 -j4 -N1 /bin/sh").strip() == "1"


def test_host_is_as_it_was(host: Host) -> None:
    looks.assert_untouched(host)
