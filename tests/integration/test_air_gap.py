# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Behind the gap: a controller in a network namespace with no way out, hosts with no network, and a bundle."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.integration.conftest import NewHost, Serve
from tests.integration.playbook import Controller
from tests.integration.target import Target
from tests.world.cache import Cache

PYTHON = "/opt/python/3.13/bin/python3.13"
TRIPLES = [
    "x86_64_v2-unknown-linux-gnu",
    "x86_64_v2-unknown-linux-musl",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
]
# Its own network, in which not even the loopback device is up.
CUT_OFF = ("unshare", "--net")


@pytest.fixture
def bundle(controller: Controller, world: Cache, tmp_path: Path) -> Path:
    """Made before, where the sources can be reached, for machines that are not there."""
    path = tmp_path / "stick"
    variables = {
        "bundle_path": str(path),
        "bundle_versions": ["3.13"],
        "bundle_triples": TRIPLES,
        "interpreter_source": [str(world.mirror)],
        "interpreter_catalogue": "source",
    }
    assert controller.playbook("fleet.python.bundle", {}, variables).outcomes[0].ok()["changed"]
    assert len([file for file in path.rglob("*") if file.name.endswith(".tar.gz")]) == 4
    # The controller behind the gap is another one.
    shutil.rmtree(controller.cache)
    return path


def provision(targets: Sequence[Target], bundle: Path, controller: Controller) -> None:
    """Run fleet.python.site for hosts behind the gap, twice."""
    hosts = {target.name: target.variables for target in targets}
    variables = {
        "interpreter_version": ["3.13"],
        "interpreter_source": [str(bundle)],
        "interpreter_lock": str(bundle),
        "interpreter_catalogue": "source",
        "interpreter_max_level": 2,
        "interpreter_compile_bytecode": False,
    }
    for changed in (True, False):
        ran = controller.playbook("fleet.python.site", hosts, variables, launcher=CUT_OFF)
        outcomes = {each.host: each for each in ran.outcomes if "interpreters" in each.result or each.status != "ok"}
        assert {host: outcome.ok()["changed"] for host, outcome in outcomes.items()} == dict.fromkeys(hosts, changed)
    for target in targets:
        # Nothing but the loopback device, so nothing else can have come in.
        assert [line.split(":")[0].strip() for line in target.sh("tail -n +3 /proc/net/dev").splitlines()] == ["lo"]
        assert target.sh('"$1" -c "import ssl, platform; print(platform.python_version())"', PYTHON) == "3.13.2\n"


def test_there_is_no_way_out(serve: Serve, world: Cache) -> None:
    """What the other tests rest on: this machine's own mirror is reached from here and not from there."""
    script = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).status)"
    ask = [sys.executable, "-c", script, f"{serve(world.mirror).url}/SHA256SUMS"]
    assert subprocess.run(ask, capture_output=True, text=True, check=True).stdout == "200\n"
    there = subprocess.run([*CUT_OFF, *ask], capture_output=True, text=True, check=False)
    assert there.returncode != 0
    assert "Network is unreachable" in there.stderr


def test_x86_64(bundle: Path, new_host: NewHost, controller: Controller) -> None:
    provision([new_host(image, "--network=none") for image in ("debian12", "alpine")], bundle, controller)


@pytest.mark.slow
def test_aarch64(bundle: Path, new_host: NewHost, controller: Controller) -> None:
    provision([new_host(image, "--network=none") for image in ("debian12-arm64", "alpine-arm64")], bundle, controller)
