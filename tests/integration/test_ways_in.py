# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways in that pass not everything on: login shells that are not sh, and dropbear, which refuses long commands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.integration.conftest import Everywhere, SshHost
from tests.integration.target import Target

SHELLS = ("csh", "tcsh", "fish")


@pytest.fixture
def host(ssh_host: SshHost) -> Target:
    """A host without Python, with a user for each shell, and with dropbear on port 2222."""
    # To see whether the processes of the other users run from a home that goes.
    target = ssh_host("--cap-add=SYS_PTRACE", image="debian12-others", ansible_become=True)
    target.sh("rm -f /usr/bin/python3 /usr/bin/python3.11; ln -s /usr/bin/busybox /usr/local/bin/wget")
    for shell in SHELLS:
        target.sh(
            'useradd --create-home --shell "/usr/bin/$1" "$1"; cp -a /home/deploy/.ssh "/home/$1/"; '
            'chown -R "$1:" "/home/$1/.ssh"; echo "$1 ALL=(ALL) NOPASSWD: ALL" >"/etc/sudoers.d/$1"',
            shell,
        )
    target.sh("mkdir -p /etc/dropbear; dropbear -R -p 2222 -P /run/dropbear.pid")
    return target


# With so many links the probe is too long for a command of dropbear's, and travels as a file.
@pytest.mark.parametrize(("transfer", "links"), [("push", 1), ("pull", 40)])
def test_every_way_in_installs_and_then_changes_nothing(
    host: Target, everywhere: Everywhere, transfer: str, links: int
) -> None:
    """All go to one container, where each has a root of its own."""
    users = [replace(host, name=shell, variables={**host.variables, "ansible_user": shell}) for shell in SHELLS]
    ways = [*users, replace(host, name="dropbear", variables={**host.variables, "ansible_port": 2222})]
    here = "/opt/python of {{ inventory_hostname }}"
    task: dict[str, Any] = {
        "root": here,
        "links": [f"{here} links/py-{number}" for number in range(links)],
        "transfer": transfer,
    }
    outcomes = everywhere(ways, "3.13", **task)
    assert all(outcome.ok()["changed"] for outcome in outcomes.values())
    for way in ways:
        host.sh('"$1" -c "import ssl"', f"/opt/python of {way.name} links/py-{links - 1}")
    assert not any(outcome.ok()["changed"] for outcome in everywhere(ways, "3.13", **task).values())
    gone = everywhere(ways, "3.13", state="absent", **task)
    assert all(outcome.ok()["changed"] for outcome in gone.values())
    # The folders of extra links stay: nothing tells that nobody else uses them.
    assert all(line.endswith(" links") for line in host.sh("ls -A /opt").splitlines())
