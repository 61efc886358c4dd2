# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads of the controller go on where they broke off, within a run and in the next one."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._cache.archives import cached_archive
from ansible_collections.fleet.python.plugins.plugin_utils._sources.skipped import SkippedSources
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import (
    HttpSource,
    SourceError,
    fetch_from,
    sources_of,
)
from tests.unit.fetch.mirrors import body, mirror, status
from tests.world.server import MirrorHandler, MirrorServer

CONTENT = os.urandom(3_000_000)
PIECE = 700_000
ENTRY = Entry(
    "20250317",
    parse_asset("cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-install_only.tar.gz"),
    hashlib.sha256(CONTENT).hexdigest(),
)


class Cuts(MirrorHandler):
    """Ends each connection after some bytes of an archive."""

    def copy(self, file: BinaryIO, length: int) -> None:
        super().copy(file, min(length, PIECE))
        self.close_connection = True


class CutsWithoutRanges(Cuts):
    def intercept(self) -> bool:
        del self.headers["Range"]
        return False


class IgnoresRanges(MirrorHandler):
    def intercept(self) -> bool:
        del self.headers["Range"]
        return False


class OtherRange(MirrorHandler):
    """Sends from another byte on than it was asked for."""

    def intercept(self) -> bool:
        if self.headers["Range"]:
            del self.headers["Range"]
            self.headers["Range"] = "bytes=10-"
        return False


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NETRC", "/dev/null")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    file = tmp_path / "source" / ENTRY.path
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    return tmp_path / "source"


def sent(servers: Sequence[MirrorServer]) -> int:
    return sum(request.sent for server in servers for request in server.requests)


def test_no_byte_is_fetched_twice(directory: Path, tmp_path: Path) -> None:
    target = tmp_path / "archive"
    with MirrorServer(directory, handler=Cuts) as server:
        HttpSource(server.url).fetch(ENTRY, target)
    assert target.read_bytes() == CONTENT
    assert [request.range for request in server.requests] == [
        None, *(f"bytes={start}-" for start in range(PIECE, len(CONTENT), PIECE)),
    ]  # fmt: skip
    assert sent([server]) == len(CONTENT)


def test_a_server_without_ranges_begins_anew(directory: Path, tmp_path: Path) -> None:
    target = tmp_path / "archive"
    target.write_bytes(CONTENT[:1000])
    with MirrorServer(directory, handler=IgnoresRanges) as server:
        HttpSource(server.url).fetch(ENTRY, target)
    assert target.read_bytes() == CONTENT


def test_one_that_never_gets_further_is_given_up(directory: Path, tmp_path: Path) -> None:
    with (
        MirrorServer(directory, handler=CutsWithoutRanges) as server,
        pytest.raises(SourceError, match="broke off"),
    ):
        HttpSource(server.url).fetch(ENTRY, tmp_path / "archive")
    assert len(server.requests) == 5


def test_one_that_sends_something_else_than_it_was_asked_for(directory: Path, tmp_path: Path) -> None:
    target = tmp_path / "archive"
    target.write_bytes(CONTENT[:1000])
    with MirrorServer(directory, handler=OtherRange) as server, pytest.raises(SourceError):
        HttpSource(server.url).fetch(ENTRY, target)


@pytest.mark.parametrize("begun", [b"of another file", CONTENT + b"more", CONTENT, b"x" * len(CONTENT)])
def test_a_beginning_that_is_none_is_dropped(directory: Path, tmp_path: Path, begun: bytes) -> None:
    target = tmp_path / "archive"
    target.write_bytes(begun)
    with MirrorServer(directory) as server:
        HttpSource(server.url).fetch(ENTRY, target)
    assert target.read_bytes() == CONTENT
    if begun == CONTENT:
        assert not server.requests


def test_the_next_source_goes_on(directory: Path, tmp_path: Path) -> None:
    target = tmp_path / "archive"
    with MirrorServer(directory, handler=CutsWithoutRanges) as first, MirrorServer(directory) as second:
        notes = SkippedSources()
        fetch_from(sources_of([first.url, second.url]), ENTRY, target, notes)
    assert target.read_bytes() == CONTENT
    assert [request.range for request in second.requests] == [f"bytes={PIECE}-"]
    [note] = notes.notes
    assert note.startswith(f"{first.url}/")


def test_the_next_run_goes_on(directory: Path) -> None:
    with MirrorServer(directory, handler=CutsWithoutRanges) as first, pytest.raises(SourceError):
        cached_archive(ENTRY, sources_of([first.url]))
    with MirrorServer(directory) as second:
        assert cached_archive(ENTRY, sources_of([second.url])).path.read_bytes() == CONTENT
    assert sent([second]) == len(CONTENT) - PIECE


def test_wrong_bytes_are_no_beginning(directory: Path, tmp_path: Path) -> None:
    target = tmp_path / "archive"
    with mirror(directory, body(b"<html>log in</html>")) as first, MirrorServer(directory) as second:
        notes = SkippedSources()
        fetch_from(sources_of([first.url, second.url]), ENTRY, target, notes)
    assert [request.range for request in second.requests] == [None]
    assert "that is a web page" in notes.notes[0]


class TestPassedOver:
    def test_each_source_is_named_once_in_a_run(self, directory: Path, tmp_path: Path) -> None:
        with mirror(directory, status(404)) as first, MirrorServer(directory) as second:
            sources = sources_of([first.url, second.url])
            found = []
            for number in range(3):
                notes = SkippedSources(tmp_path / "run")
                fetch_from(sources, ENTRY, tmp_path / f"archive-{number}", notes)
                found.append(notes.notes)
        assert found == [[f"{first.url}/{ENTRY.url_path}: HTTP 404 Not Found; skipped for the next source"], [], []]
        assert len(first.requests) == 3, "what it lacks of one it may have of another"

    def test_one_that_does_not_answer_comes_last_from_then_on(self, directory: Path, tmp_path: Path) -> None:
        with mirror(directory, status(503)) as first, MirrorServer(directory) as second:
            for number in range(3):
                target = tmp_path / f"archive-{number}"
                fetch_from(sources_of([first.url, second.url]), ENTRY, target, SkippedSources(tmp_path / "run"))
        assert len(first.requests) == 4, "four tries of one request"

    def test_it_is_asked_all_the_same_where_no_other_has_it(self, directory: Path, tmp_path: Path) -> None:
        notes = SkippedSources(tmp_path / "run")
        with mirror(directory, *[status(503)] * 4, None) as first, MirrorServer(directory) as second:
            fetch_from(sources_of([first.url, second.url]), ENTRY, tmp_path / "one", notes)
            (directory / "other").mkdir()
            with mirror(directory, status(404)) as third:
                fetch_from(sources_of([first.url, third.url]), ENTRY, tmp_path / "two", notes)
        assert (tmp_path / "two").read_bytes() == CONTENT
