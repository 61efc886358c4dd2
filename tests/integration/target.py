# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of the test world, as Ansible's inventory knows it and as a test looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import testinfra

from tests.world import hosts
from tests.world.podman import podman

PODMAN = "containers.podman.podman"

# The controller's own: Ansible makes them for any module, on any host.
_ANSIBLE_TRACES = ("/root/.ansible",)
# GNU and BusyBox have these words of find and stat. Times and the sizes of folders tell nothing.
_LISTING = """
for path in "$@"; do [ -e "$path" ] || [ -h "$path" ] || continue
find "$path" -type d -exec stat -c "%A %u:%g %n" {} +
find "$path" ! -type d -exec stat -c "%A %u:%g %s %N" {} +
done
"""


@dataclass(frozen=True)
class Target:
    """A container: its name in the inventory, what the inventory says of it, and the container itself."""

    name: str
    container: hosts.Host
    variables: Mapping[str, Any]

    @cached_property
    def look(self) -> Any:
        """The host through testinfra (a testinfra.host.Host, whose parts it types as modules), as its root user."""
        return testinfra.get_host(f"podman://{self.container.name}")

    def sh(self, script: str, *arguments: str) -> str:
        """What a script prints that runs on the host, with ``arguments`` as ``$1`` and so on. It must succeed."""
        return hosts.run(self.container, "sh", "-euc", script, "sh", *arguments)

    def state(self, *paths: str) -> frozenset[str]:
        """Everything a user could see: what was added to or deleted from the image, and a listing below ``paths``."""
        differences = {
            line
            for line in podman("diff", self.container.name).splitlines()
            # A changed folder (C) is one with a new time, or whose changes are lines of their own.
            if not line.startswith("C ") and not line[2:].startswith(_ANSIBLE_TRACES)
        }
        listing = self.sh(_LISTING, *(paths or ("/opt", "/usr/local"))).splitlines()
        return frozenset(differences.union(listing))
