# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wheels from the package index, by pip, pinned by sha256."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from .cache import Cache
from .errors import WorldError
from .output import say
from .pins import Wheel


def pip_command() -> list[str]:
    """Return the command of a pip: this interpreter's, else one on PATH.

    Raises WorldError where there is none.
    """
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    for name in ("pip3", "pip"):
        if found := shutil.which(name):
            return [found]
    raise WorldError(
        "no pip: it downloads the wheels of the test world; install it (Debian: apt-get install python3-pip)"
    )


def download_arguments(wheel: Wheel, requirements: Path, directory: Path) -> list[str]:
    """Return pip's arguments that download exactly this wheel, whatever Python pip itself runs on."""
    return [
        "download",
        "--disable-pip-version-check",
        # Kept in our own cache as long as needed, not twice.
        "--no-cache-dir",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        f"--platform={wheel.platform}",
        "--python-version=3.13",
        f"--requirement={requirements}",
        f"--dest={directory}",
    ]


def fetch(wheel: Wheel, cache: Cache) -> Path:
    """Return the path of a wheel in the cache, downloaded where it is not there; pip checks the sha256.

    Raises WorldError where the download fails.
    """
    kept = cache.downloads / f"{wheel.sha256}.whl"
    if kept.is_file():
        return kept
    partial = cache.downloads / f"{wheel.sha256}.part"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    requirements = partial / "requirements.txt"
    requirements.write_text(f"{wheel.project}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    say(f"download {wheel.project} {wheel.version} ({wheel.platform})")
    done = subprocess.run([*pip_command(), *download_arguments(wheel, requirements, partial)], check=False)
    found = list(partial.glob("*.whl"))
    if done.returncode != 0 or len(found) != 1:
        raise WorldError(
            f"pip could not download {wheel.project} {wheel.version} for {wheel.platform} (exit {done.returncode}); "
            "its own words are above. Can this machine reach the package index that pip is configured for?"
        )
    found[0].rename(kept)
    shutil.rmtree(partial)
    return kept


def forget(wheel: Wheel, cache: Cache) -> None:
    """Remove a wheel from the cache: what was made of it is kept instead."""
    (cache.downloads / f"{wheel.sha256}.whl").unlink(missing_ok=True)
