# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a Python or a kernel cannot sync one file system, all are synced. How a disk fails, tests/faults shows."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.module_utils._home.disk import watched_disk


@pytest.fixture
def all_synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    calls: list[str] = []
    monkeypatch.setattr(os, "sync", lambda: calls.append("sync"))
    return calls


def test_one_file_system_is_synced(tmp_path: Path, all_synced: list[str]) -> None:
    (tmp_path / "file").write_text("1")
    with watched_disk(str(tmp_path)) as sync:
        sync()
    assert all_synced == []


def test_a_python_without_ctypes(tmp_path: Path, all_synced: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctypes", None)
    with watched_disk(str(tmp_path)) as sync:
        sync()
    assert all_synced == ["sync"]


@pytest.mark.parametrize("library", [None, SimpleNamespace()], ids=["static", "old libc"])
def test_a_libc_without_it(
    library: Any, tmp_path: Path, all_synced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(name: None, use_errno: bool) -> Any:
        if library is None:
            raise OSError("dynamic loading not supported")
        return library

    monkeypatch.setattr(ctypes, "CDLL", load)
    with watched_disk(str(tmp_path)) as sync:
        sync()
    assert all_synced == ["sync"]


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EPERM])
def test_a_kernel_or_a_sandbox_without_it(
    number: int, tmp_path: Path, all_synced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> int:
        ctypes.set_errno(number)
        return -1

    monkeypatch.setattr(ctypes, "CDLL", lambda name, use_errno: SimpleNamespace(syncfs=refuse))
    with watched_disk(str(tmp_path)) as sync:
        sync()
    assert all_synced == ["sync"]


def test_a_disk_that_fails(tmp_path: Path, all_synced: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> int:
        ctypes.set_errno(errno.EIO)
        return -1

    monkeypatch.setattr(ctypes, "CDLL", lambda name, use_errno: SimpleNamespace(syncfs=fail))
    with watched_disk(str(tmp_path)) as sync, pytest.raises(OSError, match="could be written") as caught:
        sync()
    assert (caught.value.errno, caught.value.filename) == (errno.EIO, str(tmp_path))
    assert all_synced == []
