# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roots on file systems that lack something: flock(2), or the renaming of folders that come with an image."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.conftest import Everywhere, Interpreter, NewHost
from tests.integration.target import PODMAN, Target
from tests.world import hosts
from tests.world.podman import podman

_OLD, _NEW = "3.12.2", "3.12.6"


@pytest.fixture
def host_of_image(interpreter: Interpreter, new_host: NewHost) -> Iterator[Callable[[str], Target]]:
    """Containers of an image that has an interpreter in a layer of its own, as podman commit makes it."""
    maker = new_host("debian12")
    interpreter(maker, _OLD).ok()
    image = f"localhost/fleet-python/test-{uuid.uuid4().hex[:12]}:made"
    podman("commit", "--quiet", maker.container.name, image)
    with ExitStack() as stack:
        stack.callback(podman, "rmi", "--force", "--ignore", image)

        def make(name: str) -> Target:
            container = hosts.container_name(f"o-{uuid.uuid4().hex[:12]}")
            stack.callback(podman, "rm", "--force", "--ignore", "--time=0", container)
            podman("run", "--detach", f"--name={container}", image, "sleep", "infinity")
            host = hosts.Host(container, maker.container.image, "")
            return Target(name, host, {"ansible_connection": PODMAN, "ansible_host": container})

        yield make


def test_homes_that_came_with_an_image_are_removed(
    host_of_image: Callable[[str], Target], everywhere: Everywhere
) -> None:
    """overlayfs does not rename the folders of a lower layer."""
    upgraded, repaired, emptied = (host_of_image(name) for name in ("upgraded", "repaired", "emptied"))
    [home] = upgraded.sh("ls -d /opt/python/cpython-*").split()
    assert "cross-device" in upgraded.sh("perl -e 'rename $ARGV[0], qq(/opt/moved) or print $!' \"$1\"", home)

    result = everywhere([upgraded], _NEW, keep="0")["upgraded"].ok()
    assert result["changed"]
    assert "warnings" not in result
    repaired.sh('rm "$1/lib/python3.12/json/decoder.py"', home)
    result = everywhere([repaired], _OLD)["repaired"].ok()
    assert [each["action"] for each in result["interpreters"]] == ["repaired"]
    for target in (upgraded, repaired):
        target.sh('! test -e "$1"', home)
        target.sh("/opt/python/3.12/bin/python3.12 -c 'import json'")
    assert not everywhere([upgraded], _NEW, keep="0")["upgraded"].ok()["changed"]
    assert not everywhere([repaired], _OLD)["repaired"].ok()["changed"]

    assert everywhere([emptied], "3.12", state="absent")["emptied"].ok()["changed"]
    assert emptied.sh("ls -A /opt") == ""


def test_a_root_without_flock(new_host: NewHost, everywhere: Everywhere, tmp_path: Path) -> None:
    """The kernel answers flock(2) as Lustre does without its option; by the host's Python, and by the staged one."""
    refusal = {"names": ["flock"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}
    profile = tmp_path / "seccomp.json"
    profile.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [refusal]}))
    targets = [new_host(image, f"--security-opt=seccomp={profile}") for image in ("debian12-python3", "alpine")]
    for target in targets:
        assert "not implemented" in target.sh("flock /tmp true 2>&1 || :").lower()
    for version, state in ((_OLD, "present"), (_NEW, "present"), ("3.12", "absent")):
        outcomes = everywhere(targets, version, state=state, keep="0")
        assert all(outcome.ok()["changed"] for outcome in outcomes.values()), outcomes
        if state == "present":
            again = everywhere(targets, version, keep="0")
            assert not any(outcome.ok()["changed"] for outcome in again.values())
            assert all(
                target.sh("ls -A /opt/python/.lock /opt/python/.staging | grep -v :").strip() == ""
                for target in targets
            )
    for target in targets:
        assert target.sh("ls -A /opt") == ""
