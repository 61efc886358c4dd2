# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's own folders: what others may change is not used."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._cache.private import check_private, private_folder
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def test_each_folder_that_is_made_is_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = private_folder(tmp_path / "a" / "b" / "fleet.python", "archives")
    finally:
        os.umask(before)
    assert folder == tmp_path / "a" / "b" / "fleet.python" / "archives"
    for path in (folder, *list(folder.parents)[:3]):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("mode", "fine"), [(0o700, True), (0o755, True), (0o775, True), (0o777, False), (0o1777, False)]
)
def test_modes(mode: int, fine: bool, tmp_path: Path) -> None:
    folder = tmp_path / "fleet.python"
    folder.mkdir()
    folder.chmod(mode)
    if fine:
        assert private_folder(folder, "archives").is_dir()
    else:
        with pytest.raises(SourceError, match=r"may be written by everybody \(mode 1?777\).*set XDG_CACHE_HOME"):
            private_folder(folder, "archives")
        assert os.listdir(folder) == []


@AS_ROOT
def test_owners_and_groups(tmp_path: Path) -> None:
    folder = tmp_path / "fleet.python"
    folder.mkdir(mode=0o755)
    os.chown(folder, 1000, 1000)
    with pytest.raises(SourceError, match="belongs to uid 1000"):
        private_folder(folder)
    os.chown(folder, 0, 50)
    check_private(folder)
    folder.chmod(0o775)
    with pytest.raises(SourceError, match="the group 50"):
        private_folder(folder)


@AS_ROOT
def test_a_link_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("real")
    check_private(tmp_path / "link")
    os.chown(tmp_path / "link", 1000, -1, follow_symlinks=False)
    with pytest.raises(SourceError):
        check_private(tmp_path / "link")


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(SourceError, match="neither a folder nor a regular file"):
        check_private(tmp_path / "fifo")
