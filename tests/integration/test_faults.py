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
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from tests.integration.conftest import Everywhere, Interpreter, NewHost, Serve
from tests.integration.playbook import Controller
from tests.integration.target import Target
from tests.world.cache import Cache
from tests.world.server import MirrorHandler, MirrorServer

GNU = "cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu-install_only_stripped.tar.gz"
MUSL = "cpython-3.13.2+20250993-x86_64-unknown-linux-musl-install_only_stripped.tar.gz"


@pytest.fixture
def ways(new_host: NewHost) -> list[Target]:
    """Hosts without and with a Python, by each way that the bytes can take."""
    return [
        new_host("alpine", name="alpine-pull", transfer="pull", asset=MUSL),
        new_host("debian12", name="debian12-push", transfer="push", asset=GNU),
        new_host("debian12-python3", name="python3-pull", transfer="pull", asset=GNU),
        new_host("debian12-python3", name="python3-push", transfer="push", asset=GNU),
    ]


def _release(asset: str) -> str:
    return asset.split("+")[1][:8]


def _refused(target: Target, interpreter: Interpreter, version: str | list[str] = "3.13", **options: Any) -> str:
    """The refusal's message; the host is seen to be as it was."""
    before = target.state()
    message = interpreter(target, version, **options).refusal()
    assert target.state() == before
    return message


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


@pytest.mark.parametrize(("handler", "reason"), [(_HasNoArchives, "404"), (_HangsUp, "")])
def test_failed_download(
    handler: type[MirrorHandler],
    reason: str,
    ways: list[Target],
    everywhere: Everywhere,
    serve: Serve,
    world: Cache,
    controller: Controller,
) -> None:
    mirror = serve(world.mirror, handler)
    messages = _refused_all(ways, everywhere, source=mirror.url)
    for target in ways:
        assert f"{mirror.url}/{_release(target.variables['asset'])}/" in messages[target.name]
        assert reason in messages[target.name]
    # What has come of a broken download is gone on with by the next run.
    assert bool(list(controller.cache.rglob("*.part"))) == (handler is _HangsUp)


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


@pytest.mark.parametrize(
    ("image", "tool", "transfer"),
    [
        ("debian12", "tar", "push"),
        ("debian12", "gzip", "push"),
        ("alpine", "tar", "pull"),
        ("debian12", "sha256sum", "push"),
    ],
)
def test_host_without_a_tool(image: str, tool: str, transfer: str, new_host: NewHost, interpreter: Interpreter) -> None:
    target = new_host(image)
    target.sh('rm "$(command -v "$1")"; ! command -v "$1" || rm "$(command -v "$1")"', tool)
    if tool == "sha256sum":
        target.sh("rm -f /usr/bin/shasum /usr/bin/openssl")
    message = _refused(target, interpreter, transfer=transfer)
    assert tool in message
    assert "install" in message


def test_host_without_a_downloader(new_host: NewHost, interpreter: Interpreter) -> None:
    message = _refused(new_host("debian12"), interpreter, transfer="pull")
    assert "neither curl nor wget" in message
    assert "set transfer to push" in message


@pytest.mark.parametrize(
    ("version", "nearest"), [("9.99", "3.13"), ("3.99", "3.13"), ("3.13.99", "3.13.2"), ("three", "3.13")]
)
def test_unknown_version(version: str, nearest: str, new_host: NewHost, interpreter: Interpreter) -> None:
    """The one that is known is not installed either."""
    message = _refused(new_host("debian12"), interpreter, ["3.12", version])
    assert version in message
    assert nearest in message


def test_ordinary_user_without_become(new_host: NewHost, interpreter: Interpreter) -> None:
    message = _refused(new_host("debian12-ssh", ansible_user="deploy"), interpreter)
    assert "/opt is not writable for uid 1000" in message
    assert "become" in message


def test_read_only_root(new_host: NewHost, interpreter: Interpreter, tmp_path: Path) -> None:
    (tmp_path / "opt").mkdir()
    message = _refused(new_host("debian12", f"--volume={tmp_path}/opt:/opt:ro"), interpreter)
    assert "/opt, which is mounted read-only" in message


def test_noexec_root(new_host: NewHost, interpreter: Interpreter) -> None:
    message = _refused(new_host("debian12", "--tmpfs=/opt:size=500m,noexec"), interpreter)
    assert "/opt, which is mounted noexec" in message


@pytest.mark.parametrize("image", ["debian12", "debian12-python3"])
def test_file_where_the_root_should_be(image: str, new_host: NewHost, interpreter: Interpreter) -> None:
    target = new_host(image)
    target.sh("echo mine > /opt/python")
    message = _refused(target, interpreter)
    assert "/opt/python is no directory" in message


@pytest.mark.parametrize("make", ["echo mine >", "mkdir"])
@pytest.mark.parametrize("image", ["debian12", "debian12-python3"])
def test_foreign_thing_where_the_minor_link_should_be(
    image: str, make: str, new_host: NewHost, interpreter: Interpreter
) -> None:
    target = new_host(image)
    target.sh(f"mkdir /opt/python && {make} /opt/python/3.13")
    message = _refused(target, interpreter)
    assert "/opt/python/3.13 is no link" in message
    assert "move it away" in message


def test_foreign_thing_where_an_extra_link_should_be(new_host: NewHost, interpreter: Interpreter) -> None:
    target = new_host("debian12")
    target.sh("echo mine > /usr/local/bin/python3.13; ln -s /bin/true /usr/local/bin/python3")
    message = _refused(target, interpreter, links=["/usr/local/bin/python3.13"])
    assert "/usr/local/bin/python3.13 is no link" in message
    message = _refused(target, interpreter, links=["/usr/local/bin/python3"])
    assert "/usr/local/bin/python3 leads to /bin/true, which is not ours" in message


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


def test_each_source_that_failed_is_named(
    new_host: NewHost, interpreter: Interpreter, serve: Serve, world: Cache
) -> None:
    first, second = serve(world.mirror, _HasNoArchives), serve(world.mirror, _Flips)
    message = _refused(new_host("alpine"), interpreter, source=[first.url, second.url], transfer="pull")
    assert first.url in message
    assert second.url in message


def test_second_source_serves_where_the_first_does_not(
    new_host: NewHost, interpreter: Interpreter, serve: Serve, world: Cache
) -> None:
    first, second = serve(world.mirror, _HasNoArchives), serve(world.mirror)
    target = new_host("alpine")
    assert interpreter(target, source=[first.url, second.url]).ok()["changed"]
    assert second.url in target.sh("cat /opt/python/3.13/.fleet-receipt")


def test_source_directory_that_is_not_there(new_host: NewHost, interpreter: Interpreter, tmp_path: Path) -> None:
    message = _refused(new_host("debian12"), interpreter, source=str(tmp_path / "none"))
    assert f"{tmp_path}/none" in message


def test_directory_without_the_archive(
    new_host: NewHost, interpreter: Interpreter, tmp_path: Path, world: Cache
) -> None:
    shutil.copy(world.mirror / "SHA256SUMS", tmp_path)
    message = _refused(new_host("debian12"), interpreter, source=str(tmp_path))
    assert f"{tmp_path}: has no 20250317/{GNU}" in message


def test_bundled_catalogue_refuses_other_bytes(new_host: NewHost, interpreter: Interpreter, world: Cache) -> None:
    """The mirror's archives have upstream's names, and are packed by the test world: other bytes."""
    message = _refused(new_host("debian12"), interpreter, catalogue="bundled", max_level=2, release="20250317")
    found = hashlib.sha256((world.mirror / "20250317" / GNU).read_bytes()).hexdigest()
    assert f"has sha256 {found}" in message
