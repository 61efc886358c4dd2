# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file system that nothing was deleted from yet: each run gets one of its own."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .measure import BenchError

_SIZE = 1 << 30


@contextmanager
def fresh(name: str) -> Iterator[Path]:
    """A new ext4 in a file, mounted for the block. Raises BenchError where this machine cannot do that."""
    if os.geteuid() != 0:
        raise BenchError("only root mounts file systems")
    with tempfile.TemporaryDirectory(prefix=f"fleet-python-bench-{name}-") as folder:
        image, mount = Path(folder, "image"), Path(folder, "mount")
        mount.mkdir()
        with open(image, "wb") as file:
            file.truncate(_SIZE)
        _run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image))
        _run("mount", "-o", "loop", str(image), str(mount))
        # Whoever waits for the disk is not to wait for what others have written.
        os.sync()
        try:
            yield mount
        finally:
            _run("umount", str(mount))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(command)}: {done.stderr.strip()}")
