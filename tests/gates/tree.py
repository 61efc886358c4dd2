# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository's own files: what git knows, and what is new and not ignored."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from .outcome import StepError
from .places import REPOSITORY


def files() -> list[Path]:
    """Return the paths, relative to the repository, of every file that is there."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StepError(f"git ls-files: {done.stderr.strip()}")
    names = sorted({Path(name) for name in done.stdout.split("\0") if name})
    return [name for name in names if (REPOSITORY / name).is_file()]


def shell_files() -> list[Path]:
    """Return the shell scripts: by suffix, or by their first line."""
    return [path for path in files() if path.suffix == ".sh" or (not path.suffix and _is_shell(REPOSITORY / path))]


def copy_to(destination: Path) -> None:
    """Make ``destination`` a copy of the repository's own files, and of nothing else."""
    shutil.rmtree(destination, ignore_errors=True)
    for path in files():
        target = destination / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / path, target, follow_symlinks=False)


def _is_shell(path: Path) -> bool:
    with path.open("rb") as file:
        first = file.readline(80)
    return first.startswith(b"#!") and first.split()[-1].rpartition(b"/")[2] in (b"sh", b"bash", b"dash", b"ash")
