# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module looks again, by descriptor, at the folders that its root lies in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.module_utils._root import errors as _errors
from ansible_collections.fleet.python.plugins.module_utils._root import lock as _lock
from ansible_collections.fleet.python.plugins.module_utils._root.trust import distrust

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "deep" / "root"
    path.mkdir(parents=True)
    return path


def test_a_root_of_one_s_own(root: Path) -> None:
    assert distrust(str(root)) == ""
    assert distrust(str(root / "not" / "there")) == ""


@pytest.mark.parametrize(("mode", "trusted"), [(0o755, True), (0o775, True), (0o777, False), (0o1777, False)])
def test_the_modes_of_a_root(mode: int, trusted: bool, root: Path) -> None:
    root.chmod(mode)
    assert (distrust(str(root)) == "") is trusted


@pytest.mark.parametrize(("mode", "trusted"), [(0o755, True), (0o775, True), (0o777, False), (0o1777, True)])
def test_the_modes_of_a_folder_above(mode: int, trusted: bool, root: Path) -> None:
    root.parent.chmod(mode)
    said = distrust(str(root))
    assert (said == "") is trusted
    assert trusted or str(root.parent) in said


@AS_ROOT
@pytest.mark.parametrize("above", [0, 1])
def test_folders_of_somebody_else(above: int, root: Path) -> None:
    folder = [root, *root.parents][above]
    os.chown(folder, 1000, -1)
    assert distrust(str(root)) == f"{folder} belongs to uid 1000"


@AS_ROOT
def test_a_link_that_somebody_else_may_lead_elsewhere(root: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(root)
    assert distrust(str(link)) == ""
    os.chown(link, 1000, -1, follow_symlinks=False)
    assert f"the link {link} belongs to uid 1000" in distrust(str(link))


def test_where_a_link_leads_is_judged(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    root.chmod(0o777)
    assert str(root) in distrust(str(tmp_path / "link"))


def test_the_lock_is_not_taken_there(root: Path) -> None:
    root.chmod(0o777)
    with pytest.raises(_errors.RootError, match="cannot be trusted: anybody may write"), _lock.locked(str(root)):
        pytest.fail("it has been taken")
    assert os.listdir(root) == []
