# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The integration tests' controller, mirror and hosts, for what becomes of homes after they are made."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from tests.integration.conftest import (
    NewHost,
    collections,
    containers,
    controller,
    everywhere,
    interpreter,
    mirror,
    serve,
    world,
)
from tests.integration.target import PODMAN, Target
from tests.world import hosts
from tests.world.cache import Cache
from tests.world.server import MirrorServer

__all__ = ["collections", "containers", "controller", "everywhere", "interpreter", "mirror", "serve", "world"]


@pytest.fixture
def new_host(containers: Mapping[str, str]) -> Iterator[NewHost]:
    """Fresh containers whose names tell these tests from the others that may run on this machine."""
    with ExitStack() as stack:

        def make(image: str, *options: str, name: str = "", **variables: Any) -> Target:
            container = stack.enter_context(hosts.host(image, f"o-{uuid.uuid4().hex[:12]}", options))
            own = {"ansible_connection": PODMAN, "ansible_host": container.name}
            return Target(name or image, container, own | variables)

        yield make


@pytest.fixture
def near_mirror(world: Cache) -> Iterator[MirrorServer]:
    """The release mirror for what runs on this machine itself: without containers podman's bridge may not be there."""
    with MirrorServer(world.mirror) as server:
        yield server
