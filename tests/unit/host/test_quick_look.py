# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quick look: files are counted only where a directory is newer than the list of directories."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.module_utils._archive.manifest import (
    DIRECTORIES,
    read_contents,
    write_manifest,
)
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Home
from ansible_collections.fleet.python.plugins.plugin_utils._host.probe import parse_probe, probe_script
from tests.unit.host.test_probe_shells import PRESENT

# Seconds since the epoch: all shells tell these apart, though some compare whole seconds.
UNPACKED, INSTALLED, LATER = 1_000_000_000, 1_000_000_100, 1_000_000_200


def _times(home: Path, seconds: int) -> None:
    for path in (home, *home.rglob("*")):
        os.utime(path, (seconds, seconds))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose files are older than its receipt."""
    home = tmp_path / "it's a root" / "cpython-3.13.2+20250317-x86_64-unknown-linux-gnu"
    for name in ("bin/python3", "lib/python3.13/os.py", "lib/python3.13/json/tool.py"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(name)
    (home / "bin/python3").chmod(0o755)
    files = write_manifest(str(home), read_contents(str(home)))
    _times(home, UNPACKED)
    receipt = home / ".fleet-receipt"
    receipt.write_text(json.dumps({"sha256": "0", "files": files}) + "\n")
    for path in (receipt, home / DIRECTORIES):
        os.utime(path, (INSTALLED, INSTALLED))
    return home


def look(home: Path, shell: str, verify: str = "quick") -> Home:
    script = probe_script(str(home.parent), verify=verify)
    done = subprocess.run([*shlex.split(shell), "-c", script], capture_output=True, text=True, check=True, timeout=60)
    [found] = parse_probe(done.stdout, str(home.parent)).homes
    return found


@pytest.mark.parametrize("shell", PRESENT)
def test_nothing_is_counted_where_no_directory_has_changed(shell: str, home: Path) -> None:
    assert look(home, shell).files is None
    # What was rewritten in place, bytecode and packages do not change the directories that are looked at.
    (home / "lib/python3.13/os.py").write_text("changed")
    (home / "lib/python3.13/json/__pycache__/tool.pyc").touch()
    assert look(home, shell).whole
    counted = look(home, shell, "files")
    assert counted.files == counted.receipt["files"]
    assert counted.damage == "changed: lib/python3.13/os.py"


def _remove_a_file(home: Path) -> None:
    (home / "lib/python3.13/json/tool.py").unlink()
    os.utime(home / "lib/python3.13/json", (LATER, LATER))


def _remove_a_directory(home: Path) -> None:
    subprocess.run(["rm", "-r", home / "lib/python3.13/json"], check=True)
    os.utime(home / "lib/python3.13", (UNPACKED, UNPACKED))


@pytest.mark.parametrize("shell", PRESENT)
@pytest.mark.parametrize("damage", [_remove_a_file, _remove_a_directory])
def test_what_is_gone_is_missed(damage: Callable[[Path], None], shell: str, home: Path) -> None:
    damage(home)
    found = look(home, shell)
    assert found.damage == f"1 of its {found.receipt['files']} files are missing"


@pytest.mark.parametrize("shell", PRESENT)
def test_what_goes_within_the_second_of_the_installation(shell: str, home: Path) -> None:
    """BusyBox compares whole seconds."""
    (home / DIRECTORIES).unlink()
    (home / ".fleet-manifest").unlink()
    write_manifest(str(home), read_contents(str(home)))
    assert look(home, shell).files is None
    (home / "lib/python3.13/json/tool.py").unlink()
    assert look(home, shell).files is not None


def _no_list(home: Path) -> None:
    (home / DIRECTORIES).unlink()


def _empty_list(home: Path) -> None:
    (home / DIRECTORIES).write_text("")


def _pipe(home: Path) -> None:
    _no_list(home)
    os.mkfifo(home / DIRECTORIES)


def _endless_file(home: Path) -> None:
    _no_list(home)
    (home / DIRECTORIES).symlink_to("/dev/zero")


@pytest.mark.parametrize("shell", PRESENT)
@pytest.mark.parametrize("change", [_no_list, _empty_list, _pipe, _endless_file])
def test_without_a_list_of_directories_files_are_counted(
    change: Callable[[Path], None], shell: str, home: Path
) -> None:
    change(home)
    assert look(home, shell).files is not None
