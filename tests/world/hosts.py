# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of the test world: containers that do nothing but wait for what a test does to them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from .errors import WorldError
from .images import reference
from .pins import IMAGES, Image
from .podman import LABEL, enable_emulation, podman, steady_bridge

PREFIX = "fleet-python-"


@dataclass(frozen=True)
class Host:
    """A running container; ``name`` is what podman and Ansible's podman connection call it."""

    name: str
    image: Image
    address: str


def image_named(name: str) -> Image:
    """Return the row of an image. Raises WorldError where there is none of that name."""
    for image in IMAGES:
        if image.name == name:
            return image
    raise WorldError(f"no image {name!r}; there are {', '.join(image.name for image in IMAGES)}")


def container_name(name: str) -> str:
    """Return the name with the prefix that every container of the test world has."""
    return name if name.startswith(PREFIX) else PREFIX + name


def up(image_name: str, container: str | None = None, options: Sequence[str] = ()) -> Host:
    """Make a host run and return it; one that runs already from the same image is kept as it is.

    ``options`` go to ``podman run`` as they are, for example ``--network=none`` or ``--tmpfs=/opt:size=20m``.
    Raises WorldError where the image is not built or the container does not start.
    """
    image = image_named(image_name)
    name = container_name(container or image.name)
    enable_emulation(image.arch)
    wanted = podman("images", "--quiet", "--no-trunc", reference(image)).strip()
    if not wanted:
        raise WorldError(f"image {image.name} is not built: run python3 -m tests.world build --only {image.name}")
    if _running_image(name) != wanted.removeprefix("sha256:") or not _answers(name):
        down(name)
        podman(
            "run",
            "--detach",
            f"--name={name}",
            f"--hostname={name.removeprefix(PREFIX)}",
            f"--label={LABEL}",
            f"--arch={image.arch}",
            # sleep as process 1 ignores SIGTERM, and podman would wait ten seconds for it.
            "--stop-signal=SIGKILL",
            *(["--systemd=always"] if image.boots else []),
            *options,
            reference(image),
            *(["/lib/systemd/systemd"] if image.boots else ["sleep", "infinity"]),
        )
        if _has_bridge(options):
            steady_bridge()
        if _running_image(name) is None:
            raise WorldError(f"container {name} does not stay up: podman logs {name} says {podman('logs', name)!r}")
    return Host(name, image, podman("inspect", "--format", "{{.NetworkSettings.IPAddress}}", name).strip())


def _has_bridge(options: Sequence[str]) -> bool:
    return not any(option.startswith(("--network", "--net=")) for option in options)


def _running_image(name: str) -> str | None:
    """Return the id of the image that a running container was made from, or None where no such container runs."""
    listed = podman("ps", "--no-trunc", "--format", "{{.Names}} {{.ImageID}}").splitlines()
    return dict(line.split(" ", 1) for line in listed).get(name)


def _answers(name: str) -> bool:
    """Whether a program starts in the container. Where podman was killed too, it lists dead ones as running."""
    try:
        podman("exec", name, "true")
    except WorldError:
        return False
    return True


def down(container: str) -> None:
    """Remove a container; nothing where there is none of that name."""
    podman("rm", "--force", "--ignore", "--volumes", container_name(container))


@contextmanager
def host(image_name: str, container: str | None = None, options: Sequence[str] = ()) -> Iterator[Host]:
    """Give a fresh host for the block, and remove it after."""
    down(container or image_name)
    try:
        yield up(image_name, container, options)
    finally:
        down(container or image_name)


def hosts() -> list[tuple[str, str, str]]:
    """Return name, image and state of every container of the test world."""
    listed = json.loads(podman("ps", "--all", "--format", "json", "--filter", f"label={LABEL}") or "[]")
    return sorted((item["Names"][0], item["Image"], item["State"]) for item in listed)


def run(container: Host, *command: str, text: str | None = None) -> str:
    """Run a command in a host and return what it printed. Raises WorldError where it fails."""
    return podman("exec", *(["--interactive"] if text is not None else []), container.name, *command, text=text)


def start_sshd(container: Host, public_key: str) -> None:
    """Let a key in as the image's ordinary user, and start sshd on port 22 of ``container.address``.

    ``public_key``: one line as in ``authorized_keys``. Raises WorldError where the image has no such user.
    """
    user = container.image.user
    if user is None:
        raise WorldError(f"image {container.image.name} has no ordinary user and no sshd; debian12-ssh has")
    script = (
        # sshd wants its privilege separation directory; a container has no service manager to make it.
        f"mkdir -p /run/sshd && umask 077 && mkdir -p ~{user}/.ssh && cat > ~{user}/.ssh/authorized_keys"
        f" && chown -R {user}: ~{user}/.ssh && {{ kill -0 $(cat /run/sshd.pid) 2>/dev/null || /usr/sbin/sshd; }}"
    )
    run(container, "sh", "-c", script, text=public_key.strip() + "\n")
