# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that promised more space than there is (thin provisioning): it shows only when the kernel writes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.module_utils._home.disk import watched_disk
from tests.faults.disks import made, mounted

_LEFT = 20 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """An ext4 that says it has nearly a gigabyte, in a file on a memory disk that has no more than _LEFT for it."""
    with mounted(tmp_path / "pool", "--types=tmpfs", "--options=size=200m", "fault") as pool:
        image = made(pool / "image", "1G", "mkfs.ext4", "-q", "-J", "size=4", "-E", "lazy_itable_init=0")
        with mounted(tmp_path / "disk", "--options=loop", str(image)) as disk:
            # Its own blocks have their place before space runs out: what is lost is to be what a file holds.
            (disk / "file").write_bytes(b"1")
            subprocess.run(["sync", "--file-system", disk], check=True)
            left = os.statvfs(pool)
            (pool / "filler").write_bytes(bytes(left.f_bavail * left.f_frsize - _LEFT))
            yield disk


def test_what_could_not_be_written_is_told(disk: Path) -> None:
    with watched_disk(str(disk)) as sync:
        (disk / "file").write_bytes(os.urandom(1 << 20))
        sync()
        # The file system has the space, and the kernel takes the bytes.
        (disk / "file").write_bytes(os.urandom(_LEFT * 2))
        os.sync()
        with pytest.raises(OSError, match="not everything could be written to the disk") as caught:
            sync()
        assert caught.value.filename == str(disk)


def test_what_could_not_be_written_before_is_told_too(disk: Path) -> None:
    """By sh, say, which has unpacked what the module then brings into use."""
    (disk / "file").write_bytes(os.urandom(_LEFT * 2))
    os.sync()
    with watched_disk(str(disk)) as sync, pytest.raises(OSError, match="not everything could be written"):
        sync()
