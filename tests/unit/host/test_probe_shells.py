# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe in every shell that can be a host's /bin/sh and is on this machine: the same facts."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._host.elf import parse_elf_header
from ansible_collections.fleet.python.plugins.plugin_utils._host.probe import parse_probe, probe_script

SHELLS = ("dash", "bash", "bash --posix", "busybox sh", "ksh93", "mksh", "yash")
PRESENT = [shell for shell in SHELLS if shutil.which(shell.split()[0])]

# The disk fills and empties while the tests run, and others change what is in /tmp.
_MOVES = re.compile(r"^df .*$|(?<=^above d.{9} ).*(?= /tmp(?:/pytest-of-\w+)?$)", re.MULTILINE)


def probe(shell: str, root: Path, *links: Path) -> str:
    script = probe_script(str(root), map(str, links))
    done = subprocess.run([*shlex.split(shell), "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return _MOVES.sub("moves", done.stdout)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root as we leave it: a home with its receipt, links, what is staged, what was linked elsewhere."""
    root = tmp_path / "opt python"
    home = root / "cpython-3.13.2+20250317-x86_64-unknown-linux-gnu"
    (home / "bin").mkdir(parents=True)
    (home / "lib" / "__pycache__").mkdir(parents=True)
    (home / "bin" / "python3").write_text("#!/bin/sh\n")
    (home / "bin" / "python3").chmod(0o755)
    (home / "lib" / "os.py").write_text("")
    (home / "lib" / "__pycache__" / "os.pyc").write_text("")
    (home / ".fleet-manifest").write_text("")
    (home / ".fleet-receipt").write_text('{"sha256": "00", "files": 4, "text": "a \\" $x * `y` \\\\ b"}\n')
    (root / ".staging" / "x").mkdir(parents=True)
    (root / "3.13").symlink_to(home.name)
    (tmp_path / "a link").symlink_to(root / "3.13")
    (root / ".links").write_text(f"{tmp_path / 'a link'}\n")
    return root


@pytest.mark.parametrize("shell", PRESENT)
def test_every_shell_finds_the_same(shell: str, root: Path) -> None:
    links = (root.parent / "a link", root.parent / "none", Path("/bin/sh"))
    assert probe(shell, root, *links) == probe("sh", root, *links)


def test_what_it_finds_below_a_root(root: Path) -> None:
    observed = parse_probe(probe("sh", root, root.parent / "none", Path("/bin/sh")), str(root))
    [home] = observed.homes
    assert (home.receipt["text"], home.files, home.runs) == ('a " $x * `y` \\ b', 4, True)
    assert observed.minor_links == {"3.13": home.name}
    assert observed.root.staging == ("x",)
    assert observed.made_links == (f"{root.parent}/a link",)
    assert set(observed.paths) == {f"{root.parent}/a link", "/bin/sh"}
    assert observed.root.at is not None
    assert observed.root.at.path == str(root)


def test_a_root_that_is_not_there_is_told_by_the_directory_above(tmp_path: Path) -> None:
    observed = parse_probe(probe("sh", tmp_path / "a" / "b"), str(tmp_path / "a" / "b"))
    assert observed.root.at is not None
    assert observed.root.at.path == str(tmp_path)
    assert observed.homes == ()


def test_the_header_that_it_reads_is_the_shells() -> None:
    observed = parse_probe(probe("sh", Path("/opt/python")), "/opt/python")
    program = observed.programs[0]
    raw = Path("/bin/sh").read_bytes()[:52]
    assert program.path == "/bin/sh"
    assert (program.header, program.flags32, program.flags64) == (raw[:20].hex(), raw[36:40].hex(), raw[48:52].hex())
    assert parse_elf_header(program.header, program.flags32, program.flags64) is not None
