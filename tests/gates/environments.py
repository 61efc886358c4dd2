# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One virtual environment for each leg, in the cache, named by what decides its contents."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .commands import logged
from .legs import Leg, can_make_environments, main_leg, python_for, without_shims
from .outcome import StepError
from .packages import ensure_packages
from .places import BUILD, CACHE, COLLECTION, COLLECTIONS, REPOSITORY, link

_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")
# What a user's own settings would change in a run.
_DROPPED = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "PYTEST_ADDOPTS", "MYPYPATH")


@dataclass(frozen=True)
class Environment:
    """A virtual environment that is complete."""

    path: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.path / "bin" / "python"

    def variables(self) -> dict[str, str]:
        """Return the environment variables that programs of this leg run with."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in _DROPPED and not name.startswith(("ANSIBLE_", "MOLECULE_"))
        }
        path = [str(self.path / "bin"), *without_shims(os.environ.get("PATH", os.defpath))]
        return {
            **kept,
            # podman finds netavark's iptables in sbin only, which is not on a user's PATH.
            "PATH": os.pathsep.join([*path, *(name for name in _SBIN if name not in path)]),
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": f"{COLLECTIONS}{os.pathsep}{REPOSITORY}",
            "ANSIBLE_COLLECTIONS_PATH": f"{COLLECTIONS}{os.pathsep}{CACHE / 'collections'}",
            "FLEET_PYTHON_CACHE": str(CACHE),
        }


def requirements(leg: Leg) -> list[Path]:
    """Return the requirement files of a leg; the tools go into the main one."""
    names = [f"requirements-{leg.name}.txt", "requirements-test.txt"]
    if leg == main_leg():
        names.append("requirements-tools.txt")
    return [REPOSITORY / "tests" / name for name in names]


def environment(leg: Leg) -> Environment:
    """Return the leg's environment, made now where it is not there yet.

    Raises StepNotRun where the machine has no Python for it, StepError where it cannot be made.
    """
    python = python_for(leg)
    files = requirements(leg)
    path = CACHE / "venvs" / f"{leg.name}-{_fingerprint(python, files)}"
    stamp = path / "complete"
    if not stamp.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with (path.parent / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not stamp.is_file():
                _make(leg, python, files, path)
                stamp.touch()
    link(COLLECTIONS / COLLECTION, REPOSITORY)
    if leg == main_leg():
        link(BUILD / "venv", path)
    return Environment(path)


def _make(leg: Leg, python: Path, files: list[Path], path: Path) -> None:
    if not can_make_environments(python):
        ensure_packages([f"{python.name}-venv"])
        if not can_make_environments(python):
            raise StepError(f"{python} cannot make virtual environments (Debian: apt-get install {python.name}-venv)")
    print(f"making the environment of {leg.name} with {python} (a minute)", flush=True)
    shutil.rmtree(path, ignore_errors=True)
    env = dict(os.environ)
    logged([python, "-I", "-m", "venv", path], env, f"venv-{leg.name}")
    pip: list[str | Path] = [
        path / "bin" / "python",
        "-I",
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "install",
    ]
    logged([*pip, *(word for file in files for word in ("-r", str(file)))], env, f"pip-{leg.name}")


def _fingerprint(python: Path, files: list[Path]) -> str:
    version = subprocess.run([python, "-VV"], capture_output=True, check=True).stdout
    pins = [*files, REPOSITORY / "tests" / "constraints.txt"]
    parts = [str(python).encode(), version, *(file.read_bytes() for file in pins)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]
