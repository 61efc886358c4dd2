# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several plays at once on one host: each succeeds, and nothing is left of any."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.faults.conftest import NewDirect
from tests.faults.direct import Direct
from tests.integration.conftest import NewHost, Serve
from tests.integration.playbook import Controller
from tests.world.cache import Cache
from tests.world.server import MirrorHandler

ROOT = "/opt/python"
# Eight stages with an archive and a tree each, beside the homes.
DISK = "--tmpfs=/opt:exec,size=2g"
# Requests of eight plays: the same, older and newer ones of a minor version, whole lists.
_EIGHT = ["3.12.2", "3.12.6", "3.13", "3.12.2", "3.13.2", "3.12", "3.13", "3.12.6"]
# Stages whose makers are gone, though there is a process of that number: it began later, or in another boot.
_DEAD = """
read -r booted </proc/sys/kernel/random/boot_id
echo "1 1 $booted" >.staging/aa/maker
read -r stat </proc/1/stat
set -- ${stat##*) }
echo "1 ${20} 11111111-2222-3333-4444-555555555555" >.staging/bb/maker
"""


def _settled(host: Direct, versions: list[str]) -> None:
    assert host.sh('ls -A "$1/.staging"', ROOT) == ""
    here = set(host.sh('ls -A "$1"', ROOT).split())
    minors = {".".join(version.split(".")[:2]) for version in versions}
    assert minors <= here
    assert {name for name in here if not name.startswith("cpython-")} <= {
        ".lock",
        ".staging",
        *minors,
        *(f".{minor}.previous" for minor in minors),
    }
    for minor in minors:
        assert host.sh('"$1/$2/bin/python$2" -c "import ssl; print(1)"', ROOT, minor) == "1\n"


@pytest.mark.parametrize("image", ["alpine", "debian12-python3"])
@pytest.mark.parametrize("plays", [pytest.param(2, marks=pytest.mark.slow), 8])
@pytest.mark.fault(
    "several plays at once on one host, of mixed versions", "each succeeds; every link works; nothing is left"
)
def test_plays_at_once(plays: int, image: str, direct: NewDirect, world: Cache) -> None:
    host = direct(image, DISK)
    versions = _EIGHT[:plays]

    def play(version: str) -> dict[str, Any]:
        result: dict[str, Any] = host.twin().act(
            version, source=[str(world.mirror)], catalogue="source", compile_bytecode=False
        )
        return result

    with ThreadPoolExecutor(plays) as pool:
        results = list(pool.map(play, versions))
    for version, result in zip(versions, results, strict=True):
        assert result["interpreters"][0]["request"] == version
    _settled(host, versions)


@pytest.mark.fault(
    "several runs of ansible-playbook at once on one host without Python", "each succeeds; nothing is left"
)
def test_ansible_at_once(new_host: NewHost, collections: Any, world: Cache, tmp_path: Any) -> None:
    target = new_host("alpine", DISK)
    versions = ["3.12", "3.13"]

    def play(number: int) -> str:
        controller = Controller(tmp_path / f"controller-{number}", collections)
        task = {"version": versions[number], "source": str(world.mirror), "catalogue": "source"}
        (outcome,) = controller.play({target.name: target.variables}, [{"fleet.python.interpreter": task}]).outcomes
        return str(outcome.ok()["interpreter"])

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(play, range(2)))
    assert found == [f"{ROOT}/{version}/bin/python{version}" for version in versions]
    assert target.sh('ls -A "$1/.staging"', ROOT) == ""


@pytest.mark.fault(
    "a source is slow while another run wants the same root", "the other run does not wait for it; both succeed"
)
def test_a_slow_source_holds_nobody_up(direct: NewDirect, serve: Serve, world: Cache) -> None:
    host = direct("debian12-python3", DISK)
    began, ended = threading.Event(), threading.Event()
    in_time = []

    class Waits(MirrorHandler):
        def intercept(self) -> bool:
            if self.path.endswith(".tar.gz"):
                began.set()
                in_time.append(ended.wait(120))
            return False

    options = {"catalogue": "source", "compile_bytecode": False}
    slow = {"source": [serve(world.mirror, Waits).url], "transfer": "pull", "timeout": 600}
    with ThreadPoolExecutor(1) as pool:
        pulled = pool.submit(host.twin().act, "3.13", **options, **slow)
        assert began.wait(60)
        assert host.act("3.12", source=[str(world.mirror)], **options)["changed"]
        assert "pull-" in host.sh('ls -A "$1/.staging"', ROOT)
        ended.set()
        assert pulled.result()["changed"]
    assert in_time == [True]
    _settled(host, ["3.12", "3.13"])


@pytest.mark.fault(
    "another user's program whose path names our staging, beside leftovers on a host without Python",
    "the leftovers are swept all the same",
)
def test_a_program_with_a_misleading_path(direct: NewDirect, world: Cache) -> None:
    host = direct("alpine", DISK)
    host.sh("""
        mkdir -p /opt/python/.staging/0123/unpacked "/tmp/x -> /opt/python/.staging"
        chmod 700 /opt/python/.staging
        cp /bin/busybox "/tmp/x -> /opt/python/.staging/sleep"
        "/tmp/x -> /opt/python/.staging/sleep" 1000 >/dev/null 2>&1 </dev/null &
        until readlink /proc/$!/exe | grep -q staging; do :; done
    """)
    host.act("3.12", state="absent", source=[str(world.mirror)], catalogue="source")
    assert host.sh("ls -A /opt") == ""


@pytest.mark.fault(
    "a run takes what another has staged but not yet begun to use for a leftover",
    "the other looks again, finds the Python that is there now, and succeeds",
)
def test_swept_between_sh_and_module(direct: NewDirect, world: Cache) -> None:
    """The rarest moment: the shell has ended, the module has not begun."""
    host = direct("alpine", DISK)
    other = host.twin()
    options = {"source": [str(world.mirror)], "catalogue": "source", "compile_bytecode": False}
    module = host.module

    def after_the_other(python: str, plan: Any) -> dict[str, Any]:
        host.module = module  # type: ignore[method-assign]
        assert other.act("3.12", **options)["changed"]
        return module(python, plan)

    host.module = after_the_other  # type: ignore[method-assign]
    assert host.act("3.13", **options)["changed"]
    _settled(host, ["3.12", "3.13"])


@pytest.mark.fault(
    "a lock file of a dead process, and a stage of another boot or of a process number that is used again",
    "not waited for; swept by the next run",
)
def test_left_by_the_dead(direct: NewDirect, world: Cache) -> None:
    host = direct("alpine", DISK)
    host.sh(f"""
        mkdir -p /opt/python/.staging
        cd /opt/python/.staging
        mkdir -p aa bb cc module-x/tree
        chmod 700 /opt/python/.staging
        echo 1 > /opt/python/.lock
        cd ..
        {_DEAD}
        cd .staging
        touch -t 203801010000 cc aa
    """)
    options = {"source": [str(world.mirror)], "catalogue": "source", "compile_bytecode": False}
    assert host.act("3.12", **options)["changed"]
    _settled(host, ["3.12"])


@pytest.mark.fault("leftovers beside an interpreter that is all right", "swept by a run that changes nothing else")
def test_swept_without_a_change(direct: NewDirect, world: Cache) -> None:
    host = direct("alpine", DISK)
    options = {"source": [str(world.mirror)], "catalogue": "source", "compile_bytecode": False}
    host.act("3.12", **options)
    host.sh("mkdir -p /opt/python/.staging/module-dead/tree /opt/python/.staging/0123/unpacked")
    assert not host.act("3.12", **options)["changed"]
    _settled(host, ["3.12"])


@pytest.mark.parametrize(
    "left",
    [
        "mkdir -p .staging/module-dead/tree .staging/0123/unpacked; : > .lock",
        ": > .lock",
        "mkdir .staging",
        # A process number that is used again, and one of another boot.
        f"mkdir -p .staging/aa .staging/bb; {_DEAD}",
    ],
)
@pytest.mark.fault("leftovers on a host without any Python, and nothing to install", "swept by sh; nothing is left")
def test_swept_by_sh(left: str, direct: NewDirect) -> None:
    host = direct("alpine", DISK)
    host.sh(f"mkdir /opt/python; cd /opt/python; {left}")
    assert not host.act("3.12", state="absent")["changed"]
    assert host.sh("ls -A /opt") == ""
