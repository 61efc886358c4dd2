# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way that an archive's bytes take: downloaded by the host, or once by the controller for all hosts."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._sources.digest import digest_of
from tests.integration.conftest import Everywhere, Interpreter, NewHost
from tests.integration.playbook import Controller, Outcome
from tests.world.cache import Cache
from tests.world.server import MirrorServer

PYTHON = "/opt/python/3.13/bin/python3.13"


def _clients(mirror: MirrorServer) -> list[str]:
    """Who downloaded archives."""
    return [request.client for request in mirror.requests if request.path.endswith((".tar.gz", ".tar.zst"))]


def test_pull_is_the_hosts_own_download(
    new_host: NewHost, everywhere: Everywhere, mirror: MirrorServer, controller: Controller
) -> None:
    targets = [new_host("alpine"), new_host("debian12-python3")]
    for outcome in everywhere(targets, transfer="auto").values():
        [done] = outcome.ok()["interpreters"]
        assert (done["transfer"], done["transfer_reason"]) == ("pull", "the host reaches a source")
    assert sorted(_clients(mirror)) == sorted(target.container.address for target in targets)
    assert not list(controller.cache.rglob("archives/*"))


def test_push_downloads_once_for_all_hosts_and_runs(
    new_host: NewHost, everywhere: Everywhere, mirror: MirrorServer, controller: Controller
) -> None:
    targets = [new_host("debian12", name=name) for name in ("one", "two")]
    assert all(outcome.ok()["changed"] for outcome in everywhere(targets, transfer="push").values())
    [client] = _clients(mirror)
    assert client not in {target.container.address for target in targets}

    third = new_host("debian12-python3")
    assert everywhere([third], transfer="push")[third.name].ok()["changed"]
    assert len(_clients(mirror)) == 1

    # What is damaged in the cache is fetched anew.
    [archive] = [path for path in controller.cache.rglob("archives/*") if path.stat().st_size > 1_000_000]
    with archive.open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"damage")
    third.sh("rm -r /opt/python")
    assert everywhere([third], transfer="push")[third.name].ok()["changed"]
    assert len(_clients(mirror)) == 2
    for target in (*targets, third):
        target.sh('"$1" -c "import ssl"', PYTHON)


def test_the_cache_of_a_user_without_a_home_is_emptied_if_it_is_theirs(controller: Controller, tmp_path: Path) -> None:
    cache = tmp_path / f"fleet.python-{os.geteuid()}"
    (cache / "archives").mkdir(parents=True)
    archive = cache / "archives" / "0123"
    archive.touch()
    clean = ["env", f"TMPDIR={tmp_path}"]
    cache.chmod(0o777)
    assert controller.playbook("fleet.python.clean_cache", {}, {}, launcher=clean).status == 0
    assert archive.exists()
    cache.chmod(0o700)
    assert controller.playbook("fleet.python.clean_cache", {}, {}, launcher=clean).status == 0
    assert not archive.exists()


def test_auto_pushes_where_the_host_cannot_download(
    new_host: NewHost, everywhere: Everywhere, mirror: MirrorServer
) -> None:
    """One host has no downloader, and two do not reach the source: the controller asks it once for all."""
    without = new_host("debian12")
    apart = [new_host(image, "--network=none") for image in ("alpine", "debian12-python3")]
    outcomes = everywhere([without, *apart], transfer="auto")
    reasons = {}
    for name, outcome in outcomes.items():
        [done] = outcome.ok()["interpreters"]
        assert done["transfer"] == "push"
        reasons[name] = done["transfer_reason"]
    assert "nor curl nor wget" in reasons[without.name]
    for target in apart:
        assert f"the host got it from nowhere: {mirror.url}" in reasons[target.name]
        target.sh('"$1" -c "import ssl"', PYTHON)
    # One archive for glibc, and one for musl.
    assert len(_clients(mirror)) == 2
    assert without.container.address not in _clients(mirror)


def test_directory_of_the_controller(new_host: NewHost, interpreter: Interpreter, world: Cache) -> None:
    target = new_host("alpine", "--network=none")
    assert interpreter(target, source=str(world.mirror)).ok()["changed"]
    target.sh('"$1" -c "import ssl"', PYTHON)
    assert not interpreter(target, source=str(world.mirror)).ok()["changed"]


def test_full_archive(new_host: NewHost, interpreter: Interpreter) -> None:
    """Of zstd, with the interpreter in a folder of its own; the host has no zstd. test_memory.py has one more."""
    target = new_host("debian12")
    result = interpreter(target, flavor="full", libc="gnu").ok()
    assert result["interpreters"][0]["asset"].endswith("-full.tar.zst")
    target.sh('"$1" -c "import ssl, sqlite3"', PYTHON)
    assert not interpreter(target, flavor="full").ok()["changed"]
    interpreter(target, state="absent").ok()
    assert not target.look.file("/opt/python").exists


def _twenty(controller: Controller, mirror: MirrorServer, root: Path) -> tuple[Outcome, ...]:
    """Run the task for twenty hosts at once, all of them this machine, with a cold cache."""
    hosts = {f"host{number}": {"ansible_connection": "local"} for number in range(20)}
    task = {
        "version": "3.13",
        "source": mirror.url,
        "catalogue": "source",
        "transfer": "push",
        "compile_bytecode": False,
        "root": f"{root}/{{{{ inventory_hostname }}}}",
    }
    outcomes = controller.play(hosts, [{"fleet.python.interpreter": task}], arguments=("--forks=20",)).outcomes
    assert len(outcomes) == 20
    return outcomes


def test_twenty_hosts_cost_the_source_one_request(controller: Controller, tmp_path: Path) -> None:
    """What they get is no Python, which each of them finds out by itself, and at no great cost."""
    name = "cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz"
    archive = tmp_path / "mirror" / "20250317" / name
    archive.parent.mkdir(parents=True)
    with tarfile.open(archive, "w:gz") as tar:
        program = tarfile.TarInfo("python/bin/python3.13")
        script = b"#!/bin/sh\nexit 1\n"
        program.size, program.mode = len(script), 0o755
        tar.addfile(program, io.BytesIO(script))
    (tmp_path / "mirror/SHA256SUMS").write_text(f"{digest_of(archive)}  20250317/{name}\n")
    # Not the containers' mirror: where no container runs, its address is not there.
    with MirrorServer(tmp_path / "mirror") as mirror:
        for outcome in _twenty(controller, mirror, tmp_path):
            assert "try of cpython-3.13.2" in outcome.refusal()
            assert not (tmp_path / outcome.host).exists()
    assert len(_clients(mirror)) == 1


@pytest.mark.slow
def test_twenty_hosts_get_a_python_for_one_request(controller: Controller, world: Cache, tmp_path: Path) -> None:
    with MirrorServer(world.mirror) as mirror:
        outcomes = _twenty(controller, mirror, tmp_path)
    assert [outcome.ok()["changed"] for outcome in outcomes] == [True] * 20
    assert len(_clients(mirror)) == 1
    for outcome in outcomes:
        python = outcome.ok()["interpreter"]
        assert subprocess.run([python, "-c", "import ssl"], check=False).returncode == 0
