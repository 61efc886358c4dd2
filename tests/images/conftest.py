# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that the collection's playbook, and the one of docs/images.md, make of a Debian without Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from tests.integration.conftest import collections, containers, world
from tests.world.cache import Cache
from tests.world.hosts import image_named
from tests.world.images import reference
from tests.world.podman import bridge_address, podman
from tests.world.server import MirrorServer

__all__ = ["collections", "containers", "world"]

BASE = reference(image_named("debian12"))


@dataclass(frozen=True)
class Image:
    """An image, and what the playbook that made it said."""

    name: str
    said: str

    def run(self, *command: str, text: str = "") -> str:
        """Run it, with its own command where none is given; return what it printed."""
        return podman("run", "--rm", "--interactive", self.name, *command, text=text)

    def inspect(self) -> dict[str, Any]:
        """What podman knows of it."""
        [known] = json.loads(podman("image", "inspect", self.name))
        return dict(known)

    def layer(self, archive: Path) -> list[tarfile.TarInfo]:
        """The members of its uppermost layer, which is what was added to the base; ``archive`` is written for that."""
        podman("save", "--quiet", "--format=docker-archive", f"--output={archive}", self.name)
        with tarfile.open(archive) as outer:
            [manifest] = json.load(_member(outer, "manifest.json"))
            with tarfile.open(fileobj=_member(outer, manifest["Layers"][-1])) as layer:
                return layer.getmembers()


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    file = tar.extractfile(name)
    assert file is not None, f"{name} is no file"
    return file


class Builder:
    """Runs playbooks that make images, against the release mirror."""

    def __init__(self, directory: Path, collections: Sequence[Path], mirror: str) -> None:
        self.directory = directory
        self._mirror = mirror
        self._variables = {
            **{name: os.environ[name] for name in ("PATH", "CONTAINERS_CONF") if name in os.environ},
            "HOME": str(directory),
            "ANSIBLE_HOME": str(directory / "ansible"),
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(map(str, collections)),
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "ANSIBLE_NOCOLOR": "1",
        }

    def make(self, playbook: str, name: str, **variables: Any) -> Image:
        """Run a playbook (a path, or a name with its collection's) and return the image that it made."""
        given = {
            "image_base": BASE,
            "image_name": name,
            "interpreter_version": ["3.13"],
            "interpreter_source": [self._mirror],
            "interpreter_catalogue": "source",
            "interpreter_insecure_source": True,
            # The mirror has no build of it for level 1.
            "interpreter_max_level": 2,
            **variables,
        }
        command = [sys.executable, "-m", "ansible", "playbook", playbook, "-e", json.dumps(given)]
        done = subprocess.run(
            command,
            env=self._variables,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return Image(name, done.stdout)


@pytest.fixture(scope="module")
def builder(
    tmp_path_factory: pytest.TempPathFactory, collections: Sequence[Path], containers: dict[str, str], world: Cache
) -> Iterator[Builder]:
    with MirrorServer(world.mirror, bridge_address()) as mirror:
        yield Builder(tmp_path_factory.mktemp("builder"), collections, mirror.url)


@pytest.fixture(scope="module")
def name() -> Iterator[str]:
    """The name of an image that is removed at the end."""
    name = f"localhost/fleet-python/test-{uuid.uuid4().hex[:12]}:made"
    yield name
    podman("rmi", "--force", "--ignore", name)
