# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytecode of a small tree, by the Python that runs the tests; real builds' bytecode is tested in tests/homes."""

from __future__ import annotations

import importlib.util
import marshal
import sys
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.module_utils._home import bytecode as _bytecode
from ansible_collections.fleet.python.plugins.module_utils._home.bytecode import compile_bytecode
from ansible_collections.fleet.python.plugins.module_utils._home.trial import IllegalInstruction, TrialError

HOME = "/opt/python/cpython-3.13.2"
# The first one that starts is gone before it has done anything; the others are Pythons.
_DIES_ONCE = """#!/bin/sh
mkdir "$0.died" 2>/dev/null && kill -{signal} $$
exec {python} "$@"
"""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    library = tmp_path / "tree[1]" / "lib" / "python3.13"
    for name in (
        "os.py",
        "json/été.py",
        "json/new\nline.py",
        "test/mine.py",
        "idlelib/idle_test/all.py",
        "lib2to3/x.py",
    ):
        path = library / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"def name():\n    return {name!r}\n")
    (library / "template.py").write_text("class {{ name }}:\n")
    (library / "null.py").write_bytes(b"\0")
    (library / "linked.py").symlink_to("/etc/passwd")
    return library


def _tree(library: Path) -> str:
    return str(library.parent.parent)


def _compiled(library: Path) -> set[str]:
    """What has bytecode that says that it comes from below HOME."""
    found = set()
    for source in library.rglob("*.py"):
        cached = Path(importlib.util.cache_from_source(str(source)))
        if cached.exists():
            name = str(source.relative_to(library))
            assert marshal.loads(cached.read_bytes()[16:]).co_filename == f"{HOME}/lib/python3.13/{name}"
            found.add(name)
    return found


@pytest.mark.parametrize("processors", [1, 2, 7, 500])
def test_all_that_compiles_but_tests(library: Path, processors: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bytecode, "processors", lambda: processors)
    compile_bytecode(_tree(library), HOME, sys.executable)
    assert _compiled(library) == {"os.py", "json/été.py", "json/new\nline.py"}
    assert not list(library.glob("**/*test*/__pycache__"))


def test_nothing_to_compile(tmp_path: Path) -> None:
    compile_bytecode(str(tmp_path), HOME, "/nonexistent")


def test_what_cannot_be_written_is_told(library: Path) -> None:
    (library / "json" / "__pycache__").write_text("in the way")
    with pytest.raises(TrialError, match=r"compiling bytecode fails with exit status 1: .*Error: .*__pycache__"):
        compile_bytecode(_tree(library), HOME, sys.executable)


def _dies_once(directory: Path, signal: str) -> str:
    path = directory / "python"
    path.write_text(_DIES_ONCE.format(signal=signal, python=sys.executable))
    path.chmod(0o755)
    return str(path)


def test_a_killed_process_leaves_its_part_to_another(library: Path, tmp_path: Path) -> None:
    compile_bytecode(_tree(library), HOME, _dies_once(tmp_path, "KILL"))
    assert (tmp_path / "python.died").is_dir()
    assert _compiled(library) == {"os.py", "json/été.py", "json/new\nline.py"}


def test_a_build_above_the_cpus_level(library: Path, tmp_path: Path) -> None:
    with pytest.raises(IllegalInstruction):
        compile_bytecode(_tree(library), HOME, _dies_once(tmp_path, "ILL"))
