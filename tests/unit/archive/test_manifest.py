# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a home is asked for later: the same files that the probe counts."""

from __future__ import annotations

import compileall
import subprocess
from pathlib import Path

from ansible_collections.fleet.python.plugins.module_utils._archive.manifest import (
    DIRECTORIES,
    MANIFEST,
    read_contents,
    write_manifest,
)


def _tree(root: Path) -> None:
    for name in (
        "bin/python3.13",
        "bin/pip3",
        "lib/python3.13/os.py",
        "lib/python3.13/pipes.py",
        "lib/python3.13/__pycache__/os.pyc",
        "lib/python3.13/site-packages/pip/x.py",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "bin/python3").symlink_to("python3.13")
    (root / "lib64").symlink_to("lib")


def test_it_lists_what_does_not_come_and_go(tmp_path: Path) -> None:
    _tree(tmp_path)
    # Three files, two links, the directories, the manifest and the receipt.
    assert write_manifest(str(tmp_path), read_contents(str(tmp_path))) == 8
    listed = [line.split("  ", 1)[1] for line in (tmp_path / MANIFEST).read_text().splitlines()]
    assert listed == [DIRECTORIES, "bin/python3.13", "lib/python3.13/os.py", "lib/python3.13/pipes.py"]


def test_it_lists_the_directories_whose_times_tell(tmp_path: Path) -> None:
    _tree(tmp_path)
    (tmp_path / "lib/python3.13/json").mkdir()
    (tmp_path / "lib/python3.13/json/tool.py").touch()
    (tmp_path / "share/man/man1").mkdir(parents=True)
    (tmp_path / "share/man/man1/python3.1").touch()
    write_manifest(str(tmp_path), read_contents(str(tmp_path)))
    listed = (tmp_path / DIRECTORIES).read_text().splitlines()
    assert listed == ["bin", "lib", "lib/python3.13", "lib/python3.13/json", "share", "share/man", "share/man/man1"]


def test_bytecode_that_comes_later_changes_no_directory_that_is_listed(tmp_path: Path) -> None:
    _tree(tmp_path)
    (tmp_path / "lib/python3.13/json").mkdir()
    (tmp_path / "lib/python3.13/json/tool.py").touch()
    write_manifest(str(tmp_path), read_contents(str(tmp_path)))
    listed = [tmp_path / name for name in (tmp_path / DIRECTORIES).read_text().splitlines()]
    times = [directory.stat().st_mtime_ns for directory in listed]
    compileall.compile_dir(tmp_path / "lib", quiet=2, force=True)
    assert (tmp_path / "lib/python3.13/json/__pycache__").is_dir()
    assert [directory.stat().st_mtime_ns for directory in listed] == times


def test_sha256sum_reads_it(tmp_path: Path) -> None:
    _tree(tmp_path)
    write_manifest(str(tmp_path), read_contents(str(tmp_path)))
    check = ["sha256sum", "-c", MANIFEST]
    assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "lib/python3.13/os.py").write_text("other")
    done = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "lib/python3.13/os.py: FAILED" in done.stdout
