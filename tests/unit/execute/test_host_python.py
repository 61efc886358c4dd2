# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Python of the host is looked at without running what lies around it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._execute.host_python import usable_of, usable_script

PLUGINS = Path(__file__).parents[3] / "plugins"
# What starts an interpreter on a host, in sh and in the commands that the controller writes.
_STARTS = re.compile(r"\"\$(?:python|stage/tree/\$FLEET_PROGRAM)\" (-\S+)")


@pytest.mark.parametrize("name", ["shutil", "json", "ssl", "sitecustomize"])
def test_modules_of_the_working_directory_are_not_imported(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nraise ImportError('planted')\n")
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        ["/bin/sh", "-c", usable_script([sys.executable])],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert usable_of(done.stdout) == sys.executable
    assert not (tmp_path / "ran").exists()


def test_every_start_of_an_interpreter_is_isolated() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in PLUGINS.rglob("*") if path.suffix in (".py", ".sh")}
    starts = [(path.name, flag) for path, text in texts.items() for flag in _STARTS.findall(text)]
    # -V prints the version and imports nothing.
    assert len(starts) >= 3
    assert [start for start in starts if start[1] not in ("-I", "-V")] == []
