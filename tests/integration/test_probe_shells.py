# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe tells the same of one machine, whatever the shell and whatever the tool that reads bytes."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._host.platform import PlatformError, platform_of
from ansible_collections.fleet.python.plugins.plugin_utils._host.probe import parse_probe, probe_script

# The shells by which hosts run scripts as sh; the first is Debian's.
SHELLS = {"dash": ["dash"], "ash": ["busybox", "ash"], "bash": ["bash"], "ksh93": ["ksh93"], "mksh": ["mksh"]}
READERS = ("od", "hexdump", "xxd")
HOME = "cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root as a host may have it, with a home of ours, what is not ours, and names that only quotes hold."""
    root = tmp_path / 'it\'s $(a) "root" ; *'
    (root / HOME / "bin").mkdir(parents=True)
    (root / HOME / "bin" / "python3").write_text("")
    (root / HOME / "bin" / "python3").chmod(0o755)
    (root / HOME / ".fleet-receipt").write_text(
        json.dumps({"asset": "a \\ 'b' $c \"d\"", "files": 2, "sha256": "0"}) + "\n"
    )
    (root / "cpython-of-somebody").mkdir()
    (root / ".staging" / "left over").mkdir(parents=True)
    (root / "3.13").symlink_to(HOME)
    # Somebody else's link to a home of ours, with such a name: it is no home.
    (root / "cpython-3.13").symlink_to(HOME)
    (root / "a file").write_text("")
    link = tmp_path / "link `b` 'c'"
    link.symlink_to(root / "3.13" / "bin" / "python3")
    (root / ".links").write_text(f"{link}\n")
    return root


def _observe(
    root: Path, shell: str, path: str | None = None, script: Path | None = None, *, prerequisites: bool = True
) -> Observation:
    """What the probe tells, without the free space, which other processes change meanwhile."""
    program = shutil.which(SHELLS[shell][0])
    if program is None:
        pytest.skip(f"{shell} is not installed")
    text = probe_script(str(root), [str(root.parent / "asked for"), "/bin"], prerequisites=prerequisites)
    if script:
        script.write_text(text)
    done = subprocess.run(
        [program, *SHELLS[shell][1:], *([str(script)] if script else ["-c", text])],
        env={"PATH": path or os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    observed = parse_probe(done.stdout, str(root))
    assert observed.prerequisites_known is prerequisites
    assert bool(observed.root.free) is prerequisites
    return dataclasses.replace(observed, root=dataclasses.replace(observed.root, free=None))


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_tells_the_same(shell: str, root: Path, tmp_path: Path) -> None:
    observed = _observe(root, "dash")
    assert observed.minor_links == {"3.13": HOME, "cpython-3.13": HOME}
    assert [(home.name, home.receipt["asset"], home.runs) for home in observed.homes] == [
        (HOME, "a \\ 'b' $c \"d\"", True)
    ]
    assert observed.made_links == (str(tmp_path / "link `b` 'c'"),)
    assert observed.paths[str(tmp_path / "link `b` 'c'")].target == str(root / "3.13" / "bin" / "python3")
    assert {"left over"} == {Path(name).name for name in observed.root.staging}
    assert platform_of(observed).arch == os.uname().machine

    assert _observe(root, shell) == observed
    assert _observe(root, shell, script=tmp_path / "probe") == observed


def test_without_the_means_the_rest_is_the_same(root: Path) -> None:
    whole, without = _observe(root, "dash"), _observe(root, "dash", prerequisites=False)
    assert whole.tools
    assert (without.tools, without.pythons, without.root.mount_options) == ({}, (), ())
    told = {name: getattr(whole, name) for name in ("tools", "pythons", "loader_levels", "prerequisites_known")}
    told_of_root = {name: getattr(whole.root, name) for name in ("mount_point", "mount_options", "filesystem")}
    assert dataclasses.replace(without, **told, root=dataclasses.replace(without.root, **told_of_root)) == whole


def test_links_in_the_root_are_paths_and_nothing_more_of_it(root: Path) -> None:
    beside, below = root / "python3", root / "tools" / "python3.13"
    below.parent.mkdir()
    for link in (beside, below):
        link.symlink_to(root / "3.13" / "bin" / "python3")
    script = probe_script(str(root), [str(beside), str(below)])
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    observed = parse_probe(done.stdout, str(root))
    assert {str(beside), str(below)} <= observed.paths.keys()
    assert sorted(entry.path for entry in observed.root.entries) == sorted(path.name for path in root.iterdir())


def test_the_means_are_told_where_nothing_is_installed(tmp_path: Path) -> None:
    observed = parse_probe(
        subprocess.run(
            ["sh", "-c", probe_script(str(tmp_path / "no root"))], capture_output=True, text=True, check=True
        ).stdout,
        str(tmp_path / "no root"),
    )
    assert observed.prerequisites_known
    assert observed.root.free
    assert observed.tools


@pytest.mark.parametrize("shell", ["dash", "ash"])
@pytest.mark.parametrize("reader", [*READERS, None])
def test_every_reader_of_bytes_tells_the_same(shell: str, reader: str | None, root: Path, tmp_path: Path) -> None:
    """The others stand before it on PATH, and fail as programs do that are not there."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    for name in READERS:
        if name != reader:
            (hidden / name).write_text("#!/bin/sh\nexit 127\n")
            (hidden / name).chmod(0o755)
    if reader and not shutil.which(reader):
        pytest.skip(f"{reader} is not installed")
    whole = _observe(root, "dash")
    observed = _observe(root, shell, path=f"{hidden}:{os.environ['PATH']}")
    if reader:
        assert observed == whole
    else:
        # Which loader is the shell's cannot be known then, and none is asked.
        told = {name: getattr(whole, name) for name in ("programs", "loader_asked", "loader_says", "loader_levels")}
        assert dataclasses.replace(observed, **told) == whole
        with pytest.raises(PlatformError, match="od"):
            platform_of(observed)
