# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot scripts on hosts without Python: the whole way, the role after it and before it, and what goes wrong."""

from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from tests.homes.altered import Mirror, script_in_place_of
from tests.integration.boot_site import Site, boot
from tests.integration.conftest import NewHost, Serve
from tests.integration.playbook import Controller
from tests.world.cache import Cache
from tests.world.server import MirrorServer

BUILD = "cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu"


@pytest.fixture
def site(controller: Controller, mirror: MirrorServer, serve: Serve, tmp_path: Path) -> Site:
    directory = tmp_path / "carriers"
    directory.mkdir()
    return Site(controller, mirror, directory, serve(directory))


@pytest.mark.parametrize(
    ("image", "shell"),
    [
        ("debian12-curl", "dash"),
        ("alpine", "busybox ash"),
        pytest.param("debian12-curl", "bash", marks=pytest.mark.slow),
        pytest.param("alpine-arm64", "sh", marks=pytest.mark.slow),
        pytest.param("debian12-arm64-curl", "dash", marks=pytest.mark.slow),
    ],
)
def test_the_whole_way(image: str, shell: str, new_host: NewHost, site: Site) -> None:
    site.pin("3.13")
    links = ["/usr/local/bin/python3.13"]
    written = site.write(links=links)
    assert written["size"] == site.script.stat().st_size <= 16384
    assert written["gzipped"] < written["size"]
    assert not site.write(links=links)["changed"]
    target = new_host(image)
    site.requests()

    status, first = boot(target, site.script, shell)
    assert (status, first["changed"]) == (0, True), first
    [done] = first["interpreters"]
    assert (done["action"], done["interpreter"], done["version"]) == (
        "installed",
        "/opt/python/3.13/bin/python3.13",
        "3.13.2",
    )
    carrier, archive = site.requests()
    assert carrier == "/" + Path(written["carrier_path"]).name
    assert archive.endswith("-install_only_stripped.tar.gz")
    target.sh('/usr/local/bin/python3.13 -c "import ssl"')
    assert target.sh("ls -A /opt/python /tmp").split() == [
        "/opt/python:", ".boot", ".links", ".lock", "3.13", done["home"].rpartition("/")[2], "/tmp:",
    ]  # fmt: skip

    # A second run asks nobody, and neither does the role.
    before = target.state()
    status, second = boot(target, site.script, shell)
    assert (status, second["changed"], second["steps"]) == (0, False, [])
    assert [each["action"] for each in second["interpreters"]] == ["kept"]
    assert target.state() == before
    assert not site.role(target, version=["3.13"], links=links)["changed"]
    assert site.requests() == []

    # An emulated host takes half a minute of CPU for each run.
    if "-arm64" in image:
        return

    # The other way round: what the role has installed is what the script wants.
    target.sh("rm -rf /opt/python /usr/local/bin/python3.13")
    assert site.role(target, version=["3.13"], links=links)["changed"]
    site.requests()
    status, after_role = boot(target, site.script, shell)
    assert (status, after_role["changed"]) == (0, False), after_role
    assert site.requests() == [carrier]


@pytest.mark.slow
def test_another_lock_upgrades_and_several_are_installed(new_host: NewHost, site: Site) -> None:
    """What sh stages is one of several; what follows is fetched by the interpreter that is there."""
    target = new_host("debian12-curl")
    site.pin("3.12", triples=["x86_64_v3-unknown-linux-gnu"], release="20240224")
    site.write()
    status, said = boot(target, site.script)
    assert (status, said["interpreters"][0]["version"]) == (0, "3.12.2"), said
    site.lock.unlink()
    site.pin("3.12", "3.13", triples=["x86_64_v3-unknown-linux-gnu"])
    site.write()
    status, said = boot(target, site.script)
    assert status == 0, said
    assert [(each["version"], each["action"]) for each in said["interpreters"]] == [
        ("3.13.2", "installed"),
        ("3.12.6", "upgraded"),
    ]
    assert not site.role(target, version=["3.13", "3.12"])["changed"]


def test_what_fails_leaves_the_host_as_it_was(
    new_host: NewHost, site: Site, serve: Serve, world: Cache, tmp_path: Path
) -> None:
    target = new_host("debian12-curl")
    before = target.state()

    def fails(**options: Any) -> str:
        site.write(catalogue=str(world.mirror / "SHA256SUMS"), **options)
        status, said = boot(target, site.script)
        assert (status, said["changed"], said["failed"]) == (1, False, True), said
        assert said["msg"].startswith(target.sh("uname -n").strip() + ": ")
        assert "The host is as it was." in said["msg"]
        assert target.state() == before
        return str(said["msg"])

    site.pin("3.13")
    # Nothing listens there.
    message = fails(source=["http://127.0.0.1:9"])
    assert f"no source gave the archive:\n  http://127.0.0.1:9/20250317/{BUILD.replace('+', '%2B')}" in message
    assert "no source gave the carrier:\n  http://127.0.0.1:9/" in fails(carrier_source=["http://127.0.0.1:9"])
    # Twice: once, and once again.
    site.requests()
    assert "404" in fails(carrier_source=[f"{site.carriers.url}/nowhere"])
    assert len(site.requests()) == 2

    # Other bytes under the right names: asked for once.
    wrong = tmp_path / "wrong" / "20250317" / f"{BUILD}-install_only_stripped.tar.gz"
    wrong.parent.mkdir(parents=True)
    wrong.write_bytes(gzip.compress(b"no archive", mtime=0))
    server = serve(tmp_path / "wrong")
    message = fails(source=[server.url])
    assert f"has sha256 {hashlib.sha256(wrong.read_bytes()).hexdigest()}" in message
    assert len(server.requests) == 1

    carrier = Path(site.write()["carrier_path"])
    whole = carrier.read_bytes()
    carrier.write_bytes(whole[:-1] + b"x")
    status, said = boot(target, site.script)
    assert (status, target.state()) == (1, before)
    assert "no source gave the carrier:" in said["msg"]
    assert "has sha256 " in said["msg"]

    # No pin for this host: by its loader, and by the plan that the interpreter makes.
    site.lock.unlink()
    site.pin("3.13", triples=["aarch64-unknown-linux-gnu"])
    message = fails()
    assert "no pin of the lock fits this host, x86_64 with /lib64/ld-linux-x86-64.so.2" in message
    assert "It pins builds for aarch64-unknown-linux-gnu" in message
    site.lock.unlink()
    site.pin("3.13", triples=["x86_64_v2-unknown-linux-gnu"])
    assert "does not pin 3.13 for x86_64_v3-unknown-linux-gnu, but for x86_64_v2-unknown-linux-gnu" in fails()

    target.sh("mkdir /opt/python && chmod 777 /opt/python")
    before = target.state()
    site.lock.unlink()
    site.pin("3.13")
    site.requests()
    assert "/opt/python cannot be trusted by uid 0: anybody may write it" in fails()
    assert len(site.requests()) == 1


_DIES = "#!/bin/sh\nkill -ILL $$\n"
# Starts, and dies of the first thing that is more than a start: the carrier.
_DIES_LATER = '#!/bin/sh\ncase "$*" in "-I -B -c import sys") exit 0 ;; esac\nkill -ILL $$\n'


# The tests' machine must be of level 3 itself, as hardly one is not.
@pytest.mark.parametrize(
    "text", [pytest.param(_DIES, id="at once"), pytest.param(_DIES_LATER, id="later", marks=pytest.mark.slow)]
)
def test_a_build_for_a_higher_level_gives_way_and_that_is_remembered(
    text: str, new_host: NewHost, site: Site, serve: Serve, world: Cache, tmp_path: Path
) -> None:
    real = f"20250317/{BUILD}-install_only_stripped.tar.gz"
    stand_in = real.replace("x86_64_v2", "x86_64_v3")
    altered = Mirror(tmp_path / "altered", world.mirror)
    altered.add_changed(real, script_in_place_of("bin/python3.13", text), stand_in).add(real)
    source = [serve(altered.directory).url]
    site.pin("3.13", triples=["x86_64_v3-unknown-linux-gnu", "x86_64_v2-unknown-linux-gnu"], source=source)
    site.write(source=source)
    target = new_host("debian12-curl")
    status, said = boot(target, site.script)
    assert (status, said["changed"]) == (0, True), said
    assert said["interpreters"][0]["home"] == f"/opt/python/{BUILD}"
    assert any("level 2 is tried, and remembered for this host" in warning for warning in said["warnings"])
    assert target.sh("cat /opt/python/.level") == "2\n"
    status, again = boot(target, site.script)
    assert (status, again["changed"], again.get("warnings")) == (0, False, None)
    assert not site.role(target, version=["3.13"], source=source)["changed"]


@pytest.mark.slow
def test_a_damaged_carrier_on_the_host_is_fetched_again(new_host: NewHost, site: Site) -> None:
    target = new_host("alpine")
    site.pin("3.13")
    site.write()
    assert boot(target, site.script)[0] == 0
    site.requests()
    target.sh("printf x >>/opt/python/.boot")
    status, said = boot(target, site.script)
    assert (status, said["changed"]) == (0, False)
    [carrier] = site.requests()
    assert carrier.endswith(".pyz")
    assert boot(target, site.script)[1]["changed"] is False
    assert site.requests() == []
    # And it goes with the last interpreter.
    site.controller.play(
        {target.name: target.variables}, [{"fleet.python.interpreter": {"version": "3.13", "state": "absent"}}]
    ).outcomes[0].ok()
    assert target.sh("ls -A /opt") == ""


def test_secrets_are_written_where_they_are_asked_for(site: Site) -> None:
    site.pin("3.13")
    secret = site.mirror.url.replace("://", "://user:hidden@")
    plain = site.write(source=[secret])
    assert "is without the secrets of source" in plain["warnings"][0]
    assert "hidden" not in site.script.read_text()
    told = site.write(source=[secret], secrets=True)
    assert "holds secrets of the sources, and so has mode 0600" in told["warnings"][0]
    assert "user:hidden@" in site.script.read_text()
    assert os.stat(site.script).st_mode & 0o777 == 0o600
