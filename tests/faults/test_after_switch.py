# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What fails when a link is made or an old home removed: told as it is, and nothing is done twice."""

from __future__ import annotations

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import StageError
from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import PlanError
from tests.faults.conftest import NewDirect
from tests.faults.scene import OLD, ROOT
from tests.world.cache import Cache

NEW = "3.12.6"
LINK = f"{ROOT}/3.12"


@pytest.fixture
def options(world: Cache) -> dict[str, object]:
    return {"source": [str(world.mirror)], "catalogue": "source", "compile_bytecode": False}


@pytest.mark.fault(
    "an extra link that cannot be made, though its folder looks as if it could",
    "no link turns; the message names the home that is installed now, and the next run switches to it",
)
def test_extra_link_that_cannot_be_made(direct: NewDirect, options: dict[str, object]) -> None:
    host = direct("debian12-python3")
    host.act(OLD, **options)
    before = host.sh('readlink "$1"', LINK)
    with pytest.raises(StageError, match=r"/proc/fleet cannot be made") as caught:
        host.act(NEW, **options, links=["/usr/local/bin/python3.12", "/proc/fleet/python3.12"])
    assert caught.value.changed
    [done] = caught.value.done
    assert done.startswith(f"cpython-{NEW}+")
    assert done.endswith("is installed")
    assert host.sh('readlink "$1"; ls /usr/local/bin', LINK) == before
    assert host.act(NEW, **options)["changed"]
    assert not host.act(NEW, **options)["changed"]


@pytest.mark.parametrize("place", ["read-only", "a file"])
@pytest.mark.fault("an extra link in a folder that is read-only, or below a file", "refused before anything is done")
def test_folder_of_an_extra_link(place: str, direct: NewDirect, options: dict[str, object]) -> None:
    host = direct("alpine")
    host.sh("mount -t tmpfs -o ro none /usr/local/bin" if place == "read-only" else "echo mine >/usr/local/file")
    path = "/usr/local/bin/python3.12" if place == "read-only" else "/usr/local/file/python3.12"
    with pytest.raises(PlanError, match=f"{path} cannot be made"):
        host.act(OLD, **options, links=[path])
    assert host.sh("ls -A /opt") == ""


@pytest.mark.fault(
    "a file of the old home that cannot be deleted",
    "a warning with changed; the old home is out of use, and the next run deletes the rest",
)
def test_old_home_that_cannot_be_deleted(direct: NewDirect, options: dict[str, object]) -> None:
    host = direct("debian12-python3")
    host.act(OLD, **options)
    home = host.sh('readlink "$1"', LINK).strip()
    # Nobody deletes a mount point.
    host.sh('mount --bind /etc/hostname "$1"', f"{ROOT}/{home}/lib/python3.12/abc.py")
    result = host.act(NEW, **options, keep="0")
    assert result["changed"]
    [warning] = result["warnings"]
    assert warning.startswith(f"{home} is out of use, but not all of it could be deleted: ")
    assert host.sh('cd "$1" && ls -d cpython-*', ROOT).split() == [host.sh('readlink "$1"', LINK).strip()]
    assert not host.act(NEW, **options, keep="0")["changed"]
    host.sh("umount $(sed -n 's/^[^ ]* \\([^ ]*abc.py\\) .*/\\1/p' /proc/mounts)")
    assert not host.act(NEW, **options, keep="0")["changed"]
    assert host.sh('ls -A "$1/.staging"', ROOT) == ""


@pytest.mark.fault("an old home that cannot be moved", "a warning with changed; it stays, whole, as an older build")
def test_old_home_that_cannot_be_moved(direct: NewDirect, options: dict[str, object]) -> None:
    host = direct("debian12-python3")
    host.act(OLD, **options)
    home = host.sh('readlink "$1"', LINK).strip()
    host.sh('mount --bind "$1" "$1"', f"{ROOT}/{home}")
    result = host.act(NEW, **options, keep="0")
    assert result["changed"]
    [warning] = result["warnings"]
    assert warning.startswith(f"{home} is not removed: ")
    assert host.sh('"$1/bin/python3.12" -V', f"{ROOT}/{home}").strip() == f"Python {OLD}"
    # The minor link is gone before the home is tried.
    host.act(OLD, **options)
    with pytest.raises(StageError) as caught:
        host.act("3.12", **options, state="absent")
    assert caught.value.changed
