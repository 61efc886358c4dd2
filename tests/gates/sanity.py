# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test sanity: every test that there is, on every interpreter that is there, with nothing ignored."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from .commands import logged
from .environments import environment
from .legs import INTERPRETERS, Leg, find_python
from .outcome import StepError
from .places import BUILD, CACHE, COLLECTION, REPOSITORY, link
from .tree import copy_to

# ansible-test makes its environments under HOME, and takes no care that another does so too: each leg has one of its
# own. They are shared by the clones, and the user's own are left alone.
_HOMES = CACHE / "ansible-test"

# Its findings, among many lines on what it installs.
_TELLING = r"^(ERROR|FATAL|WARNING: (Skipping|Required))"
_SKIPPED = re.compile(r"^WARNING: (?:Skipping|Required program) (.*)$", re.MULTILINE)
_NO_PYTHON = re.compile(r'sanity test "(?:compile|import)" on Python (\S+) because it could not be found\.')


def sanity(leg: Leg) -> str:
    """Run all sanity tests of the leg's ansible-core; say which Pythons were not there."""
    env = environment(leg)
    ignores = sorted((REPOSITORY / "tests" / "sanity").glob("ignore*.txt"))
    if ignores:
        raise StepError(f"no finding is ignored here: remove {', '.join(path.name for path in ignores)}")
    copy = BUILD / f"sanity-{leg.name}" / COLLECTION
    copy_to(copy)
    # ansible-test looks upwards for a git repository and would find the one that ignores this copy.
    for command in (["git", "init", "--quiet"], ["git", "add", "--all", "--force"]):
        subprocess.run(command, cwd=copy, check=True)
    home = _prepare_home(leg)
    variables = {**env.variables(), "HOME": str(home), "PATH": _path(env.path / "bin")}
    # It finds the collection by where it runs, and sets these two itself.
    del variables["PYTHONPATH"], variables["ANSIBLE_COLLECTIONS_PATH"]
    run: list[str | Path] = [env.path / "bin" / "ansible-test", "sanity", "--requirements", "--color", "no"]
    written = logged(run, variables, f"sanity-{leg.name}", cwd=copy, telling=_TELLING)
    missing = pythons_not_tried(written)
    return f"no Python {', '.join(missing)} here to try" if missing else "all Pythons"


def _prepare_home(leg: Leg) -> Path:
    """Return HOME of a leg, with our get-pip where ansible-test would download its own, and the user's pip settings."""
    home = _HOMES / leg.name
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(__file__).with_name("get_pip.py"), cache / f"get_pip_{leg.pip.replace('.', '_')}.py")
    for settings in (".config/pip", ".pip"):
        if (Path.home() / settings).is_dir():
            link(home / settings, Path.home() / settings)
    return home


def _path(first: Path) -> str:
    found = [path.parent for version in INTERPRETERS if (path := find_python(version))]
    return os.pathsep.join(dict.fromkeys(map(str, [first, *found, "/usr/bin", "/bin", "/usr/sbin", "/sbin"])))


def pythons_not_tried(written: str) -> list[str]:
    """Return the Pythons that ansible-test did not find. Raises StepError where it left out anything else."""
    skipped = _SKIPPED.findall(written)
    pythons = {match.group(1) for text in skipped if (match := _NO_PYTHON.match(text))}
    others = [text for text in skipped if not _NO_PYTHON.match(text)]
    if others:
        raise StepError(f"skipped: {'; '.join(others)}")
    return [version for version in INTERPRETERS if version in pythons]
