# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools' wheels, downloaded by the controller's pip, so that a host needs neither network nor settings of ours."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import tempfile
from pathlib import Path

from tests.world.cache import Cache
from tests.world.download import pip_command

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def wheels(cache: Cache) -> Path:
    """The directory with every wheel of requirements.txt, in the cache; filled where it is not there yet."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    kept = cache.downloads / f"works-with-{digest}"
    if not kept.is_dir():
        cache.downloads.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache.downloads) as scratch:
            made = Path(scratch, "wheels")
            _download(made)
            # Another run may have been faster, with the same result.
            with contextlib.suppress(FileExistsError):
                made.rename(kept)
    return kept


def _download(directory: Path) -> None:
    command = [
        *pip_command(),
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-cache-dir",
        # Everything is listed: what a dependency is must not hang on the Python that pip runs on here.
        "--no-deps",
        "--only-binary=:all:",
        "--implementation=cp",
        "--python-version=3.13",
        "--platform=manylinux2014_x86_64",
        "--platform=manylinux_2_28_x86_64",
        f"--requirement={REQUIREMENTS}",
        f"--dest={directory}",
    ]
    subprocess.run(command, check=True)
