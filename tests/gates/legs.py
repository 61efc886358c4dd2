# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The legs: an ansible-core with the Pythons that run it, and where on this machine such a Python is.

Which Python runs which ansible-core: Requires-Python in the packages' own metadata.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .outcome import StepNotRun


@dataclass(frozen=True)
class Leg:
    """One ansible-core.

    ``pythons`` are the versions that it may run on, the preferred one first; ``pip`` is the version of pip whose
    bootstrap script its ansible-test asks for (ansible_test/_internal/python_requirements.py).
    """

    name: str
    pythons: tuple[str, ...]
    pip: str


LEGS = (
    Leg("core-2.21", ("3.13", "3.12", "3.14"), "25.2"),
    Leg("core-2.19", ("3.11",), "24.2"),
)

# What ansible-core 2.19 to 2.21 and the hosts' side of the collection may meet.
INTERPRETERS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")


def python_for(leg: Leg) -> Path:
    """Return the interpreter that runs a leg. Raises StepNotRun where there is none."""
    for version in leg.pythons:
        if found := find_python(version):
            return found
    raise StepNotRun(f"no Python {' or '.join(leg.pythons)} on this machine")


def is_there(leg: Leg) -> bool:
    """Say whether the machine has a Python for the leg."""
    return any(find_python(version) for version in leg.pythons)


def main_leg() -> Leg:
    """Return the leg with the newest ansible-core that this machine can run."""
    for leg in LEGS:
        if is_there(leg):
            return leg
    wanted = ", ".join(version for leg in LEGS for version in leg.pythons)
    raise StepNotRun(f"no Python of {wanted} on this machine (Debian 12: apt-get install python3 python3-venv)")


@cache
def find_python(version: str) -> Path | None:
    """Return a real interpreter of this minor version; one that can make virtual environments where there is one."""
    found = [path for path in _candidates(version) if _answers(path, version)]
    return next((path for path in found if can_make_environments(path)), found[0] if found else None)


def can_make_environments(python: Path) -> bool:
    """Say whether venv works; Debian has ensurepip in a package of its own."""
    return _runs(python, "import ensurepip, venv")


def without_shims(path: str) -> list[str]:
    """Return the directories of a PATH but for pyenv's shims: they are scripts and choose a version by themselves."""
    return [name for name in path.split(os.pathsep) if name and not re.search(r"pyenv/shims/?$", name)]


def _candidates(version: str) -> Iterator[Path]:
    for directory in without_shims(os.environ.get("PATH", os.defpath)):
        yield Path(directory, f"python{version}")
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    patches = [path for path in root.glob(f"versions/{version}.*") if re.fullmatch(r"[\d.]+", path.name)]
    for path in sorted(patches, key=lambda path: [int(part) for part in path.name.split(".")], reverse=True):
        yield path / "bin" / f"python{version}"


def _answers(python: Path, version: str) -> bool:
    return python.is_file() and _runs(python, f"import sys; assert '%d.%d' % sys.version_info[:2] == '{version}'")


def _runs(python: Path, code: str) -> bool:
    command = [str(python), "-I", "-c", code]
    quiet = subprocess.DEVNULL
    return subprocess.run(command, stdin=quiet, stdout=quiet, stderr=quiet, check=False).returncode == 0
