# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bundles of real archives: written from a lock and for hosts, mended, and installed from."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Everywhere, Interpreter, NewHost
from tests.integration.playbook import Controller, Outcome
from tests.world.cache import Cache
from tests.world.server import MirrorHandler, MirrorServer

GNU = "20250317/cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu-install_only_stripped.tar.gz"
MUSL = "20250993/cpython-3.13.2+20250993-x86_64-unknown-linux-musl-install_only_stripped.tar.gz"
TRIPLES = ["x86_64_v2-unknown-linux-gnu", "x86_64-unknown-linux-musl"]
SMALL = ["20250317/SHA256SUMS", "20250993/SHA256SUMS", "SHA256SUMS", "latest-release.json", "python.lock.yml"]
KINDS = pytest.mark.parametrize("name", ["bundle", "bundle.tar"])


@pytest.fixture
def local_mirror(world: Cache) -> Iterator[MirrorServer]:
    """The release mirror for the controller alone, with a record of this test's requests."""
    with MirrorServer(world.mirror) as server:
        yield server


class Bundler:
    """Runs fleet.python.bundle on the controller, by default from the mirror."""

    def __init__(self, controller: Controller, mirror: MirrorServer) -> None:
        self._controller = controller
        self._mirror = mirror

    def __call__(self, path: Path, *arguments: str, **options: Any) -> Outcome:
        task = {"path": str(path), "source": [self._mirror.url], "catalogue": "source", **options}
        here = {"here": {"ansible_connection": "local"}}
        return self._controller.play(here, [{"fleet.python.bundle": task}], arguments=arguments).outcomes[0]

    def downloads(self) -> list[str]:
        requests = self._mirror.requests
        return [each.path for each in requests if each.method == "GET" and each.path.endswith(".tar.gz")]


@pytest.fixture
def bundler(controller: Controller, local_mirror: MirrorServer) -> Bundler:
    return Bundler(controller, local_mirror)


@pytest.fixture
def lock(controller: Controller, local_mirror: MirrorServer, tmp_path: Path) -> Path:
    """A lock of 3.13 for two kinds of machines."""
    path = tmp_path / "python.lock.yml"
    task = {"path": str(path), "version": "3.13", "triples": TRIPLES, "source": local_mirror.url, "catalogue": "source"}
    controller.play({"here": {"ansible_connection": "local"}}, [{"fleet.python.lock": task}]).outcomes[0].ok()
    return path


def held(path: Path) -> dict[str, bytes]:
    """Every file of a bundle, by its name."""
    if path.is_dir():
        return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def done(outcome: Outcome) -> dict[str, str]:
    """What was done with each file."""
    return {file["name"]: file["action"] for file in outcome.ok()["files"]}


def spoil(path: Path, name: str) -> None:
    """Change one byte in the middle of a file of a bundle."""
    where, size = 0, 0
    if path.is_dir():
        path, size = path / name, (path / name).stat().st_size
    else:
        with tarfile.open(path) as tar:
            where, size = tar.getmember(name).offset_data, tar.getmember(name).size
    with path.open("r+b") as file:
        file.seek(where + size // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 1]))


def take_out(path: Path, name: str) -> None:
    if path.is_dir():
        (path / name).unlink()
    else:
        subprocess.run(["tar", "--delete", "--file", path, name], check=True)


@KINDS
def test_what_a_lock_pins(name: str, bundler: Bundler, lock: Path, tmp_path: Path, world: Cache) -> None:
    bundle = tmp_path / name
    first = bundler(bundle, lock=str(lock))
    assert first.ok()["changed"]
    assert set(done(first).values()) == {"added"}
    files = held(bundle)
    assert sorted(files) == sorted([GNU, MUSL, *SMALL])
    assert files["python.lock.yml"] == lock.read_bytes()
    assert files[GNU] == (world.mirror / GNU).read_bytes()
    sums = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}" for name in (GNU, MUSL)]
    assert files["SHA256SUMS"].decode().splitlines() == sums
    assert json.loads(files["latest-release.json"])["tag"] == "20250993"

    again = bundler(bundle, lock=str(lock))
    assert not again.ok()["changed"]
    assert set(done(again).values()) == {"kept"}
    assert len(bundler.downloads()) == 2


def test_the_same_lock_gives_the_same_tar(bundler: Bundler, lock: Path, tmp_path: Path) -> None:
    for name in ("one.tar", "two.tar"):
        assert bundler(tmp_path / name, lock=str(lock)).ok()["changed"]
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


@KINDS
def test_check_mode_writes_nothing(name: str, bundler: Bundler, lock: Path, tmp_path: Path) -> None:
    outcome = bundler(tmp_path / name, "--check", "--diff", lock=str(lock))
    assert outcome.ok()["changed"]
    assert done(outcome)[GNU] == "added"
    assert GNU in outcome.ok()["diff"]["after"]
    assert not (tmp_path / name).exists()
    assert not bundler.downloads()


@KINDS
def test_missing_and_changed_files_are_mended(name: str, bundler: Bundler, lock: Path, tmp_path: Path) -> None:
    bundle = tmp_path / name
    bundler(bundle, lock=str(lock)).ok()
    whole = held(bundle)
    spoil(bundle, GNU)
    take_out(bundle, MUSL)
    spoil(bundle, "SHA256SUMS")
    actions = done(bundler(bundle, lock=str(lock)))
    assert {path: action for path, action in actions.items() if action != "kept"} == {
        GNU: "replaced",
        MUSL: "added",
        "SHA256SUMS": "replaced",
    }
    assert held(bundle) == whole


class _HasNoMusl(MirrorHandler):
    def intercept(self) -> bool:
        gone = "musl" in self.path
        if gone:
            self.send_text(404, "gone\n")
        return gone


@KINDS
def test_it_goes_on_where_it_was_cut_off(name: str, bundler: Bundler, lock: Path, tmp_path: Path, world: Cache) -> None:
    bundle = tmp_path / name
    with MirrorServer(world.mirror, handler=_HasNoMusl) as broken:
        message = bundler(bundle, lock=str(lock), source=[broken.url]).refusal()
        assert "404" in message
        assert MUSL.rsplit("/", 1)[1].replace("+", "%2B") in message
    assert "SHA256SUMS" not in (held(bundle) if bundle.exists() else {})
    assert done(bundler(bundle, lock=str(lock)))[MUSL] == "added"
    assert not [path for path in bundler.downloads() if "gnu" in path], "it was there already"
    assert sorted(held(bundle)) == sorted([GNU, MUSL, *SMALL])


@KINDS
def test_another_lock_takes_out_what_it_does_not_name(
    name: str, bundler: Bundler, lock: Path, controller: Controller, tmp_path: Path, local_mirror: MirrorServer
) -> None:
    bundle = tmp_path / name
    bundler(bundle, lock=str(lock)).ok()
    other = tmp_path / "other.lock.yml"
    task = {"path": str(other), "version": "3.13", "triples": TRIPLES[:1], "source": local_mirror.url}
    here = {"here": {"ansible_connection": "local"}}
    controller.play(here, [{"fleet.python.lock": task | {"catalogue": "source"}}]).outcomes[0].ok()
    outcome = bundler(bundle, lock=str(other))
    assert MUSL in outcome.ok()["removed"]
    assert sorted(held(bundle)) == sorted({GNU, *SMALL} - {"20250993/SHA256SUMS"})
    assert not bundler(bundle, lock=str(other)).ok()["changed"]


def test_foreign_directory_is_let_be(bundler: Bundler, lock: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "letter.txt").write_text("mine")
    assert "is no bundle" in bundler(home, lock=str(lock)).refusal()
    assert held(home) == {"letter.txt": b"mine"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none/bundle.tar", "none, where the bundle is to be, cannot be used: No such file"),
        ("bundle.tar.gz", "a plain .tar"),
        ("letter.txt", "is a file"),
    ],
)
def test_where_no_bundle_can_be(name: str, words: str, bundler: Bundler, lock: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    assert words in bundler(tmp_path / name, lock=str(lock)).refusal()
    assert (tmp_path / "letter.txt").read_text() == "mine"


def test_full_disk_of_the_controller(bundler: Bundler, lock: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=30m", "small", disk], check=True)
    try:
        for name in ("bundle", "bundle.tar"):
            assert "No space left on device" in bundler(disk / name, lock=str(lock)).refusal()
            assert not list(disk.rglob("*.part"))
            subprocess.run(["rm", "-rf", disk / name], check=True)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_lock_or_versions(bundler: Bundler, lock: Path, tmp_path: Path) -> None:
    assert "either a lock, or the versions" in bundler(tmp_path / "bundle").refusal()
    assert "either a lock, or the versions" in bundler(tmp_path / "bundle", lock=str(lock), version="3.13").refusal()


def test_hosts_are_resolved_and_installed_from_it(
    new_host: NewHost, controller: Controller, everywhere: Everywhere, world: Cache, tmp_path: Path
) -> None:
    """The lock is in the bundle, and the bundle is source and lock for hosts that reach nothing."""
    bundle = tmp_path / "bundle.tar"
    targets = [new_host("debian12", "--network=none"), new_host("alpine", "--network=none")]
    hosts = {target.name: target.variables for target in targets}
    variables = {
        "bundle_path": str(bundle),
        "bundle_versions": ["3.13"],
        "interpreter_source": [str(world.mirror)],
        "interpreter_catalogue": "source",
    }
    for changed in (True, False):
        outcomes = controller.playbook("fleet.python.bundle", hosts, variables).outcomes
        assert [outcome.ok()["changed"] for outcome in outcomes] == [changed, changed]
    assert sorted(path for path in held(bundle) if path.endswith(".gz")) == [GNU, MUSL]

    installed = everywhere(targets, source=str(bundle), lock=str(bundle))
    for target in targets:
        assert installed[target.name].ok()["changed"]
        target.sh('"$1" -c "import ssl"', "/opt/python/3.13/bin/python3.13")


@KINDS
@pytest.mark.parametrize(("damage", "words"), [(spoil, "has sha256 "), (take_out, "has no 20250317/")])
def test_bundle_with_a_missing_or_changed_file(
    name: str,
    damage: Any,
    words: str,
    bundler: Bundler,
    lock: Path,
    new_host: NewHost,
    interpreter: Interpreter,
    controller: Controller,
    tmp_path: Path,
) -> None:
    bundle = tmp_path / name
    bundler(bundle, lock=str(lock)).ok()
    damage(bundle, GNU)
    # The controller behind the gap is another one.
    shutil.rmtree(controller.cache)
    target = new_host("debian12", "--network=none")
    before = target.state()
    message = interpreter(target, source=str(bundle), lock=str(bundle), max_level=2).refusal()
    assert words in message
    assert GNU in message
    assert str(bundle) in message
    assert target.state() == before


@pytest.mark.parametrize(("name", "words"), [("sums.txt", "is a file"), ("letter.tar", "is no plain .tar")])
def test_source_that_is_some_other_file(
    name: str, words: str, lock: Path, controller: Controller, tmp_path: Path, world: Cache
) -> None:
    (tmp_path / name).write_text("no archive")
    root = tmp_path / "root"
    task = {"version": "3.13", "source": str(tmp_path / name), "lock": str(lock), "root": str(root), "max_level": 2}
    task |= {"catalogue": str(world.mirror / "SHA256SUMS")}
    ran = controller.play({"here": {"ansible_connection": "local"}}, [{"fleet.python.interpreter": task}])
    message = ran.outcomes[0].refusal()
    assert words in message
    assert str(tmp_path / name) in message
    assert not root.exists()
