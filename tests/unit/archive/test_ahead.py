# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes that another process makes: the same as those that this one would make, and its errors too."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.module_utils._archive import ahead
from ansible_collections.fleet.python.plugins.module_utils._archive.ahead import made_ahead
from ansible_collections.fleet.python.plugins.module_utils._archive.gunzip import UnpackError
from ansible_collections.fleet.python.plugins.module_utils._archive.manifest import (
    MANIFEST,
    read_contents,
    write_manifest,
)
from ansible_collections.fleet.python.plugins.module_utils._archive.unpack import unpack
from tests.unit.archive.tarballs import file, hard_link, link, packed, tar

# Newer Pythons warn of a fork beside threads, of which the test runner has some. The child takes no lock of theirs.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


@pytest.fixture(params=[1, 2], ids=["one processor", "two processors"], autouse=True)
def number(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(ahead, "processors", lambda: request.param)
    before = _children()
    yield request.param
    assert _children() == before


def _children() -> set[str]:
    """The processes that this one has started, ended or not."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_in_order() -> None:
    pieces = [str(number).encode() * 9000 for number in range(100)]
    source = iter([*pieces, b"", b""])
    with made_ahead(lambda: next(source)) as take:
        assert b"".join(iter(take, b"")) == b"".join(pieces)


@pytest.mark.parametrize(
    "error", [UnpackError("the archive is no sound gzip file: \u00e9"), OSError(errno.EIO, os.strerror(errno.EIO))]
)
def test_what_goes_wrong_is_raised_where_it_is_taken(error: Exception) -> None:
    source: Iterator[bytes | Exception] = iter([b"one", error, error])

    def make() -> bytes:
        piece = next(source)
        if isinstance(piece, Exception):
            raise piece
        return piece

    with made_ahead(make) as take:
        assert take() == b"one"
        for _time in range(2):
            with pytest.raises(type(error)) as raised:
                take()
            assert str(raised.value) == str(error)


def test_who_gives_up_leaves_no_process_before_a_full_pipe() -> None:
    with pytest.raises(ValueError, match="more"), made_ahead(lambda: b"more" * 99) as take:
        int(take()[:4])


@pytest.mark.parametrize("number", [2], indirect=True)
def test_a_process_that_is_killed() -> None:
    """By the kernel, on a host without memory."""

    def make() -> bytes:
        os.kill(os.getpid(), signal.SIGKILL)
        return b""

    with made_ahead(make) as take, pytest.raises(OSError, match="the process that inflates the archive has died"):
        take()


def test_the_manifest_of_what_was_unpacked_is_that_of_what_is_read(tmp_path: Path) -> None:
    items = (
        file("python/bin/python3.13", b"\x7fELF" * 200_000, 0o755),
        link("python/bin/python3", "python3.13"),
        file("python/lib/python3.13/os.py", b""),
        file("python/lib/python3.13/site-packages/pip/x.py", b"uncounted"),
        hard_link("python/lib/again", "python/bin/python3.13"),
    )
    archive = packed(tmp_path / "build.tar.gz", tar(*items))
    told, read = tmp_path / "told", tmp_path / "read"
    for tree in (told, read):
        tree.mkdir()
        contents = unpack(archive, str(tree))
    # Two files and a link of two names, the directories, the manifest and the receipt.
    assert write_manifest(str(told), contents) == write_manifest(str(read), read_contents(str(read))) == 7
    assert (told / MANIFEST).read_text() == (read / MANIFEST).read_text()
