# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roots that are not as they should be, what others have put in the place of ours, and clocks that are years off."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import StageError
from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import PlanError
from tests.faults.conftest import NewDirect
from tests.faults.direct import Direct
from tests.faults.scene import DISK, OLD, ROOT
from tests.world.cache import Cache

REFUSED = "refused with the reason, and the host is as it was"
LINK = f"{ROOT}/3.12"
# Everything but times: kind, mode, owner and target of what is below.
_LOOK = 'find "$@" -exec ls -dln {} + | awk "{ \\$2 = \\$5 = \\$6 = \\$7 = \\$8 = \\"\\"; print }"'


@pytest.fixture(params=["alpine", "debian12-python3"], ids=["sh", "module"])
def image(request: pytest.FixtureRequest) -> str:
    """By the sh stage and the staged interpreter, and by the host's own Python."""
    return str(request.param)


@pytest.fixture
def options(world: Cache) -> dict[str, object]:
    return {"source": [str(world.mirror)], "catalogue": "source", "compile_bytecode": False}


def _works(host: Direct, link: str = LINK) -> None:
    assert host.sh('"$1/bin/python3.12" -B -c "import ssl; print(1)"', link) == "1\n"


def _refused(host: Direct, options: dict[str, object], *paths: str, version: str = "3.12") -> str:
    before = host.sh(_LOOK, *paths)
    with pytest.raises((PlanError, StageError)) as caught:
        host.act(version, **options)
    host.sh("rm -f /tmp/sent-*")
    assert host.sh(_LOOK, *paths) == before
    return str(caught.value)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        ("mount -t tmpfs -o ro none /opt", "mounted read-only"),
        ("mount -t tmpfs -o noexec none /opt", "mounted noexec"),
        ("echo mine >/opt/python", "is no directory"),
        ("echo mine >/srv/file; ln -s /srv/file /opt/python", "is no directory"),
        ("ln -s /srv/nowhere /opt/python", "is no directory"),
        ("rmdir /opt; echo mine >/opt", "/opt is no directory"),
    ],
)
@pytest.mark.fault(
    "a root that is mounted read-only or noexec, is a file, a link to a file or to nothing, or lies below a file",
    REFUSED,
)
def test_bad_root(make: str, said: str, image: str, direct: NewDirect, options: dict[str, object]) -> None:
    host = direct(image)
    host.sh(make)
    assert said in _refused(host, options, "/opt", "/srv")


@pytest.mark.fault("a root on a mount point with a blank in its name that is mounted noexec", REFUSED)
def test_bad_root_with_a_blank(image: str, direct: NewDirect, options: dict[str, object]) -> None:
    host = direct(image)
    host.sh('mkdir "/mnt/USB [DISK"; mount -t tmpfs -o noexec none "/mnt/USB [DISK"')
    message = _refused(host, {**options, "root": "/mnt/USB [DISK/python"}, "/mnt")
    assert "lies on /mnt/USB [DISK, which is mounted noexec" in message


@pytest.fixture
def exfat(tmp_path: Path) -> Iterator[Path]:
    """Where exFAT is mounted, which has no symbolic links, owners and modes."""
    disk, folder = tmp_path / "disk", tmp_path / "exfat"
    folder.mkdir()
    with open(disk, "wb") as file:
        file.truncate(400 << 20)
    subprocess.run(["mkfs.exfat", disk], check=True, capture_output=True)
    device = subprocess.check_output(["losetup", "--find", "--show", disk], text=True).strip()
    try:
        subprocess.run(["mount.exfat-fuse", "-o", "umask=022", device, folder], check=True, capture_output=True)
        try:
            yield folder
        finally:
            subprocess.run(["umount", folder], check=True)
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


@pytest.mark.fault("a root on exFAT", REFUSED)
def test_root_without_links(image: str, direct: NewDirect, options: dict[str, object], exfat: Path) -> None:
    host = direct(image, f"--volume={exfat}:/mnt")
    message = _refused(host, {**options, "root": "/mnt/python"}, "/mnt")
    assert "/mnt/python lies on a file system without symbolic links" in message
    assert "set root to a directory on another one" in message


@pytest.mark.parametrize(("option", "said"), [("ro", "mounted read-only"), ("noexec", "mounted noexec")])
@pytest.mark.fault("a root that has become read-only or noexec since something was installed there", REFUSED)
def test_root_gone_bad(option: str, said: str, image: str, direct: NewDirect, options: dict[str, object]) -> None:
    host = direct(image)
    host.sh("mount -t tmpfs none /opt")
    assert host.act(OLD, **options)["changed"]
    host.sh('mount -o "remount,$1" /opt', option)
    assert said in _refused(host, {**options, "state": "latest"}, "/opt")


@pytest.mark.parametrize("state", ["nothing", "a link to another file system", "a file system of its own"])
@pytest.mark.fault(
    "a root that is not there, is a link to a folder on another file system, or a mount point",
    "installed there, staged on the root's own file system; absent takes away what was made, and no more",
)
def test_unusual_root(state: str, image: str, direct: NewDirect, options: dict[str, object]) -> None:
    made = {
        "nothing": "rmdir /opt",
        "a link to another file system": "mkdir /srv/disk; mount -t tmpfs none /srv/disk; mkdir /srv/disk/python; "
        "ln -s /srv/disk/python /opt/python",
        "a file system of its own": "mkdir /opt/python; mount -t tmpfs -o mode=755 none /opt/python",
    }
    host = direct(image)
    host.sh(made[state])
    before = host.sh(_LOOK, "/srv") + host.sh(
        "ls -la / /opt 2>/dev/null | grep -E ' (opt|python)( |$)' | cut -c1-10 || :"
    )
    assert host.act(OLD, **options)["changed"]
    _works(host)
    assert not host.act(OLD, **options)["changed"]
    assert host.act("3.12", state="latest", **options)["changed"]
    _works(host)
    assert host.act("3.12", state="absent", **options)["changed"]
    if state == "nothing":
        host.sh("rmdir /opt")
    after = host.sh(_LOOK, "/srv") + host.sh(
        "ls -la / /opt 2>/dev/null | grep -E ' (opt|python)( |$)' | cut -c1-10 || :"
    )
    assert after == before


@pytest.mark.parametrize("thing", ["mkdir", "echo mine >"])
@pytest.mark.fault("a minor link that someone has replaced by a folder or a file", REFUSED)
def test_replaced_link(thing: str, image: str, direct: NewDirect, options: dict[str, object]) -> None:
    host = direct(image, DISK)
    host.act(OLD, **options)
    home = host.sh('readlink "$1"', LINK).strip()
    host.sh(f'rm "$1"; {thing} "$1"', LINK)
    for state in ("present", "latest"):
        message = _refused(host, {**options, "state": state}, ROOT)
        assert f"{LINK} is no link" in message
        assert "move it away" in message
    # What is asked for next is what was said.
    host.sh('rm -r "$1"', LINK)
    assert host.act(OLD, **options)["changed"]
    assert host.sh('readlink "$1"', LINK).strip() == home
    _works(host)


@pytest.mark.parametrize("target", ["/etc", "nowhere", "old"])
@pytest.mark.fault(
    "a minor link that someone has turned elsewhere", "turned back by one rename; where it led to is not touched"
)
def test_turned_link(target: str, image: str, direct: NewDirect, options: dict[str, object]) -> None:
    host = direct(image, DISK)
    host.act(OLD, **options)
    before = host.sh(_LOOK, "/etc")
    host.sh('rm "$1"; mkdir /opt/python/old; echo mine >/opt/python/old/notes; ln -s "$2" "$1"', LINK, target)
    assert host.act(OLD, **options)["changed"]
    _works(host)
    assert host.sh(_LOOK, "/etc") == before
    assert host.sh("cat /opt/python/old/notes") == "mine\n"


_GNU, _MUSL = (
    "cpython-3.12.2+20240224-x86_64_v2-unknown-linux-gnu",
    "cpython-3.12.2+20240991-x86_64-unknown-linux-musl",
)


@pytest.mark.parametrize(
    "plant",
    [
        "ln -s /srv/theirs .staging",
        "mkdir -m 777 .staging; chown 1000:1000 .staging",
        "ln -s /srv/theirs/lock .lock",
        "ln -s /srv/theirs 3.12; chown -h 1000:1000 3.12",
        f"ln -s /srv/theirs {_GNU}; ln -s /srv/theirs {_MUSL}",
    ],
)
@pytest.mark.fault(
    "links and folders that another user has planted in a root that everybody may write",
    "refused with path, owner and mode; not followed, and what they lead to is not touched",
)
def test_planted(plant: str, image: str, direct: NewDirect, options: dict[str, object]) -> None:
    host = direct(image, DISK)
    host.sh(
        'mkdir -m 1777 "$1"; mkdir -m 777 /srv/theirs; chown 1000:1000 /srv/theirs; cd "$1"; eval "$2"',
        ROOT,
        plant,
    )
    before = host.sh(_LOOK, "/srv")
    assert f"{ROOT} cannot be trusted" in _refused(host, options, ROOT, version=OLD)
    assert host.sh(_LOOK, "/srv") == before


# A home as an ordinary user can make one: a receipt, and a program that says when somebody runs it.
_PLANT = """
home=$1/cpython-3.12.2+20240224-x86_64-unknown-linux-gnu
mkdir -p "$home/bin"
printf "#!/bin/sh\\ntouch /tmp/ran\\n" >"$home/bin/python3.12"
chmod 755 "$home/bin/python3.12"
ln -s python3.12 "$home/bin/python3"
printf "%s\\n" "{\\"sha256\\": \\"$2\\", \\"version\\": \\"3.12.2\\", \\"release\\": \\"20240224\\", \\
\\"asset\\": \\"cpython-3.12.2+20240224-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz\\", \\"files\\": 4, \\
\\"program\\": \\"bin/python3.12\\"}" >"$home/.fleet-receipt"
: >"$home/.fleet-manifest"
ln -s "${home##*/}" "$1/3.12"
chown -R 1000:1000 "$home"
chown -h 1000:1000 "$1/3.12"
"""


@pytest.mark.parametrize(
    ("make", "said"),
    [
        ("chmod 1777 /opt/python", "anybody may write it"),
        ("chmod 0777 /opt", "anybody may write it"),
        ("chown 1000 /opt/python", "it belongs to uid 1000"),
        ("chown 1000 /opt", "it belongs to uid 1000"),
        ("chmod 0755 /opt/python", "it belongs to uid 1000"),
        ("mv /opt/python /srv; ln -s /srv/python /opt/python; chown 1000 /srv/python", "it belongs to uid 1000"),
    ],
)
@pytest.mark.fault(
    "a root, or a folder above it, that others may write or own, with a home that an ordinary user has planted",
    "refused with path, owner and mode; nothing of it is run, linked or removed",
)
def test_planted_home(make: str, said: str, image: str, direct: NewDirect, options: dict[str, object]) -> None:
    host = direct(image)
    host.sh("mkdir -p /opt/python")
    host.sh(_PLANT, "/opt/python", "a" * 64)
    host.sh(make)
    for state in ("present", "latest", "absent", "previous"):
        message = _refused(host, {**options, "state": state}, "/opt", "/srv", version="3.12")
        assert said in message
        assert "set root to another directory" in message
    assert host.sh("ls /tmp") == ""


@pytest.mark.fault(
    "a temporary directory in which others could plant links",
    "nothing is made there: all works with none that can be written",
)
def test_temporary_directory_is_not_used(
    image: str, direct: NewDirect, options: dict[str, object], world: Cache
) -> None:
    host = direct(image, DISK)
    host.sh("for folder in /tmp /var/tmp /dev/shm; do mount -t tmpfs -o ro none $folder; done")
    host.inbox = "/root"
    assert host.act(OLD, **options)["changed"]
    assert host.act("3.12", state="latest", **options)["changed"]
    _works(host)


_FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


def _set_clock(host: Direct, years: int) -> None:
    """A stand-in for a wrong clock: libfaketime in each program of the host, by /etc/ld.so.preload."""
    host.sh('printf "%s\n" "$1" >/etc/faketimerc; echo /usr/lib/libfaketime.so.1 >/etc/ld.so.preload', f"{years:+}y")
    now = int(host.sh("date +%Y"))
    true = int(subprocess.check_output(["date", "+%Y"]))
    assert abs(now - true - years) <= 1


@pytest.mark.parametrize("image", ["debian12", "debian12-python3"])
@pytest.mark.parametrize(
    "years", [(-25, 12), *(pytest.param(years, marks=pytest.mark.slow) for years in ((12, 0), (0, -25), (12, -25)))]
)
@pytest.mark.fault(
    "a clock that is years off, in the first run or in the next",
    "installed, whole and kept; upgraded; and no file of a home counts as changed",
)
def test_clock(years: tuple[int, int], image: str, direct: NewDirect, options: dict[str, object]) -> None:
    if not _FAKETIME.exists():
        pytest.skip("no libfaketime here to set a host's clock with")
    host = direct(image, DISK, f"--volume={_FAKETIME}:/usr/lib/libfaketime.so.1:ro")
    first, then = years
    _set_clock(host, first)
    assert host.act(OLD, **options)["changed"]
    _works(host)
    assert not host.act(OLD, **options)["changed"]
    _set_clock(host, then)
    assert not host.act(OLD, **options)["changed"]
    assert host.act("3.12", state="latest", **options)["changed"]
    _works(host)
    assert not host.act("3.12", state="latest", **options)["changed"]
    assert not host.act("3.12", verify="deep", **options)["changed"]
    assert host.act("3.12", state="previous", **options)["changed"]
    _works(host)
    assert host.sh('ls -A "$1/.staging"', ROOT) == ""
