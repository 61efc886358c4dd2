# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache of deltas: one is made once, and sent only as it was made."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.module_utils._archive.gunzip import UnpackError
from ansible_collections.fleet.python.plugins.module_utils._delta.index import MAGIC
from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._cache.archives import Archive
from ansible_collections.fleet.python.plugins.plugin_utils._delta import cached as _cached
from ansible_collections.fleet.python.plugins.plugin_utils._delta.cached import NoDeltaError, cached_delta
from ansible_collections.fleet.python.plugins.plugin_utils._sources.digest import digest_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import SourceError

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
