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
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Cases, Everywhere, NewHost
from tests.integration.mirror_role import write_lock
from tests.integration.playbook import Controller, Outcome
from tests.world.cache import Cache
from tests.world.server import MirrorHandler, MirrorServer

GNU = "20250317/cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu-install_only_stripped.tar.gz"
MUSL = "20250993/cpython-3.13.2+20250993-x86_64-unknown-linux-musl-install_only_stripped.tar.gz"
TRIPLES = ["x86_64_v2-unknown-linux-gnu", "x86_64-unknown-linux-musl"]
SMALL = ["20250317/SHA256SUMS", "20250993/SHA256SUMS", "SHA256SUMS", "latest-release.json", "python.lock.yml"]
KINDS = ("bundle", "bundle.tar")
HERE = {"here": {"ansible_connection": "local"}}


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
        return self.run([{"path": str(path), **options}], *arguments)[0]

    def each_kind(self, directory: Path, *arguments: str, **options: Any) -> dict[str, Outcome]:
        """Write a directory and a tar with the same options; the outcomes by name."""
        tasks = [{"path": str(directory / name), **options} for name in KINDS]
        return dict(zip(KINDS, self.run(tasks, *arguments), strict=True))

    def run(self, tasks: Sequence[Mapping[str, Any]], *arguments: str) -> tuple[Outcome, ...]:
        """Run tasks one after the other, whatever becomes of each."""
        own = {"source": [self._mirror.url], "catalogue": "source"}
        made = [{"fleet.python.bundle": {**own, **task}, "ignore_errors": True} for task in tasks]
        return self._controller.play(HERE, made, arguments=arguments).outcomes

    def downloads(self) -> list[str]:
        requests = self._mirror.requests
        return [each.path for each in requests if each.method == "GET" and each.path.endswith(".tar.gz")]


@pytest.fixture
def bundler(controller: Controller, local_mirror: MirrorServer) -> Bundler:
    return Bundler(controller, local_mirror)


@pytest.fixture(scope="module")
def written(collections: Sequence[Path], world: Cache, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a lock of 3.13 for two kinds of machines, and a bundle of each kind that was written from it."""
    directory = tmp_path_factory.mktemp("written")
    controller = Controller(directory / "controller", collections)
    write_lock(directory / "python.lock.yml", "3.13", TRIPLES, controller, world)
    with MirrorServer(world.mirror) as server:
        made = Bundler(controller, server).each_kind(directory, lock=str(directory / "python.lock.yml"))
    assert all(outcome.ok()["changed"] for outcome in made.values())
    return directory


@pytest.fixture
def lock(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(written / "python.lock.yml", tmp_path))


@pytest.fixture
def bundles(written: Path, lock: Path, tmp_path: Path) -> list[Path]:
    """A bundle of each kind, as it was written from the lock."""
    shutil.copytree(written / "bundle", tmp_path / "bundle")
    shutil.copy2(written / "bundle.tar", tmp_path)
    return [tmp_path / name for name in KINDS]


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


def test_what_a_lock_pins(bundler: Bundler, lock: Path, tmp_path: Path, world: Cache) -> None:
    for name, first in bundler.each_kind(tmp_path, lock=str(lock)).items():
        assert first.ok()["changed"]
        assert set(done(first).values()) == {"added"}
        files = held(tmp_path / name)
        assert sorted(files) == sorted([GNU, MUSL, *SMALL])
        assert files["python.lock.yml"] == lock.read_bytes()
        assert files[GNU] == (world.mirror / GNU).read_bytes()
        sums = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}" for name in (GNU, MUSL)]
        assert files["SHA256SUMS"].decode().splitlines() == sums
        assert json.loads(files["latest-release.json"])["tag"] == "20250993"

    for again in bundler.each_kind(tmp_path, lock=str(lock)).values():
        assert not again.ok()["changed"]
        assert set(done(again).values()) == {"kept"}
    assert len(bundler.downloads()) == 2


def test_the_same_lock_gives_the_same_tar(bundler: Bundler, lock: Path, written: Path, tmp_path: Path) -> None:
    assert bundler(tmp_path / "two.tar", lock=str(lock)).ok()["changed"]
    assert (tmp_path / "two.tar").read_bytes() == (written / "bundle.tar").read_bytes()


def test_check_mode_writes_nothing(bundler: Bundler, lock: Path, tmp_path: Path) -> None:
    for name, outcome in bundler.each_kind(tmp_path, "--check", "--diff", lock=str(lock)).items():
        assert outcome.ok()["changed"]
        assert done(outcome)[GNU] == "added"
        assert GNU in outcome.ok()["diff"]["after"]
        assert not (tmp_path / name).exists()
    assert not bundler.downloads()


def test_missing_and_changed_files_are_mended(
    bundler: Bundler, lock: Path, bundles: list[Path], written: Path, tmp_path: Path
) -> None:
    for bundle in bundles:
        spoil(bundle, GNU)
        take_out(bundle, MUSL)
        spoil(bundle, "SHA256SUMS")
    for name, outcome in bundler.each_kind(tmp_path, lock=str(lock)).items():
        assert {path: action for path, action in done(outcome).items() if action != "kept"} == {
            GNU: "replaced",
            MUSL: "added",
            "SHA256SUMS": "replaced",
        }
        assert held(tmp_path / name) == held(written / name)


class _HasNoMusl(MirrorHandler):
    def intercept(self) -> bool:
        gone = "musl" in self.path
        if gone:
            self.send_text(404, "gone\n")
        return gone


def test_it_goes_on_where_it_was_cut_off(bundler: Bundler, lock: Path, tmp_path: Path, world: Cache) -> None:
    with MirrorServer(world.mirror, handler=_HasNoMusl) as broken:
        for name, outcome in bundler.each_kind(tmp_path, lock=str(lock), source=[broken.url]).items():
            assert "404" in outcome.refusal()
            assert MUSL.rsplit("/", 1)[1].replace("+", "%2B") in outcome.refusal()
            assert "SHA256SUMS" not in (held(tmp_path / name) if (tmp_path / name).exists() else {})
    for name, outcome in bundler.each_kind(tmp_path, lock=str(lock)).items():
        assert done(outcome)[MUSL] == "added"
        assert sorted(held(tmp_path / name)) == sorted([GNU, MUSL, *SMALL])
    assert not [path for path in bundler.downloads() if "gnu" in path], "it was there already"


def test_another_lock_takes_out_what_it_does_not_name(
    bundler: Bundler, bundles: list[Path], controller: Controller, tmp_path: Path, world: Cache
) -> None:
    other = write_lock(tmp_path / "other.lock.yml", "3.13", TRIPLES[:1], controller, world)
    for name, outcome in bundler.each_kind(tmp_path, lock=str(other)).items():
        assert MUSL in outcome.ok()["removed"]
        assert sorted(held(tmp_path / name)) == sorted({GNU, *SMALL} - {"20250993/SHA256SUMS"})
    assert not any(again.ok()["changed"] for again in bundler.each_kind(tmp_path, lock=str(other)).values())


def test_where_no_bundle_can_be(bundler: Bundler, lock: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "letter.txt").write_text("mine")
    words = {
        "home": "is no bundle",
        "none/bundle.tar": "none, where the bundle is to be, cannot be used: No such file",
        "bundle.tar.gz": "a plain .tar",
        "home/letter.txt": "is a file",
    }
    outcomes = bundler.run([{"path": str(tmp_path / name), "lock": str(lock)} for name in words])
    for outcome, said in zip(outcomes, words.values(), strict=True):
        assert said in outcome.refusal()
    assert held(home) == {"letter.txt": b"mine"}


def test_lock_or_versions(bundler: Bundler, lock: Path, tmp_path: Path) -> None:
    for outcome in bundler.run(
        [{"path": str(tmp_path / "bundle"), **given} for given in ({}, {"lock": str(lock), "version": "3.13"})]
    ):
        assert "either a lock, or the versions" in outcome.refusal()


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


def test_bundle_with_a_missing_or_changed_file(new_host: NewHost, cases: Cases, written: Path, tmp_path: Path) -> None:
    damages = {"changed": (spoil, "has sha256 "), "missing": (take_out, "has no 20250317/")}
    bundles = {f"{kind} {name}": tmp_path / kind / name for kind in damages for name in KINDS}
    for kind, (damage, _words) in damages.items():
        shutil.copytree(written / "bundle", tmp_path / kind / "bundle")
        shutil.copy2(written / "bundle.tar", tmp_path / kind)
        for name in KINDS:
            damage(tmp_path / kind / name, GNU)
    target = new_host("debian12", "--network=none")
    before = target.state()
    given = {name: (target, {"source": str(path), "lock": str(path)}) for name, path in bundles.items()}
    outcomes = cases(given, max_level=2)
    assert target.state() == before
    for name, bundle in bundles.items():
        message = outcomes[name].refusal()
        assert damages[name.split()[0]][1] in message
        assert GNU in message
        assert str(bundle) in message


def test_source_that_is_some_other_file(lock: Path, controller: Controller, tmp_path: Path, world: Cache) -> None:
    root = tmp_path / "root"
    common = {"version": "3.13", "lock": str(lock), "root": str(root), "max_level": 2}
    words = {"sums.txt": "is a file", "letter.tar": "is no plain .tar"}
    tasks = []
    for name in words:
        (tmp_path / name).write_text("no archive")
        task = {**common, "source": str(tmp_path / name), "catalogue": str(world.mirror / "SHA256SUMS")}
        tasks.append({"fleet.python.interpreter": task, "ignore_errors": True})
    ran = controller.play(HERE, tasks)
    for outcome, (name, said) in zip(ran.outcomes, words.items(), strict=True):
        assert said in outcome.refusal()
        assert str(tmp_path / name) in outcome.refusal()
    assert not root.exists()
