# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After check mode as the first run: the hosts are as they were."""

from __future__ import annotations

from testinfra.host import Host

from tests.molecule import looks

testinfra_hosts = [f"{looks.PREFIX}role-1", f"{looks.PREFIX}role-2"]


def test_nothing_was_done(host: Host) -> None:
    looks.assert_untouched(host, "/srv")
