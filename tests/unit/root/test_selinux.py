# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SELinux labels. The tests' machines have no SELinux: restorecon here is a stand-in that notes how it was called."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.module_utils._root import errors as _errors
from ansible_collections.fleet.python.plugins.module_utils._root import homes as _homes


@pytest.fixture
def restorecon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "restorecon"
    program.write_text(
        f'#!/bin/sh\necho "$@" >>"{tmp_path}/called"\n[ ! -e "{tmp_path}/fail" ] || {{ echo no >&2; exit 1; }}\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name, path=None: str(program) if name == "restorecon" else None)
    return tmp_path


def _selinux(monkeypatch: pytest.MonkeyPatch, on: bool) -> None:
    exists = os.path.exists
    monkeypatch.setattr(os.path, "exists", lambda path: on if path == "/sys/fs/selinux/enforce" else exists(path))


def _place(root: Path) -> Path:
    tree = root / ".staging" / "x" / "tree"
    tree.mkdir(parents=True)
    _homes.place(str(root), str(tree), "home", {"sha256": "ab"}, os.sync)
    return root / "home"


def test_where_selinux_is_on(restorecon: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _selinux(monkeypatch, True)
    home = _place(restorecon / "root")
    assert (restorecon / "called").read_text() == f"-RF {home}\n"


def test_where_it_is_off(restorecon: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _selinux(monkeypatch, False)
    _place(restorecon / "root")
    assert not (restorecon / "called").exists()


def test_where_the_labels_cannot_be_set(restorecon: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _selinux(monkeypatch, True)
    (restorecon / "fail").touch()
    with pytest.raises(_errors.RootError, match=r"restorecon fails for .*home: no"):
        _place(restorecon / "root")
