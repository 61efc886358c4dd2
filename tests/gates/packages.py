# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""System packages, by apt, and only those that are missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .commands import stream
from .outcome import StepNotRun
from .places import REPOSITORY

WORLD_PACKAGES = REPOSITORY / "tests" / "world" / "apt-packages.txt"


def world_packages() -> list[str]:
    """Return the names in tests/world/apt-packages.txt: one a line, # starts a comment."""
    lines = (line.partition("#")[0].strip() for line in WORLD_PACKAGES.read_text().splitlines())
    return [line for line in lines if line]


def ensure_packages(names: Sequence[str]) -> str:
    """Install what is missing and say what was done. Raises StepNotRun where that is not ours to do."""
    if not shutil.which("dpkg-query") or not shutil.which("apt-get"):
        raise StepNotRun(f"no apt here; install by other means what these Debian packages hold: {' '.join(names)}")
    missing = [name for name in names if name not in installed(names)]
    if not missing:
        return "all there"
    if os.geteuid() != 0:
        raise StepNotRun(f"not root; ask for: apt-get install {' '.join(missing)}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    print(f"installing {' '.join(missing)}")
    stream(["apt-get", "-qq", "update"], env, cwd=Path("/"))
    stream(["apt-get", "-qq", "install", "--yes", "--no-install-recommends", *missing], env, cwd=Path("/"))
    return f"installed {len(missing)}"


def installed(names: Sequence[str]) -> set[str]:
    """Return those of the packages that are installed."""
    command = ["dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Package}\n", *names]
    # It exits 1 where it does not know one of them, and prints the others all the same.
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return parse_installed(done.stdout)


def parse_installed(listing: str) -> set[str]:
    """Return the names on the lines that say installed."""
    pairs = (line.split() for line in listing.splitlines())
    return {pair[1] for pair in pairs if len(pair) == 2 and pair[0] == "installed"}
