# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made ahead comes in order, with what went wrong; and nobody is left waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ansible_collections.fleet.python.plugins.module_utils._background import Background


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    # Those of another test may end meanwhile.
    assert set(threading.enumerate()) <= before


def test_meanwhile_gives_what_was_found() -> None:
    assert Background(divmod, 7, 2).result() == (3, 1)


def test_meanwhile_raises_what_went_wrong_only_to_who_asks() -> None:
    work = Background(divmod, 7, 0)
    work.wait()
    with pytest.raises(ZeroDivisionError):
        work.result()
