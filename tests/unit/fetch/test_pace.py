# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources that trickle: the next one takes over, for the module's urllib and for the controller's requests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.module_utils._fetch.download import download
from ansible_collections.fleet.python.plugins.module_utils._fetch.pace import Pace, TooSlowError
from ansible_collections.fleet.python.plugins.module_utils._fetch.pull import Pull
from ansible_collections.fleet.python.plugins.module_utils._fetch.verify import UnreachedError
from ansible_collections.fleet.python.plugins.plugin_utils._sources import errors
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import Access
from ansible_collections.fleet.python.plugins.plugin_utils._sources.download import download as controller_download
from tests.unit.fetch.mirrors import Answer, mirror, trickle, trickle_header
from tests.world.server import MirrorServer

CONTENT = b"the right bytes\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Clock:
    now = 0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("arrivals", "words"),
    [
        ([(10, 10_000), (20, 10_000), (30, 10_000), (61, 31_000)], ""),
        ([(10, 10), (29, 10), (30, 10)], "it sent 30 bytes in 30 seconds, and min_rate is 1000 a second"),
        ([(10, 99_000), (35, 10), (66, 10)], "it sent 10 bytes in 31 seconds"),
        ([(99, 1 << 20), (100, 1 << 20)], ""),
        ([(99, 1 << 20), (101, 1 << 20)], "it took longer than 100 seconds"),
    ],
)
def test_pace(arrivals: list[tuple[int, int]], words: str) -> None:
    clock = Clock()
    pace = Pace(timeout=30, min_rate=1000, download_timeout=100, clock=clock)
    said = ""
    for clock.now, count in arrivals:
        try:
            pace.came(count)
        except TooSlowError as error:
            said = str(error)
    assert said.startswith(words)
    assert bool(said) is bool(words)


def test_any_rate_where_none_is_asked_for() -> None:
    clock = Clock()
    pace = Pace(timeout=1, min_rate=0, download_timeout=100, clock=clock)
    for clock.now in range(100):
        pace.came(0)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/file").write_bytes(CONTENT)
    return tmp_path / "source"


SLOW = pytest.mark.parametrize(
    ("answer", "min_rate", "words"),
    [
        (trickle, 1000, "and min_rate is 1000 a second"),
        (trickle, 0, "it took longer than 2 seconds (download_timeout)"),
        (trickle_header, 1000, "2 seconds"),
    ],
)


def _slow(source: Path, answer: Answer, words: str, fetch: Callable[[str], None], error: type[Exception]) -> None:
    with mirror(source, answer) as server, pytest.raises(error) as refused:
        fetch(f"{server.url}/file")
    assert words in str(refused.value)


@SLOW
def test_the_module(source: Path, tmp_path: Path, answer: Answer, min_rate: int, words: str) -> None:
    def fetch(url: str) -> None:
        download(Pull((url,), min_rate=min_rate, timeout=1, download_timeout=2), str(tmp_path / "file"), SHA256)

    _slow(source, answer, words, fetch, UnreachedError)


@SLOW
def test_the_controller(source: Path, tmp_path: Path, answer: Answer, min_rate: int, words: str) -> None:
    def fetch(url: str) -> None:
        controller_download(url, Access(min_rate=min_rate, timeout=1, download_timeout=2), tmp_path / "file")

    _slow(source, answer, words, fetch, errors.UnreachedError)


def test_the_next_source(source: Path, tmp_path: Path) -> None:
    with mirror(source, trickle) as slow, MirrorServer(source) as right:
        urls = (f"{slow.url}/file", f"{right.url}/file")
        found = download(Pull(urls, timeout=1), str(tmp_path / "file"), SHA256)
    assert found.source == urls[1]
    assert "min_rate" in found.skipped_sources[0]
    assert (tmp_path / "file").read_bytes() == CONTENT
