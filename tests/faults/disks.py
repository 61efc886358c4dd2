# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""File systems of a test's own, on this machine."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def mounted(folder: Path, *words: str) -> Iterator[Path]:
    """What ``words`` tell mount(8), on ``folder``, for the block."""
    folder.mkdir()
    subprocess.run(["mount", *words, folder], check=True, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def made(image: Path, size: str, *words: str) -> Path:
    """A file with a file system of that size, which the command ``words`` makes."""
    subprocess.run(["truncate", f"--size={size}", image], check=True)
    subprocess.run([*words, image], check=True, capture_output=True)
    return image
