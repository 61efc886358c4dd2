# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A build that dies of an illegal instruction gives way to the one of the level below, one at a time, for good."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.homes.altered import Mirror, script_in_place_of
from tests.homes.builds import PY310_V3
from tests.homes.emulated import emulated_host, lacking
from tests.integration.conftest import Interpreter, NewHost, Serve
from tests.integration.playbook import Controller
from tests.world.cache import Cache
from tests.world.server import MirrorServer

_DIES = script_in_place_of("bin/python3.10", "#!/bin/sh\nkill -ILL $$\n")


def _of_level(level: str) -> str:
    return PY310_V3.replace("x86_64_v3", level)


@pytest.fixture
def stand_ins(tmp_path: Path, world: Cache) -> Mirror:
    """Stand-ins: what is named for levels 3 and 2 kills itself with SIGILL; level 1 is the real v3 build."""
    mirror = Mirror(tmp_path / "mirror", world.mirror)
    mirror.add_changed(PY310_V3, _DIES)
    mirror.add_changed(PY310_V3, _DIES, _of_level("x86_64_v2"))
    return mirror.add(PY310_V3, _of_level("x86_64"))


# The tests' machine must be of level 3 itself, as hardly one is not.
@pytest.mark.parametrize("image", ["debian12", "debian12-python3"])
def test_it_steps_down_and_remembers(
    image: str, stand_ins: Mirror, new_host: NewHost, interpreter: Interpreter, serve: Serve
) -> None:
    target = new_host(image)
    server = serve(stand_ins.directory)
    done = interpreter(target, "3.10", source=server.url).ok()
    assert done["platform"]["level"] >= 3
    first, second = done["warnings"]
    assert "cpython-3.10.8+20221106-x86_64_v3-unknown-linux-gnu" in first
    assert "illegal instruction" in first
    assert "level 2 is tried, and remembered for this host" in first
    assert "cpython-3.10.8+20221106-x86_64_v2-unknown-linux-gnu" in second
    assert "level 1 is tried" in second
    assert done["interpreters"][0]["asset"] == _of_level("x86_64").rpartition("/")[2]
    assert target.sh("ls -A /opt/python").split() == [
        ".level", ".lock", ".staging", "3.10", "cpython-3.10.8+20221106-x86_64-unknown-linux-gnu",
    ]  # fmt: skip
    assert target.sh("ls -A /opt/python/.staging") == ""
    target.sh('/opt/python/3.10/bin/python3.10 -c "import ssl"')

    # What was learned is not learned again: the newest that this host can run is what it has.
    server.requests.clear()
    again = interpreter(target, "3.10", source=server.url, state="latest").ok()
    assert not again["changed"]
    assert not again.get("warnings")
    assert not [request.path for request in server.requests if request.path.endswith(".tar.gz")]


# Starts, and dies of the first thing that is more than a start: when Ansible runs the module with it.
_DIES_LATER = script_in_place_of(
    "bin/python3.10", '#!/bin/sh\ncase "$*" in "-B -c import sys") exit 0 ;; esac\nkill -ILL $$\n'
)


@pytest.mark.parametrize("image", ["debian12", "debian12-python3"])
def test_a_build_that_dies_after_its_start(
    image: str, new_host: NewHost, interpreter: Interpreter, serve: Serve, world: Cache, tmp_path: Path
) -> None:
    mirror = Mirror(tmp_path / "mirror", world.mirror)
    mirror.add_changed(PY310_V3, _DIES_LATER).add(PY310_V3, _of_level("x86_64_v2"))
    target = new_host(image)
    done = interpreter(target, "3.10", source=serve(mirror.directory).url).ok()
    [warning] = done["warnings"]
    assert "cpython-3.10.8+20221106-x86_64_v3-unknown-linux-gnu" in warning
    assert "illegal instruction" in warning
    assert "level 2 is tried, and remembered for this host" in warning
    assert done["interpreters"][0]["asset"] == _of_level("x86_64_v2").rpartition("/")[2]
    assert target.sh("cat /opt/python/.level; ls -A /opt/python/.staging") == "2\n"


def test_the_lowest_level_fails_with_the_old_one_linked(
    new_host: NewHost, interpreter: Interpreter, serve: Serve, world: Cache, tmp_path: Path
) -> None:
    mirror = Mirror(tmp_path / "mirror", world.mirror).add_changed(PY310_V3, _DIES, _of_level("x86_64"))
    target = new_host("debian12")
    before = target.state()
    message = interpreter(target, "3.10", source=serve(mirror.directory).url).refusal()
    assert "dies with an illegal instruction" in message
    assert target.state() == before


# On a processor of level 2 the real v3 build of 3.10.8, and on one of level 1 the real v2 build of 3.11.1: both die as
# soon as they start. The next that the real builds have is 3.9.6, of level 1.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("cpu", "request_", "dies", "level"),
    [
        ("Nehalem", ">=3.9,<3.11", "3.10.8+20221106-x86_64_v3", 2),
        ("qemu64", ">=3.9,<3.12", "3.11.1+20230116-x86_64_v2", 1),
    ],
)
def test_real_builds_on_a_lower_processor(
    cpu: str,
    request_: str,
    dies: str,
    level: int,
    controller: Controller,
    near_mirror: MirrorServer,
    world: Cache,
    tmp_path: Path,
) -> None:
    if reason := lacking():
        pytest.skip(f"no emulated processor here: {reason}")
    with emulated_host(tmp_path / "host", world.images / "debian11-python2.tar.zst", cpu) as (root, variables):

        def install(**options: Any) -> dict[str, Any]:
            mirrored = {"source": near_mirror.url, "catalogue": "source", "insecure_source": True}
            task = {"version": request_, **mirrored, "compile_bytecode": False, **options}
            return controller.play({cpu: variables}, [{"fleet.python.interpreter": task}]).outcomes[0].ok()

        done = install()
        [warning] = done["warnings"]
        assert f"cpython-{dies}-unknown-linux-gnu failed" in warning
        assert "dies with an illegal instruction" in warning
        assert f"level {level} is tried, and remembered for this host" in warning
        assert [each["version"] for each in done["interpreters"]] == ["3.9.6"]
        assert (root / "opt/python/.level").read_text() == f"{level}\n"
        assert not list((root / "opt/python/.staging").iterdir())

        near_mirror.requests.clear()
        again = install(state="latest")
        assert not again["changed"]
        assert "warnings" not in again
        assert not [request.path for request in near_mirror.requests if request.path.endswith(".tar.gz")]

        # By the module too, which now runs with 3.9.6: the level forgotten is found out again, and that is all.
        (root / "opt/python/.level").unlink()
        again = install(state="latest")
        assert not again["changed"]
        assert f"cpython-{dies}-unknown-linux-gnu failed" in again["warnings"][0]
        assert (root / "opt/python/.level").read_text() == f"{level}\n"
