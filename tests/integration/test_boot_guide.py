# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways of docs/boot.md: its command, its Dockerfile, and cloud-init."""

from __future__ import annotations

import gzip
import json
import shlex
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.integration.boot_site import AT_ONCE, HERE, Site, boot
from tests.integration.conftest import NewHost, Serve
from tests.integration.playbook import Controller
from tests.unit.docs import pages
from tests.world.hosts import image_named
from tests.world.images import reference
from tests.world.podman import podman
from tests.world.server import MirrorServer

GUIDE = "docs/boot.md"


@pytest.fixture
def site(controller: Controller, mirror: MirrorServer, serve: Serve, tmp_path: Path) -> Site:
    directory = tmp_path / "boot"
    directory.mkdir()
    return Site(controller, mirror, directory, serve(tmp_path))


def written_as_in_the_guide(site: Site, **variables: Any) -> None:
    """Run the guide's command, with the servers of this test in place of the example's."""
    command = pages.blocks(GUIDE, "sh")[0].replace("$PWD", str(site.controller.directory))
    words = shlex.split(command.replace("https://mirror.example.com", site.carriers.url))
    assert words[:2] == ["ansible-playbook", "fleet.python.boot"]
    extra: dict[str, Any] = dict(word.split("=", 1) for word in words[3::2])
    assert words[2::2] == ["-e"] * len(extra)
    extra |= {f"interpreter_{name}": value for name, value in site.mirrored.items()}
    extra |= {f"boot_{name}": value for name, value in AT_ONCE.items()}
    extra |= {"boot_carrier_path": str(site.directory), "interpreter_compile_bytecode": False, **variables}
    [done] = site.controller.playbook("fleet.python.boot", HERE, extra).outcomes
    done.ok()


def test_the_command_and_the_dockerfile(site: Site, new_host: NewHost) -> None:
    site.pin("3.13", max_level=2, triples=["x86_64_v2-unknown-linux-gnu"])
    written_as_in_the_guide(site, interpreter_max_level=2)
    target = new_host("debian12-curl")
    assert boot(target, site.script)[1]["changed"]

    [dockerfile] = pages.blocks(GUIDE, "dockerfile")
    lines = dockerfile.splitlines()
    assert lines[0].startswith("FROM docker.io/library/debian:12")
    # A base made here, which has what apt-get brings there.
    lines[0] = f"FROM {reference(image_named('debian12-curl'))}"
    assert "curl" in lines.pop(1)
    context = site.script.parent / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("\n".join(lines) + "\n")
    (context / "boot.sh").write_bytes(site.script.read_bytes())
    name = f"localhost/fleet-python-boot-{uuid.uuid4().hex[:12]}"
    try:
        said = podman("build", "--no-cache", f"--tag={name}", str(context))
        assert '"changed": true' in said
        command = ("python3.13", "-c", "import ssl, sys; print(sys.version)")
        assert podman("run", "--rm", name, *command).startswith("3.13.2 ")
    finally:
        podman("rmi", "--force", "--ignore", name)


# Its locale would be generated, which a container without locales cannot do; its network is podman's.
_SETTINGS = "datasource_list: [ NoCloud ]\nnetwork: {config: disabled}\nlocale: C.UTF-8\n"


@pytest.mark.slow
@pytest.mark.parametrize("how", ["as it is", "gzip", "include"])
def test_cloud_init(how: str, site: Site, new_host: NewHost) -> None:
    site.pin("3.13")
    written_as_in_the_guide(site)
    seed = site.script.parent / "seed"
    seed.mkdir()
    (seed / "meta-data").write_text("instance-id: i-1\nlocal-hostname: edge\n")
    data = seed / "user-data"
    if how == "include":
        (site.directory / "boot.sh").write_bytes(site.script.read_bytes())
        data.write_text(f"#include\n{site.carriers.url}/boot/boot.sh\n")
    else:
        data.write_bytes(gzip.compress(site.script.read_bytes()) if how == "gzip" else site.script.read_bytes())
    settings = site.script.parent / "settings.cfg"
    settings.write_text(_SETTINGS)
    mounts = (f"{seed}:/var/lib/cloud/seed/nocloud:ro", f"{settings}:/etc/cloud/cloud.cfg.d/99-test.cfg:ro")
    # It boots, and systemd starts cloud-init.
    target = new_host("debian12-cloud", *(f"--volume={mount}" for mount in mounts))
    said = target.sh("timeout 300 cloud-init status --wait --long || :; cat /var/log/cloud-init-output.log")
    [line] = [line for line in said.splitlines() if line.startswith("{")]
    assert json.loads(line)["changed"], said
    assert "status: done" in said
    target.sh('/opt/python/3.13/bin/python3.13 -c "import ssl"')
    assert not site.role(target, version=["3.13"])["changed"]
