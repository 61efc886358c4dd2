# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made ahead comes in order, with what went wrong; and nobody is left waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.module_utils import _background as _ahead
from ansible_collections.fleet.python.plugins.module_utils._archive.manifest import (
    MANIFEST,
    read_contents,
    write_manifest,
)
from ansible_collections.fleet.python.plugins.module_utils._archive.unpack import unpack
from ansible_collections.fleet.python.plugins.module_utils._background import Background, read_ahead
from tests.unit.archive.tarballs import file, hard_link, link, packed, tar


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    # Those of another test may end meanwhile.
    assert set(threading.enumerate()) <= before


@pytest.fixture(params=[1, 2], ids=["one processor", "two processors"], autouse=True)
def _processors(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ahead, "processors", lambda: request.param)


def test_in_order() -> None:
    pieces = [str(number).encode() for number in range(100)]
    source = iter([*pieces, b"", b""])
    with read_ahead(lambda: next(source)) as take:
        assert list(iter(take, b"")) == pieces
        assert take() == b""


def test_what_goes_wrong_is_raised_where_it_is_taken() -> None:
    source = iter([b"one"])
    with read_ahead(lambda: next(source)) as take:
        assert take() == b"one"
        with pytest.raises(StopIteration):
            take()


def test_who_gives_up_leaves_nobody_before_a_full_queue() -> None:
    with pytest.raises(ValueError, match="more"), read_ahead(lambda: b"more") as take:
        int(take())


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


def test_meanwhile_gives_what_was_found() -> None:
    assert Background(divmod, 7, 2).result() == (3, 1)


def test_meanwhile_raises_what_went_wrong_only_to_who_asks() -> None:
    work = Background(divmod, 7, 0)
    work.wait()
    with pytest.raises(ZeroDivisionError):
        work.result()
