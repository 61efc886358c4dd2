# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role fleet.python.mirror on a host of the test world."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests

from tests.integration.playbook import Controller, Outcome
from tests.integration.target import Target
from tests.world.cache import Cache
from tests.world.server import MirrorServer


class Mirror:
    """A host on which the role runs; ``url`` is the source that it becomes."""

    def __init__(self, target: Target, controller: Controller) -> None:
        self.target = target
        self.url = f"http://{target.container.address}"
        self._controller = controller

    def role(self, *arguments: str, **variables: Any) -> tuple[Outcome, ...]:
        """Run the role, which must go well; its outcomes."""
        # A container has no service manager, and nginx is in the image.
        given = {"mirror_service": "program", "mirror_install": False} | variables
        ran = self._controller.play(
            {self.target.name: self.target.variables},
            [],
            arguments=["-e", json.dumps(given), *arguments],
            roles=["fleet.python.mirror"],
        )
        assert ran.status == 0, ran.output
        return ran.outcomes

    def changes(self, *arguments: str, **variables: Any) -> set[str]:
        """The tasks that changed something."""
        outcomes = self.role(*arguments, **variables)
        return {each.task.rpartition(" : ")[2] for each in outcomes if each.result.get("changed")}

    def status(self, path: str) -> int:
        """The HTTP status of an answer, 0 where there is none."""
        with suppress(requests.ConnectionError):
            return requests.get(f"{self.url}/{path}", timeout=30, allow_redirects=False).status_code
        return 0


def write_lock(path: Path, version: str, triples: Sequence[str], controller: Controller, world: Cache) -> Path:
    """A lock of what the world's mirror has."""
    task = {"path": str(path), "version": version, "triples": triples, "source": str(world.mirror)}
    here = {"here": {"ansible_connection": "local"}}
    controller.play(here, [{"fleet.python.lock": task | {"catalogue": "source"}}]).outcomes[0].ok()
    return path


def fetching(upstream: MirrorServer | Mirror) -> dict[str, Any]:
    """The role's variables for a mirror that fetches from a server, or from another mirror."""
    return {"mirror_upstream": upstream.url, "mirror_upstream_latest": f"{upstream.url}/latest-release.json"}


def static_variables(controller: Controller, world: Cache, directory: Path) -> dict[str, Any]:
    """The role's variables for a mirror of a lock: 3.13 for two kinds of machines."""
    triples = ["x86_64_v2-unknown-linux-gnu", "x86_64-unknown-linux-musl"]
    lock = write_lock(directory / "python.lock.yml", "3.13", triples, controller, world)
    return {"mirror_lock": str(lock), "mirror_source": [str(world.mirror)], "mirror_catalogue": "source"}
