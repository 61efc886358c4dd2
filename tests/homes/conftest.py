# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The integration tests' controller, mirror and hosts, for what becomes of homes after they are made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.conftest import (
    collections,
    containers,
    controller,
    everywhere,
    interpreter,
    mirror,
    new_host,
    serve,
    world,
)
from tests.world.cache import Cache
from tests.world.server import MirrorServer

__all__ = [
    "collections",
    "containers",
    "controller",
    "everywhere",
    "interpreter",
    "mirror",
    "new_host",
    "serve",
    "world",
]


@pytest.fixture
def container_prefix() -> str:
    """Begins the names of these tests' containers."""
    return "o"


@pytest.fixture
def near_mirror(world: Cache) -> Iterator[MirrorServer]:
    """The release mirror for what runs on this machine itself: without containers podman's bridge may not be there."""
    with MirrorServer(world.mirror) as server:
        yield server
