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
PUSH, PULL = ("push", 1), ("pull", 40)
MIXED = {"csh": PUSH, "tcsh": PULL, "fish": PUSH, "dropbear": PULL, "dropbear, short": PUSH}


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(MIXED, id="mixed"),
        *(
            pytest.param(dict.fromkeys(list(MIXED)[:4], each), id=each[0], marks=pytest.mark.slow)
            for each in (PUSH, PULL)
        ),
    ],
)
def test_every_way_in_installs_and_then_changes_nothing(
    host: Target, everywhere: Everywhere, given: dict[str, tuple[str, int]]
) -> None:
    """All go to one container, where each has a root of its own."""
    ways = []
    for name, (transfer, links) in given.items():
        own: dict[str, Any] = {"ansible_user": name} if name in SHELLS else {"ansible_port": 2222}
        own |= {"transfer": transfer, "paths": [f"/opt/python of {name} links/py-{number}" for number in range(links)]}
        ways.append(replace(host, name=name, variables={**host.variables, **own}))
    task: dict[str, Any] = {
        "root": "/opt/python of {{ inventory_hostname }}",
        "links": "{{ paths }}",
        "transfer": "{{ transfer }}",
    }
    outcomes = everywhere(ways, "3.13", **task)
    assert all(outcome.ok()["changed"] for outcome in outcomes.values())
    for way in ways:
        host.sh('"$1" -c "import ssl"', way.variables["paths"][-1])
    assert not any(outcome.ok()["changed"] for outcome in everywhere(ways, "3.13", **task).values())
    gone = everywhere(ways, "3.13", state="absent", **task)
    assert all(outcome.ok()["changed"] for outcome in gone.values())
    # The folders of extra links stay: nothing tells that nobody else uses them.
    assert all(line.endswith(" links") for line in host.sh("ls -A /opt").splitlines())
