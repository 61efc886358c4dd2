# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on the way is refused with a sentence that helps, and the host is as it was."""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from tests.integration.conftest import Cases, Everywhere, Interpreter, NewHost, Serve
from tests.integration.playbook import Controller
from tests.integration.target import Target
from tests.world.cache import Cache
from tests.world.server import MirrorHandler, MirrorServer

GNU = "cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu-install_only_stripped.tar.gz"
MUSL = "cpython-3.13.2+20250993-x86_64-unknown-linux-musl-install_only_stripped.tar.gz"


@pytest.fixture(scope="module")
def alpine(shared_host: NewHost) -> Target:
    return shared_host("alpine")


@pytest.fixture(scope="module")
def debian(shared_host: NewHost) -> Target:
    """A host without Python."""
    return shared_host("debian12")


@pytest.fixture(scope="module")
def with_python(shared_host: NewHost) -> tuple[Target, Target]:
    return shared_host("debian12-python3"), shared_host("debian12-python3")


@pytest.fixture
def ways(alpine: Target, debian: Target, with_python: tuple[Target, Target]) -> list[Target]:
    """Hosts without and with a Python, by each way that the bytes can take."""

    def way(target: Target, name: str, transfer: str, asset: str) -> Target:
        return replace(target, name=name, variables={**target.variables, "transfer": transfer, "asset": asset})

    return [
        way(alpine, "alpine-pull", "pull", MUSL),
        way(debian, "debian12-push", "push", GNU),
        way(with_python[0], "python3-pull", "pull", GNU),
        way(with_python[1], "python3-push", "push", GNU),
    ]


def _release(asset: str) -> str:
    return asset.split("+")[1][:8]


def _refused(target: Target, interpreter: Interpreter, version: str | list[str] = "3.13", **options: Any) -> str:
    """The refusal's message; the host is seen to be as it was."""
    before = target.state()
    message = interpreter(target, version, **options).refusal()
    assert target.state() == before
    return message


def _refused_each(
    cases: Cases, given: Mapping[str, tuple[Target, Mapping[str, Any]]], **options: Any
) -> dict[str, str]:
    """As `_refused`, for several cases at once; the messages by name."""
    targets = {target.container.name: target for target, _options in given.values()}.values()
    before = [target.state("/opt", "/usr/local", "/srv") for target in targets]
    outcomes = cases(given, **options)
    assert [target.state("/opt", "/usr/local", "/srv") for target in targets] == before
    return {name: outcomes[name].refusal() for name in given}


def _refused_all(ways: list[Target], everywhere: Everywhere, version: str = "3.13", **options: Any) -> dict[str, str]:
    """As `_refused`, by each of the ways; the messages by host."""
    before = [target.state() for target in ways]
    outcomes = everywhere(ways, version, transfer="{{ transfer }}", **options)
    assert [target.state() for target in ways] == before
    return {target.name: outcomes[target.name].refusal() for target in ways}


class _Flips(MirrorHandler):
    """One bit of each archive is wrong."""

    def copy(self, file: BinaryIO, length: int) -> None:
        data = bytearray(file.read(length))
        if self.path.endswith(".tar.gz"):
            data[len(data) // 2] ^= 1
        self.send_body(bytes(data))


class _HasNoArchives(MirrorHandler):
    def intercept(self) -> bool:
        gone = self.path.endswith(".tar.gz")
        if gone:
            self.send_text(404, "gone\n")
        return gone


class _HangsUp(MirrorHandler):
    """Each archive's second half never comes."""

    def copy(self, file: BinaryIO, length: int) -> None:
        cut = self.path.endswith(".tar.gz")
        super().copy(file, length // 2 if cut else length)
        self.close_connection = cut


def test_wrong_sha256(
    ways: list[Target], everywhere: Everywhere, serve: Serve, world: Cache, controller: Controller
) -> None:
    mirror = serve(world.mirror, _Flips)
    messages = _refused_all(ways, everywhere, source=mirror.url)
    for target in ways:
        asset = target.variables["asset"]
        expected = hashlib.sha256((world.mirror / _release(asset) / asset).read_bytes()).hexdigest()
        assert f"not {expected}" in messages[target.name]
        assert f"{mirror.url}/{_release(asset)}/" in messages[target.name]
        assert expected not in {path.name for path in controller.cache.rglob("*")}


def test_failed_download(
    ways: list[Target], everywhere: Everywhere, serve: Serve, world: Cache, controller: Controller
) -> None:
    mirror = serve(world.mirror, _HasNoArchives)
    messages = _refused_all(ways, everywhere, source=mirror.url)
    for target in ways:
        assert f"{mirror.url}/{_release(target.variables['asset'])}/" in messages[target.name]
        assert "404" in messages[target.name]
    assert not list(controller.cache.rglob("*.part"))


def test_download_that_breaks_off(
    ways: list[Target], everywhere: Everywhere, serve: Serve, world: Cache, controller: Controller
) -> None:
    """What has come of it stays, on the host that downloads or on the controller, and is said to."""
    before = [target.state() for target in ways]
    mirror = serve(world.mirror, _HangsUp)
    outcomes = everywhere(ways, "3.13", transfer="{{ transfer }}", source=mirror.url)
    for target, state in zip(ways, before, strict=True):
        message = outcomes[target.name].refusal()
        assert f"{mirror.url}/{_release(target.variables['asset'])}/" in message
        if target.variables["transfer"] == "pull":
            assert "as it was, but for what may have come of the file, with which the next run goes on" in message
            assert target.sh("cd /opt/python/.staging/part-*/ && ls") == "archive\nmade-root\n"
            target.sh("rm -r /opt/python")
        assert target.state() == state
    assert list(controller.cache.rglob("*.part"))


@pytest.mark.parametrize("damage", ["file", "members"])
def test_truncated_archive(
    damage: str, ways: list[Target], everywhere: Everywhere, serve: Serve, world: Cache, tmp_path: Path
) -> None:
    """The sums are those of the damaged archives, so that only the unpacking can find out."""
    sums = []
    for asset in (GNU, MUSL):
        original = world.mirror / _release(asset) / asset
        damaged = tmp_path / "mirror" / _release(asset) / asset
        damaged.parent.mkdir(parents=True)
        if damage == "file":
            damaged.write_bytes(original.read_bytes()[: original.stat().st_size // 2])
        else:
            with gzip.open(original) as file:
                damaged.write_bytes(gzip.compress(file.read(10_000_000), 1))
        sums.append(f"{hashlib.sha256(damaged.read_bytes()).hexdigest()}  {_release(asset)}/{asset}\n")
    (tmp_path / "mirror" / "SHA256SUMS").write_text("".join(sums))
    messages = _refused_all(ways, everywhere, source=serve(tmp_path / "mirror").url)
    for target in ways:
        assert f"unpack of {target.variables['asset'].split('-install_only')[0]}" in messages[target.name]


def test_full_disk_is_seen_before_anything_is_done(
    new_host: NewHost, everywhere: Everywhere, mirror: MirrorServer
) -> None:
    small = "--tmpfs=/opt:size=20m,exec"
    targets = [new_host(image, small, transfer="auto") for image in ("debian12", "alpine", "debian12-python3")]
    for message in _refused_all(targets, everywhere).values():
        assert "20 MiB free on /opt" in message
        assert "set root" in message
    assert not [request.path for request in mirror.requests if request.path.endswith(".tar.gz")]


@pytest.fixture
def few_files(tmp_path: Path) -> Iterator[Path]:
    """A file system with much space, and room for a few hundred files."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m,nr_inodes=500,mode=755", "few-files", disk], check=True)
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_disk_that_fills_up_on_the_way(new_host: NewHost, everywhere: Everywhere, few_files: Path) -> None:
    """The early check asks for the least that any build takes; these disks have that, and are too small."""
    targets = [
        # The stand-ins for musl are smaller than any real build: here the files are too many.
        new_host("alpine", f"--volume={few_files}:/opt", transfer="pull"),
        new_host("debian12", "--tmpfs=/opt:size=100m,exec", transfer="push"),
        new_host("debian12-python3", "--tmpfs=/opt:size=100m,exec", transfer="pull"),
    ]
    for message in _refused_all(targets, everywhere, "3.12").values():
        assert "unpack of cpython-3.12.6" in message
        assert "No space left on device" in message


def test_fault_leaves_what_is_in_use(new_host: NewHost, interpreter: Interpreter, serve: Serve, world: Cache) -> None:
    target = new_host("debian12")
    assert interpreter(target, "3.12.2").ok()["changed"]
    mirror = serve(world.mirror, _Flips)
    _refused(target, interpreter, "3.12", state="latest", source=mirror.url, transfer="push")
    assert target.sh("/opt/python/3.12/bin/python3.12 -V") == "Python 3.12.2\n"


def test_host_without_a_tool(new_host: NewHost, cases: Cases) -> None:
    given: dict[str, tuple[Target, dict[str, Any]]] = {}
    for image, tool, transfer in (
        ("debian12", "tar", "push"),
        ("debian12", "gzip", "push"),
        ("alpine", "tar", "pull"),
        ("debian12", "sha256sum", "push"),
    ):
        target = new_host(image)
        target.sh('rm "$(command -v "$1")"; ! command -v "$1" || rm "$(command -v "$1")"', tool)
        if tool == "sha256sum":
            target.sh("rm -f /usr/bin/shasum /usr/bin/openssl")
        given[f"{image} {tool}"] = (target, {"transfer": transfer})
    for name, message in _refused_each(cases, given).items():
        assert name.split()[1] in message
        assert "install" in message


def test_unknown_version(debian: Target, cases: Cases) -> None:
    """The one that is known is not installed either."""
    nearest = {"9.99": "3.13", "3.99": "3.13", "3.13.99": "3.13.2", "three": "3.13"}
    messages = _refused_each(cases, {f"of {each}": (debian, {"version": ["3.12", each]}) for each in nearest})
    for version, known in nearest.items():
        assert version in messages[f"of {version}"].partition(": ")[2]
        assert known in messages[f"of {version}"].partition(": ")[2]


def test_roots_where_nothing_can_be_installed(new_host: NewHost, cases: Cases, tmp_path: Path) -> None:
    (tmp_path / "opt").mkdir()
    given: dict[str, tuple[Target, dict[str, Any]]] = {
        "user": (new_host("debian12-ssh", ansible_user="deploy"), {}),
        "read-only": (new_host("debian12", f"--volume={tmp_path}/opt:/opt:ro"), {}),
        "noexec": (new_host("debian12", "--tmpfs=/opt:size=500m,noexec"), {}),
    }
    messages = _refused_each(cases, given)
    assert "/opt is not writable for uid 1000" in messages["user"]
    assert "become" in messages["user"]
    assert "/opt, which is mounted read-only" in messages["read-only"]
    assert "/opt, which is mounted noexec" in messages["noexec"]


def test_foreign_things_in_the_way(new_host: NewHost, cases: Cases) -> None:
    """A file in the place of the root, a file and a folder in that of the link, and what extra links would replace."""
    given: dict[str, tuple[Target, dict[str, Any]]] = {}
    for image in ("debian12", "debian12-python3"):
        target = new_host(image)
        target.sh("mkdir /srv/1 /srv/2; echo mine >/srv/root; echo mine >/srv/1/3.13; mkdir /srv/2/3.13")
        given |= {f"{image} {root}": (target, {"root": f"/srv/{root}"}) for root in ("root", "1", "2")}
    target, _options = given["debian12 root"]
    target.sh("echo mine >/usr/local/bin/python3.13; ln -s /bin/true /usr/local/bin/python3")
    for name in ("python3.13", "python3"):
        given[name] = (target, {"links": [f"/usr/local/bin/{name}"], "root": "/opt/python"})
    messages = _refused_each(cases, given)
    for image in ("debian12", "debian12-python3"):
        assert "/srv/root is no directory" in messages[f"{image} root"]
        for number in ("1", "2"):
            assert f"/srv/{number}/3.13 is no link" in messages[f"{image} {number}"]
            assert "move it away" in messages[f"{image} {number}"]
    assert "/usr/local/bin/python3.13 is no link" in messages["python3.13"]
    assert "/usr/local/bin/python3 leads to /bin/true, which is not ours" in messages["python3"]


def _closed_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port: int = chosen.getsockname()[1]
        return port


def test_source_that_cannot_be_reached(ways: list[Target], everywhere: Everywhere, world: Cache) -> None:
    url = f"http://127.0.0.1:{_closed_port()}"
    for catalogue in (str(world.mirror / "SHA256SUMS"), "source"):
        for message in _refused_all(ways, everywhere, source=url, catalogue=catalogue).values():
            assert url in message
            assert re.search(r"refused|could not connect", message, re.IGNORECASE)


def test_each_source_that_failed_is_named_and_one_that_serves_is_enough(
    new_host: NewHost, interpreter: Interpreter, serve: Serve, world: Cache
) -> None:
    target = new_host("alpine")
    first, second, third = serve(world.mirror, _HasNoArchives), serve(world.mirror, _Flips), serve(world.mirror)
    message = _refused(target, interpreter, source=[first.url, second.url], transfer="pull")
    assert first.url in message
    assert second.url in message
    assert interpreter(target, source=[first.url, third.url]).ok()["changed"]
    assert third.url in target.sh("cat /opt/python/3.13/.fleet-receipt")


def test_sources_that_have_it_not(debian: Target, cases: Cases, tmp_path: Path, world: Cache) -> None:
    """The mirror's archives have upstream's names, and are packed by the test world: other bytes than upstream's."""
    (tmp_path / "sums").mkdir()
    shutil.copy(world.mirror / "SHA256SUMS", tmp_path / "sums")
    bundled = {"catalogue": "bundled", "max_level": 2, "release": "20250317"}
    messages = _refused_each(
        cases,
        {
            "no downloader": (debian, {"transfer": "pull"}),
            "no directory": (debian, {"source": str(tmp_path / "none")}),
            "no archive": (debian, {"source": str(tmp_path / "sums")}),
            "other bytes": (debian, bundled),
        },
    )
    assert "neither curl nor wget" in messages["no downloader"]
    assert "set transfer to push" in messages["no downloader"]
    assert f"{tmp_path}/none" in messages["no directory"]
    assert f"{tmp_path}/sums: has no 20250317/{GNU}" in messages["no archive"]
    found = hashlib.sha256((world.mirror / "20250317" / GNU).read_bytes()).hexdigest()
    assert f"has sha256 {found}" in messages["other bytes"]
