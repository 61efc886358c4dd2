# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache of deltas: one is made once, and sent only as it was made."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ansible_collections.fleet.python.plugins.module_utils._archive.gunzip import UnpackError
from ansible_collections.fleet.python.plugins.module_utils._delta.index import MAGIC
from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._builds.deltas import Delta
from ansible_collections.fleet.python.plugins.plugin_utils._cache.archives import Archive, cache_directory
from ansible_collections.fleet.python.plugins.plugin_utils._cache.private import private_folder
from ansible_collections.fleet.python.plugins.plugin_utils._delta import cached as _cached
from ansible_collections.fleet.python.plugins.plugin_utils._delta.cached import (
    NoDeltaError,
    cached_delta,
    pinned_delta,
    proven_delta,
)
from ansible_collections.fleet.python.plugins.plugin_utils._delta.make import Tree, write_delta
from ansible_collections.fleet.python.plugins.plugin_utils._sources.digest import digest_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import DirectorySource, SourceError
from tests.unit.delta.small import NEW_FILES, OLD_FILES, digests
from tests.unit.delta.small import made as build

_GNU = "x86_64_v2-unknown-linux-gnu-install_only_stripped.tar.gz"
OLD = Entry("20240224", parse_asset(f"cpython-3.12.2+20240224-{_GNU}"), "a" * 64)
NEW = Entry("20240909", parse_asset(f"cpython-3.12.6+20240909-{_GNU}"), "b" * 64)
FULL = Entry("20240909", parse_asset("cpython-3.12.6+20240909-x86_64-unknown-linux-gnu-pgo+lto-full.tar.zst"), "c" * 64)

DELTA = MAGIC + b"..."


@pytest.fixture(name="made")
def _made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """A cache of its own; what has been made, by the digests of both archives."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(_cached, "cached_archive", lambda entry, *_others: Archive(tmp_path / "x", entry.sha256))
    made: list[tuple[str, str]] = []

    def make(old: Any, new: Any, top: Any, target: Path, scratch: Path) -> None:
        made.append((old[1], new[1]))
        target.write_bytes(DELTA)

    monkeypatch.setattr(_cached, "make_delta", make)
    return made


def test_it_is_made_once(made: list[tuple[str, str]]) -> None:
    first = cached_delta(OLD, NEW, [], make=True)
    assert first == cached_delta(OLD, NEW, [], make=True) == cached_delta(OLD, NEW, [], make=False)
    assert first.sha256 == digest_of(first.path)
    assert made == [(OLD.sha256, NEW.sha256)]


def test_it_is_not_made_unasked(made: list[tuple[str, str]]) -> None:
    with pytest.raises(NoDeltaError, match="there is none yet"):
        cached_delta(OLD, NEW, [], make=False)
    assert made == []


def test_one_that_has_changed_is_not_sent(made: list[tuple[str, str]]) -> None:
    delta = cached_delta(OLD, NEW, [], make=True)
    delta.path.write_bytes(b"other")
    with pytest.raises(NoDeltaError, match="there is none yet"):
        cached_delta(OLD, NEW, [], make=False)
    assert cached_delta(OLD, NEW, [], make=True) == delta
    assert delta.path.read_bytes() == DELTA
    assert len(made) == 2


def test_one_of_an_older_form_is_made_anew(made: list[tuple[str, str]]) -> None:
    delta = cached_delta(OLD, NEW, [], make=True)
    delta.path.write_bytes(b"fleet-delta 1 ...")
    delta.path.with_name(delta.path.name + ".sha256").write_text(digest_of(delta.path))
    assert cached_delta(OLD, NEW, [], make=True) == delta
    assert len(made) == 2


def test_one_that_others_may_write_is_not_sent(made: list[tuple[str, str]]) -> None:
    delta = cached_delta(OLD, NEW, [], make=True)
    os.chmod(delta.path, 0o666)
    with pytest.raises(NoDeltaError, match="may be written by everybody"):
        cached_delta(OLD, NEW, [], make=True)


def test_archives_of_zstd_have_none(made: list[tuple[str, str]]) -> None:
    with pytest.raises(NoDeltaError, match=r"\.tar\.gz only"):
        cached_delta(OLD, FULL, [], make=True)
    assert made == []


def _archive(path: Path, tree: Path) -> Entry:
    """A build as an archive, with its entry."""
    with tarfile.open(path, "w:gz") as tar:
        tar.add(tree, "python")
    return replace(NEW if "new" in path.name else OLD, sha256=digest_of(path))


class Served(NamedTuple):
    """A source on the controller with two small builds, and the delta between them as a lock names it."""

    source: DirectorySource
    delta: Delta
    file: Path

    def again(self) -> Delta:
        """The delta as a lock names it that knows what is in the file now."""
        return replace(self.delta, sha256=digest_of(self.file), size=self.file.stat().st_size)


@pytest.fixture(name="served")
def _served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Served:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    archives = {}
    for name, files in (("old", OLD_FILES), ("new", NEW_FILES)):
        archives[name] = _archive(tmp_path / f"{name}.tar.gz", build(tmp_path / name, files))
    old, new = archives["old"], archives["new"]
    source = DirectorySource(tmp_path / "served")
    delta = Delta(old, new, "", 0)
    served = Served(source, delta, source.path / delta.path)
    served.file.parent.mkdir(parents=True)
    (tmp_path / "new.tar.gz").rename(source.path / new.path)
    trees = [Tree(tmp_path / name, archives[name].sha256, digests(tmp_path / name)) for name in ("old", "new")]
    write_delta(trees[0], trees[1], served.file)
    return served._replace(delta=served.again())


def test_a_named_delta_is_fetched_once(served: Served) -> None:
    first = proven_delta(served.delta, [served.source])
    assert first.sha256 == served.delta.sha256 == digest_of(first.path)
    served.file.unlink()
    (served.source.path / NEW.path).unlink()
    assert proven_delta(served.delta, [served.source]) == first


def test_one_that_was_made_here_is_not_fetched(served: Served) -> None:
    folder = private_folder(cache_directory(), "deltas")
    made = folder / f"{served.delta.old.sha256}-{served.delta.new.sha256}"
    served.file.rename(made)
    assert pinned_delta(served.delta, [served.source]).path == made


def test_one_that_no_source_has(served: Served) -> None:
    served.file.unlink()
    with pytest.raises(NoDeltaError, match=r"cannot be had: no source gave the delta:\n.*served: has no 20240909"):
        pinned_delta(served.delta, [served.source])


def test_one_that_was_damaged_is_not_opened(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    served.file.write_bytes(served.file.read_bytes()[:-1] + b"?")
    monkeypatch.setattr(_cached, "read_index", None)
    with pytest.raises(NoDeltaError, match=r"\.delta has sha256 [0-9a-f]{64} .*, not"):
        proven_delta(served.delta, [served.source])


def test_a_length_that_lies(served: Served) -> None:
    with pytest.raises(NoDeltaError, match=r"bytes, and the lock says 7$"):
        pinned_delta(replace(served.delta, size=7), [served.source])


def test_one_to_other_files_than_the_archive_holds(served: Served, tmp_path: Path) -> None:
    """A lock and a delta that somebody has made for each other install nothing but what the archive holds."""
    evil = build(tmp_path / "evil", {**NEW_FILES, "lib/python3.12/new.py": b"import evil"})
    old = Tree(tmp_path / "old", served.delta.old.sha256, digests(tmp_path / "old"))
    write_delta(old, Tree(evil, served.delta.new.sha256, digests(evil)), served.file)
    with pytest.raises(NoDeltaError, match=r"leads to other files than cpython-3\.12\.6.* holds$"):
        proven_delta(served.again(), [served.source])


def test_one_between_other_archives(served: Served) -> None:
    other = replace(served.delta, old=replace(served.delta.old, sha256="f" * 64))
    (served.source.path / other.path).write_bytes(served.file.read_bytes())
    with pytest.raises(NoDeltaError, match="is a delta between other archives than the lock says"):
        proven_delta(other, [served.source])


def test_what_is_no_delta_is_not_sent(served: Served) -> None:
    served.file.write_bytes(b"fleet-delta 1 99999999999999\n")
    with pytest.raises(NoDeltaError, match=r"\.delta: it is no delta of a form that is known here"):
        proven_delta(served.again(), [served.source])


def test_an_archive_that_is_not_to_be_had(served: Served) -> None:
    (served.source.path / NEW.path).unlink()
    with pytest.raises(NoDeltaError, match="archive that it must lead to cannot be had: no source gave the archive"):
        proven_delta(served.delta, [served.source])


def _raising(error: Exception) -> Callable[..., None]:
    def make(*_arguments: Any) -> None:
        raise error

    return make


@pytest.mark.parametrize(
    "error",
    [SourceError("no source has it"), UnpackError("it is damaged"), OSError(28, "No space left"), MemoryError()],
)
def test_whatever_keeps_it_from_being_made_is_said(
    error: Exception, made: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_cached, "make_delta", _raising(error))
    with pytest.raises(NoDeltaError, match=r"it cannot be made: \S"):
        cached_delta(OLD, NEW, [], make=True)
