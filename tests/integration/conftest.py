# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The integration tests' controller, mirror and hosts; each test has fresh ones."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.integration.playbook import Controller, Outcome
from tests.integration.target import PODMAN, Target
from tests.world import hosts
from tests.world.cache import Cache
from tests.world.podman import bridge_address, podman_environment, unavailable
from tests.world.server import MirrorHandler, MirrorServer

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def world() -> Cache:
    """The test world's cache directory, which must hold the mirror."""
    cache = Cache()
    if not (cache.mirror / "SHA256SUMS").is_file():
        pytest.fail("the test world is not built: run python3 -m tests.world build")
    return cache


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory, world: Cache) -> tuple[Path, ...]:
    """Where Ansible finds this checkout and the collections that the world has."""
    checkout = tmp_path_factory.mktemp("collections")
    link = checkout / "ansible_collections" / "fleet" / "python"
    link.parent.mkdir(parents=True)
    link.symlink_to(CHECKOUT)
    return (checkout, world.collections)


@pytest.fixture(scope="session")
def containers(world: Cache) -> Iterator[dict[str, str]]:
    """Podman's environment, laid over this process's; tests that need containers are skipped where there are none."""
    if reason := unavailable():
        pytest.skip(f"no containers here: {reason}")
    variables = podman_environment(world)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        # Podman's bridge, on which the mirrors listen, has an address only as long as there is a container on it.
        with hosts.host("alpine", f"bridge-{uuid.uuid4().hex[:12]}"):
            yield variables


@pytest.fixture
def controller(tmp_path: Path, collections: Sequence[Path]) -> Controller:
    return Controller(tmp_path / "controller", collections)


class NewHost(Protocol):
    """Makes a fresh container of an image; ``options`` go to podman run, ``variables`` into the inventory.

    ``name`` is its name in the inventory, by default the image's.
    """

    def __call__(self, image: str, *options: str, name: str = "", **variables: Any) -> Target: ...


@pytest.fixture(scope="session")
def container_prefix() -> str:
    """Begins the names of containers; each folder of tests has its own, so that several can run side by side."""
    return "i"


@pytest.fixture
def new_host(containers: Mapping[str, str], container_prefix: str) -> Iterator[NewHost]:
    with _new_hosts(container_prefix) as make:
        yield make


@pytest.fixture(scope="module")
def shared_host(containers: Mapping[str, str], container_prefix: str) -> Iterator[NewHost]:
    """As `new_host`, for containers that all tests of a module have: whoever uses them leaves them as they were."""
    with _new_hosts(container_prefix) as make:
        yield make


@contextmanager
def _new_hosts(prefix: str) -> Iterator[NewHost]:
    with ExitStack() as stack:

        def make(image: str, *options: str, name: str = "", **variables: Any) -> Target:
            container = stack.enter_context(hosts.host(image, f"{prefix}-{uuid.uuid4().hex[:12]}", options))
            own = {"ansible_connection": PODMAN, "ansible_host": container.name}
            return Target(name or image, container, own | variables)

        yield make


class SshHost(Protocol):
    """Makes a fresh Debian without Python, reached by ssh as its ordinary user; parameters as for `NewHost`."""

    def __call__(self, *options: str, image: str = "debian12-ssh", **variables: Any) -> Target: ...


@pytest.fixture
def ssh_host(new_host: NewHost, tmp_path: Path) -> SshHost:
    key = tmp_path / "ssh_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    # Nothing of the user's, and no master process that outlives the test.
    words = ("-F", "/dev/null", "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no")

    def make(*options: str, image: str = "debian12-ssh", **variables: Any) -> Target:
        target = new_host(image, *options)
        hosts.start_sshd(target.container, key.with_suffix(".pub").read_text())
        own = {
            "ansible_connection": "ansible.builtin.ssh",
            "ansible_host": target.container.address,
            "ansible_user": target.container.image.user,
            "ansible_ssh_private_key_file": str(key),
            "ansible_ssh_args": " ".join(words),
        }
        return Target(target.name, target.container, own | variables)

    return make


class Serve(Protocol):
    """Serves a directory to the containers and to the controller, until the test ends."""

    def __call__(self, directory: Path, handler: type[MirrorHandler] = MirrorHandler) -> MirrorServer: ...


@pytest.fixture
def serve(containers: Mapping[str, str]) -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(directory: Path, handler: type[MirrorHandler] = MirrorHandler) -> MirrorServer:
            return stack.enter_context(MirrorServer(directory, bridge_address(), handler=handler))

        yield start


@pytest.fixture
def mirror(serve: Serve, world: Cache) -> MirrorServer:
    """The release mirror, with a record of this test's requests only."""
    return serve(world.mirror)


class Everywhere(Protocol):
    """Runs fleet.python.interpreter as a play of its own; the outcomes by host.

    By default for 3.13 from the mirror. ``arguments`` go to ansible-playbook, ``play`` into the play.
    """

    def __call__(
        self,
        targets: Sequence[Target],
        version: str | list[str] = "3.13",
        *arguments: str,
        play: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> dict[str, Outcome]: ...


@pytest.fixture
def everywhere(controller: Controller, mirror: MirrorServer) -> Everywhere:
    def run(
        targets: Sequence[Target],
        version: str | list[str] = "3.13",
        *arguments: str,
        play: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> dict[str, Outcome]:
        # Bytecode costs each install some seconds of both cores, minutes under emulation; tests/homes is about it.
        own = {"source": mirror.url, "catalogue": "source", "insecure_source": True, "compile_bytecode": False}
        task = {"version": version, **own, **options}
        ran = controller.play(
            {target.name: target.variables for target in targets},
            [{"fleet.python.interpreter": task}],
            arguments=arguments,
            **(play or {}),
        )
        return {outcome.host: outcome for outcome in ran.outcomes}

    return run


class Cases(Protocol):
    """Runs one play in which each case is a host of its own: a container, of which several may be the same.

    ``given`` has for each name the container and the options of that case alone; ``options`` are everybody's. By
    default for 3.13 from the mirror. The outcomes by name.
    """

    def __call__(self, given: Mapping[str, tuple[Target, Mapping[str, Any]]], **options: Any) -> dict[str, Outcome]: ...


@pytest.fixture
def cases(everywhere: Everywhere, mirror: MirrorServer) -> Cases:
    def run(given: Mapping[str, tuple[Target, Mapping[str, Any]]], **options: Any) -> dict[str, Outcome]:
        common = {"version": "3.13", "source": mirror.url, "catalogue": "source", **options}
        targets = [
            replace(
                target,
                name=name,
                variables={**target.variables, **{f"own_{key}": each for key, each in {**common, **own}.items()}},
            )
            for name, (target, own) in given.items()
        ]
        names = set(common).union(*(own for _target, own in given.values()))
        task: dict[str, Any] = {name: f"{{{{ own_{name} | default(omit) }}}}" for name in names}
        return everywhere(targets, **task)

    return run


class Interpreter(Protocol):
    """As `Everywhere`, for one host."""

    def __call__(
        self,
        target: Target,
        version: str | list[str] = "3.13",
        *arguments: str,
        play: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Outcome: ...


@pytest.fixture
def interpreter(everywhere: Everywhere) -> Interpreter:
    def run(target: Target, version: str | list[str] = "3.13", *arguments: str, **keywords: Any) -> Outcome:
        return everywhere([target], version, *arguments, **keywords)[target.name]

    return run
