# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests/page/package-lock.json pins for Node.js, in the cache, named by what decides its contents."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from .commands import logged
from .outcome import StepNotRun
from .packages import ensure_packages
from .places import CACHE, REPOSITORY

_FOLDER = REPOSITORY / "tests" / "page"
_FILES = ("package.json", "package-lock.json")


def node_modules() -> Path:
    """Return the folder node_modules, made now where it is not there yet.

    Raises StepNotRun where the machine has no npm, StepError where npm fails.
    """
    npm = _npm()
    path = CACHE / "node" / f"page-{_fingerprint(npm)}"
    stamp = path / "complete"
    if not stamp.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with (path.parent / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not stamp.is_file():
                _make(npm, path)
                stamp.touch()
    return path / "node_modules"


def _npm() -> str:
    """npm as it is found. Where it comes from elsewhere, Debian's package would be in conflict with it."""
    if not shutil.which("npm"):
        ensure_packages(["npm"])
    found = shutil.which("npm")
    if found is None:
        raise StepNotRun("no npm here (Debian: apt-get install npm)")
    return found


def _make(npm: str, path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    for name in _FILES:
        shutil.copy2(_FOLDER / name, path)
    # No package has a say during its installation.
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    logged(command, dict(os.environ), "npm-page", cwd=path)


def _fingerprint(npm: str) -> str:
    version = subprocess.run([npm, "--version"], capture_output=True, check=True, cwd="/").stdout
    parts = [version, *((_FOLDER / name).read_bytes() for name in _FILES)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]
