# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After the removal: nothing of the collection is there any more, and what is not the collection's stays."""

from __future__ import annotations

from testinfra.host import Host

from tests.molecule import looks

testinfra_hosts = [f"{looks.PREFIX}upgrade"]


def test_nothing_of_the_collection_is_there(host: Host) -> None:
    assert not host.file(looks.ROOT).exists
    assert looks.entries(host, "/opt") == set()
    assert looks.entries(host, "/tmp") == set()


def test_environment_is_not_the_collections_to_remove(host: Host) -> None:
    assert host.file("/srv/app/venv/pyvenv.cfg").exists
