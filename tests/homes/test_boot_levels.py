# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A boot script on emulated processors of the levels 1 to 3 takes the build for that level."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._host.level import LEVEL_FLAGS
from tests.homes.altered import Change, Mirror, without
from tests.homes.emulated import emulated_host, lacking
from tests.integration.boot_site import Site
from tests.integration.playbook import Controller
from tests.world.cache import Cache
from tests.world.server import MirrorServer

# A build of level 1, which stands for those of the other levels under their names.
_BUILD = "cpython-3.13.2+20250993-x86_64-unknown-linux-musl"
_TRIPLES = [f"x86_64{level}-unknown-linux-musl" for level in ("", "_v2", "_v3")]
# Each file costs an emulated host time.
_NOT_NEEDED = ("idlelib", "site-packages/pip", "tkinter", "turtledemo")


def _another(triple: str) -> Change:
    """The same build as other bytes, since a lock takes no two builds with one digest, and with fewer files."""
    smaller = without("include", "share", *(f"lib/python3.13/{name}" for name in _NOT_NEEDED))

    def change(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes] | None:
        member.mtime += _TRIPLES.index(triple)
        return smaller(member, data)

    return change


def _boot(root: Path, shell: str, script: Path) -> dict[str, Any]:
    """Run the script on an emulated host: the one line that it says."""
    (root / "boot.sh").write_bytes(script.read_bytes())
    done = subprocess.run([shell, "/boot.sh"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.mark.slow
@pytest.mark.parametrize(("level", "cpu"), [(1, "qemu64"), (2, "Nehalem"), (3, "max")])
def test_the_build_for_the_level(level: int, cpu: str, controller: Controller, world: Cache, tmp_path: Path) -> None:
    if reason := lacking():
        pytest.skip(f"no emulated processor here: {reason}")
    stand_ins = Mirror(tmp_path / "mirror", world.mirror)
    for triple in _TRIPLES:
        real = f"20250993/{_BUILD}-install_only_stripped.tar.gz"
        stand_ins.add_changed(real, _another(triple), real.replace(_TRIPLES[0], triple))
    carriers = tmp_path / "carriers"
    carriers.mkdir()
    flags = " ".join(sorted(flag for each, needed in LEVEL_FLAGS.items() if each <= level for flag in needed))
    with (
        MirrorServer(stand_ins.directory) as mirror,
        MirrorServer(carriers) as server,
        emulated_host(tmp_path / "host", world.images / "alpine.tar.zst", cpu, flags) as (root, variables),
    ):
        site = Site(controller, mirror, carriers, server)
        site.pin("3.13", triples=_TRIPLES)
        site.write()
        mirror.requests.clear()
        shell = variables["ansible_shell_executable"]
        first = _boot(root, shell, site.script)
        assert (first["changed"], first["platform"]["level"]) == (True, level), first
        wanted = _BUILD.replace(_TRIPLES[0], _TRIPLES[level - 1])
        [done] = first["interpreters"]
        assert (done["action"], done["home"]) == ("installed", f"/opt/python/{wanted}")
        archives = [request.path for request in mirror.requests if request.path.endswith(".tar.gz")]
        assert [wanted.replace("+", "%2B") in path for path in archives] == [True], archives
