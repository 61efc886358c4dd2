# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's cache: each archive is fetched once, checked each time, and packed anew where hosts need that."""

from __future__ import annotations

import gzip
import hashlib
import multiprocessing
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._cache import archives as _cache
from ansible_collections.fleet.python.plugins.plugin_utils._cache.archives import cache_directory, cached_archive
from ansible_collections.fleet.python.plugins.plugin_utils._cache.limit import keep_within
from ansible_collections.fleet.python.plugins.plugin_utils._cache.repack import pack_anew
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import SourceError, sources_of
from tests.unit.fetch.mirrors import mirror, status

FORK = multiprocessing.get_context("fork")
# Threads of servers that other tests had are idle while this forks.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
GZ = "cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-install_only.tar.gz"
ZST = "cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-pgo+lto-full.tar.zst"
PLAIN = random.Random(7).randbytes(50_000) * 20


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source's directory; the cache is beside it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "source/20250317").mkdir(parents=True)
    return tmp_path / "source"


def add(directory: Path, name: str, content: bytes) -> Entry:
    entry = Entry("20250317", parse_asset(name), hashlib.sha256(content).hexdigest())
    (directory / entry.path).write_bytes(content)
    return entry


def cached() -> list[str]:
    return sorted(name for name in os.listdir(cache_directory() / "archives") if not name.endswith(".lock"))


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/me")
    assert cache_directory() == Path("/var/cache/me/fleet.python")
    for value in ("", None):
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.delenv("XDG_CACHE_HOME")
        if value is not None:
            monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert cache_directory() == tmp_path / ".cache/fleet.python"


def test_a_user_without_a_home_has_a_place_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    # As services have it; nothing can be made below it.
    monkeypatch.setenv("HOME", "/dev/null")
    assert cache_directory() == tmp_path / f"fleet.python-{os.geteuid()}"
    monkeypatch.setattr(Path, "home", no_home)
    assert cache_directory() == tmp_path / f"fleet.python-{os.geteuid()}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_an_archive_of_somebody_else_is_not_sent(directory: Path) -> None:
    """A full archive is packed anew: whoever could change that and its note would have any bytes sent."""
    entry = add(directory, ZST, zstandard.compress(PLAIN))
    sources = sources_of([str(directory)])
    cached_archive(entry, sources)
    for ending in ("", ".tar.gz", ".tar.gz.sha256"):
        path = cache_directory() / "archives" / f"{entry.sha256}{ending}"
        os.chown(path, 1000, -1)
        with pytest.raises(SourceError, match="belongs to uid 1000"):
            cached_archive(entry, sources)
        os.chown(path, 0, -1)


def test_an_archive_is_fetched_once(directory: Path) -> None:
    entry = add(directory, GZ, gzip.compress(PLAIN))
    with mirror(directory) as server:
        for _time in range(3):
            archive = cached_archive(entry, sources_of([server.url]))
            assert archive.sha256 == entry.sha256
            assert archive.path.read_bytes() == (directory / entry.path).read_bytes()
        assert len(server.requests) == 1
    assert cached_archive(entry, sources_of(["http://127.0.0.1:1"])) == archive
    assert cached() == [entry.sha256]


def test_four_processes_at_once_ask_once(directory: Path) -> None:
    entry = add(directory, GZ, gzip.compress(PLAIN))
    urls, start = FORK.SimpleQueue(), FORK.Barrier(4)

    def want() -> None:
        url = urls.get()
        start.wait(60)
        assert cached_archive(entry, sources_of([url])).path.read_bytes() == (directory / entry.path).read_bytes()

    children = [FORK.Process(target=want) for _child in range(4)]
    for child in children:
        child.start()
    with mirror(directory) as server:
        for _child in children:
            urls.put(server.url)
        for child in children:
            child.join(60)
        assert [child.exitcode for child in children] == [0] * 4
        assert len(server.requests) == 1


@pytest.mark.parametrize("damage", [b"", b"other", None])
def test_a_damaged_one_is_fetched_again(directory: Path, damage: bytes | None) -> None:
    content = gzip.compress(PLAIN)
    entry = add(directory, GZ, content)
    path = cached_archive(entry, sources_of([str(directory)])).path
    path.write_bytes(content[:-1] + b"\0" if damage is None else damage)
    assert cached_archive(entry, sources_of([str(directory)])).path.read_bytes() == content


def test_one_that_cannot_be_fetched_leaves_nothing(directory: Path) -> None:
    entry = add(directory, GZ, gzip.compress(PLAIN))
    (directory / entry.path).write_bytes(b"other")
    with mirror(directory, status(404)) as server, pytest.raises(SourceError, match="no source gave the archive"):
        cached_archive(entry, sources_of([server.url, str(directory)]))
    assert cached() == []


class TestPackedAnew:
    """Hardly a host has zstd: what upstream packs with it is packed with gzip for them."""

    def test_the_same_content(self, directory: Path) -> None:
        entry = add(directory, ZST, zstandard.compress(PLAIN))
        archive = cached_archive(entry, sources_of([str(directory)]))
        assert gzip.decompress(archive.path.read_bytes()) == PLAIN
        assert archive.sha256 == hashlib.sha256(archive.path.read_bytes()).hexdigest() != entry.sha256

    def test_once(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        entry = add(directory, ZST, zstandard.compress(PLAIN))
        archive = cached_archive(entry, sources_of([str(directory)]))
        monkeypatch.setattr(_cache, "pack_anew", None)
        assert cached_archive(entry, sources_of([str(directory)])) == archive

    def test_once_for_four_processes(self, directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        entry = add(directory, ZST, zstandard.compress(PLAIN))
        start = FORK.Barrier(4)

        def counted(zst: Path, target: Path, name: str) -> None:
            with (tmp_path / "count").open("a") as file:
                file.write(".")
            pack_anew(zst, target, name)

        def want() -> None:
            start.wait(60)
            assert gzip.decompress(cached_archive(entry, sources_of([str(directory)])).path.read_bytes()) == PLAIN

        monkeypatch.setattr(_cache, "pack_anew", counted)
        children = [FORK.Process(target=want) for _child in range(4)]
        for child in children:
            child.start()
        for child in children:
            child.join(60)
        assert [child.exitcode for child in children] == [0] * 4
        assert (tmp_path / "count").read_text() == "."

    @pytest.mark.parametrize("keep", [0, 100, -1])
    def test_a_damaged_one_is_packed_again(self, directory: Path, keep: int) -> None:
        """Its digest is our own: were it taken from the damaged file, the host would find it right."""
        entry = add(directory, ZST, zstandard.compress(PLAIN))
        archive = cached_archive(entry, sources_of([str(directory)]))
        archive.path.write_bytes(archive.path.read_bytes()[:keep])
        again = cached_archive(entry, sources_of([str(directory)]))
        assert gzip.decompress(again.path.read_bytes()) == PLAIN
        assert again.sha256 == archive.sha256

    def test_in_little_memory(self, directory: Path) -> None:
        entry = add(directory, ZST, zstandard.compress(bytes(200 << 20)))

        def pack() -> None:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            cached_archive(entry, sources_of([str(directory)]))
            assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 << 10  # KiB

        child = FORK.Process(target=pack)
        child.start()
        child.join(120)
        assert child.exitcode == 0

    def test_in_several_frames(self, directory: Path) -> None:
        entry = add(directory, ZST, b"".join(zstandard.compress(PLAIN[at:]) for at in (0, 1000)))
        archive = cached_archive(entry, sources_of([str(directory)]))
        assert gzip.decompress(archive.path.read_bytes()) == PLAIN + PLAIN[1000:]

    def test_what_is_no_zstd_file(self, directory: Path) -> None:
        entry = add(directory, ZST, b"no zstd at all")
        with pytest.raises(SourceError, match=r"full\.tar\.zst is no sound zstd file"):
            cached_archive(entry, sources_of([str(directory)]))
        assert cached() == [entry.sha256]

    def test_without_zstandard(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        entry = add(directory, ZST, zstandard.compress(PLAIN))
        monkeypatch.setitem(sys.modules, "zstandard", None)
        with pytest.raises(SourceError, match="pip install zstandard"):
            cached_archive(entry, sources_of([str(directory)]))


def test_a_cache_that_cannot_be_used(directory: Path, tmp_path: Path) -> None:
    entry = add(directory, GZ, gzip.compress(PLAIN))
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(SourceError, match=f"{tmp_path}/cache/fleet.python.*XDG_CACHE_HOME"):
        cached_archive(entry, sources_of([str(directory)]))


class TestLimit:
    @staticmethod
    def fill(directory: Path, *ages: int) -> list[str]:
        """A kilobyte for each age in hours, and what lies beside it."""
        for number, age in enumerate(ages):
            for suffix, size in (("", 1024), (".lock", 0), (".sha256", 64)):
                path = directory / f"{number}{suffix}"
                path.write_bytes(bytes(size))
                os.utime(path, (10_000_000 - age * 3600,) * 2)
        return sorted(os.listdir(directory))

    @pytest.mark.parametrize(
        ("most", "left"),
        [
            (4096, {"0", "1", "2", "3"}),
            (4095, {"0", "2", "3"}),
            (2048, {"0", "3"}),
            (0, {"3"}),
        ],
    )
    def test_what_was_unused_longest_goes_first(self, tmp_path: Path, most: int, left: set[str]) -> None:
        """What was used in the last hour stays: another run may be sending it."""
        self.fill(tmp_path, 2, 9, 5, 0)
        keep_within(tmp_path, most, now=10_000_000)
        assert {path.name for path in tmp_path.iterdir() if not path.suffix} == left
        assert {path.stem for path in tmp_path.iterdir() if path.suffix == ".sha256"} == left

    def test_it_is_kept_when_something_is_added(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FLEET_PYTHON_CACHE_MB", "1")
        first = add(directory, GZ, random.Random(1).randbytes(900_000))
        path = cached_archive(first, sources_of([str(directory)])).path
        os.utime(path, (0, 0))
        second = add(directory, GZ, random.Random(2).randbytes(900_000))
        cached_archive(second, sources_of([str(directory)]))
        assert cached() == [second.sha256]

    def test_use_is_noted(self, directory: Path) -> None:
        entry = add(directory, GZ, gzip.compress(PLAIN))
        path = cached_archive(entry, sources_of([str(directory)])).path
        os.utime(path, (0, 0))
        cached_archive(entry, sources_of([str(directory)]))
        assert path.stat().st_mtime > 0

    def test_what_is_no_number(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FLEET_PYTHON_CACHE_MB", "much")
        entry = add(directory, GZ, gzip.compress(PLAIN))
        with pytest.raises(SourceError, match="FLEET_PYTHON_CACHE_MB is 'much'"):
            cached_archive(entry, sources_of([str(directory)]))


def test_a_full_disk(directory: Path, monkeypatch: pytest.MonkeyPatch, full_disk: Path) -> None:
    """The half that fits does not stay."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(full_disk))
    entry = add(directory, GZ, random.Random(1).randbytes(3_000_000))
    with mirror(directory) as server, pytest.raises(SourceError, match=r"No space left.*clean_cache"):
        cached_archive(entry, sources_of([server.url]))
    assert cached() == []


def test_a_disk_that_is_full_where_a_full_archive_is_packed_anew(
    directory: Path, monkeypatch: pytest.MonkeyPatch, full_disk: Path
) -> None:
    """It looks back further than it keeps in memory, and its content does not fit."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(full_disk))
    entry = add(directory, ZST, zstandard.compress(bytes(20_000_000), 22))
    with pytest.raises(SourceError, match=r"No space left.*clean_cache"):
        cached_archive(entry, sources_of([str(directory)]))
    assert cached() == [entry.sha256]


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "small", disk], check=False, capture_output=True)
    if done.returncode:
        pytest.skip(f"no small disk here: {done.stderr.decode()}")
    yield disk
    subprocess.run(["umount", disk], check=True)
