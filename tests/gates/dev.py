# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A shell with everything that the tests need: the main environment, the collections, the test world."""

from __future__ import annotations

import os
import sys

from .environments import environment
from .legs import main_leg
from .outcome import StepNotRun
from .places import REPOSITORY
from .suites import collections, world_variables


def main() -> None:
    """Become the user's shell in the main leg's environment; it reads commands from standard input as any other."""
    try:
        leg = main_leg()
    except StepNotRun as reason:
        sys.exit(f"no shell: {reason}")
    env = environment(leg)
    collections()
    os.chdir(REPOSITORY)
    shell = os.environ.get("SHELL") or "/bin/sh"
    print(f"{leg.name}: pytest, ansible, ruff and mypy are on PATH; leave with exit", file=sys.stderr, flush=True)
    os.execve(shell, [shell], {**env.variables(), **world_variables(env)})


if __name__ == "__main__":
    main()
