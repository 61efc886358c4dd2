# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a program for a step: to the terminal, or into a log that is shown when the program fails."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .outcome import StepError
from .places import LOGS, REPOSITORY


def stream(command: Sequence[str | Path], env: Mapping[str, str], *, cwd: Path = REPOSITORY) -> None:
    """Run a program that writes to the terminal. Raises StepError where it fails."""
    sys.stdout.flush()
    done = subprocess.run(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise StepError(f"{_name(command)}: exit {done.returncode}")


def logged(
    command: Sequence[str | Path], env: Mapping[str, str], log: str, *, cwd: Path = REPOSITORY, telling: str = ""
) -> str:
    """Run a program into .build/logs/<log>.log and return what it wrote.

    Raises StepError where it fails, after showing what it wrote: the lines that match ``telling``.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / f"{log}.log"
    with path.open("w") as file:
        file.write(f"$ {shlex.join(map(str, command))}\n")
        file.flush()
        done = subprocess.run(
            command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, check=False
        )
    written = path.read_text(errors="replace").partition("\n")[2]
    if done.returncode:
        show(written, telling)
        raise StepError(f"{_name(command)}: exit {done.returncode}, see {path.relative_to(REPOSITORY)}")
    return written


def show(text: str, telling: str = "") -> None:
    """Print the lines of a program's output that match a regular expression, the last 150 of them."""
    lines = [line for line in text.splitlines() if re.search(telling, line)]
    for line in lines[-150:]:
        print(f"  {line}")
    sys.stdout.flush()


def _name(command: Sequence[str | Path]) -> str:
    return " ".join(Path(word).name for word in command[:2])
