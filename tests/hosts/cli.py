# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of ``python3 -m tests.hosts``."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from . import roots
from .boot import boot
from .recipes import RECIPES, Recipe
from .record import RecordError, record


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.hosts", description="Recorded hosts; see tests/hosts/README.md"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    one = commands.add_parser("record", help="record the host that a command gives a shell of")
    one.add_argument("name")
    one.add_argument(
        "--argument", action="store_true", help="the shell takes the probe as its last argument, not as input"
    )
    one.add_argument("shell", nargs="+", metavar="COMMAND", help="after --")
    one.set_defaults(command=_record)
    made = commands.add_parser("make", help="make a host of the table in recipes.py (as root), and record it")
    made.add_argument("names", nargs="*", metavar="NAME")
    made.set_defaults(command=_make)
    inside = commands.add_parser("boot", help="run standard input as a shell script in a virtual machine of a recipe")
    inside.add_argument("name")
    inside.add_argument("root", type=Path)
    inside.add_argument("kernel_directory", type=Path)
    inside.set_defaults(command=_boot)
    options = parser.parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = options.command
    try:
        command(options)
    except RecordError as error:
        print(f"tests.hosts: {error}", file=sys.stderr)
        return 1
    return 0


def _record(options: argparse.Namespace) -> None:
    print(record(options.name, options.shell, argument=options.argument))


def _make(options: argparse.Namespace) -> None:
    for name in options.names or [recipe.name for recipe in RECIPES]:
        start = time.monotonic()
        recipe = _recipe(name)
        directory = Path(tempfile.mkdtemp(prefix="fleet-python-host-"))
        try:
            root, kernel_directory = directory / "root", directory / "kernel"
            kernel_directory.mkdir()
            _prepare(recipe, root, kernel_directory)
            if recipe.machine:
                shell = [sys.executable, "-m", "tests.hosts", "boot", name, str(root), str(kernel_directory)]
            else:
                roots.emulate(recipe.arch)
                shell = ["chroot", str(root), recipe.shell]
            file = record(name, shell)
        finally:
            roots.remove(directory)
        print(f"{file.name} ({time.monotonic() - start:.0f} s)", flush=True)


def _recipe(name: str) -> Recipe:
    for recipe in RECIPES:
        if recipe.name == name:
            return recipe
    raise RecordError(f"no recipe is called {name}; there are {', '.join(recipe.name for recipe in RECIPES)}")


def _prepare(recipe: Recipe, root: Path, kernel_directory: Path) -> None:
    kernel = recipe.machine.kernel if recipe.machine else ""
    kernel_arch = recipe.kernel_arch or recipe.arch
    if recipe.suite == "alpine":
        roots.alpine(root, recipe.arch)
    else:
        roots.debian(root, recipe.suite, recipe.arch, recipe.packages)
    if kernel == "alpine":
        roots.alpine_kernel(kernel_arch, kernel_directory)
    elif kernel:
        roots.debian_kernel(recipe.suite, kernel_arch, kernel, kernel_directory)
    if recipe.script:
        roots.shape(root, recipe.script, recipe.suite, recipe.arch)


def _boot(options: argparse.Namespace) -> None:
    machine = _recipe(options.name).machine
    if machine is None:
        raise RecordError(f"{options.name} runs in no virtual machine")
    kernel = next(iter(sorted(options.kernel_directory.rglob("vmlinu*"))))
    dtb = next(iter(options.kernel_directory.rglob(machine.dtb)), None) if machine.dtb else None
    sys.stdout.write(boot(machine, kernel, options.root, sys.stdin.read(), dtb))
