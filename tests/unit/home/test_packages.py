# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people have put into a home comes along when another one takes its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.module_utils._home.packages import keep_packages

SITE = "lib/python3.13/site-packages"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A home with a package that has a program, a module, a link, a .pth, another pip, and what is no file."""
    old = tmp_path / "old"
    for folder in ("bin", f"{SITE}/numpy/core", f"{SITE}/numpy/__pycache__", f"{SITE}/pip", f"{SITE}/__pycache__"):
        (old / folder).mkdir(parents=True)
    (old / f"{SITE}/numpy/core/a.py").write_text("a = 1\n")
    (old / f"{SITE}/numpy/__pycache__/a.pyc").write_text("")
    (old / f"{SITE}/numpy-2.0.dist-info").mkdir()
    (old / f"{SITE}/pip-26.0.dist-info").mkdir()
    (old / f"{SITE}/site.pth").write_text("/srv/lib\n")
    (old / f"{SITE}/link").symlink_to("/srv/link")
    os.mkfifo(old / f"{SITE}/pipe")
    (old / "bin/python3.13").write_text("old\n")
    (old / "bin/numpy-config").write_bytes(f"#!{old}/bin/python3.13\nprint(1)\n\xff".encode("latin-1"))
    (old / "bin/other").write_text("#!/opt/python/3.13/bin/python3.13\n")
    (old / "bin/numpy-config").chmod(0o755)
    return old


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "staged"
    (tree / "bin").mkdir(parents=True)
    (tree / "bin/python3.13").write_text("new\n")
    (tree / SITE / "pip").mkdir(parents=True)
    (tree / SITE / "pip-25.1.dist-info").mkdir()
    return tree


def test_packages_and_their_programs_come_along(old: Path, tree: Path) -> None:
    kept = keep_packages(str(old), str(tree), "/opt/python/new")
    assert kept == ["link", "numpy", "numpy-2.0.dist-info", "site.pth"]
    assert (tree / SITE / "numpy/core/a.py").read_text() == "a = 1\n"
    assert not (tree / SITE / "numpy/__pycache__").exists()
    assert os.readlink(tree / SITE / "link") == "/srv/link"
    assert sorted(os.listdir(tree / SITE)) == sorted([*kept, "pip", "pip-25.1.dist-info"])
    assert (tree / "bin/python3.13").read_text() == "new\n"
    script = tree / "bin/numpy-config"
    assert script.read_bytes() == b"#!/opt/python/new/bin/python3.13\nprint(1)\n\xff"
    assert script.stat().st_mode & 0o111
    assert (tree / "bin/other").read_text() == "#!/opt/python/3.13/bin/python3.13\n"


def test_nothing_comes_along_where_there_is_nothing(old: Path, tree: Path, tmp_path: Path) -> None:
    assert keep_packages(str(tmp_path / "gone"), str(tree), "/opt/python/new") == []
    assert keep_packages(str(tree), str(old), "/opt/python/new") == []
    assert os.listdir(tree / "bin") == ["python3.13"]


def test_a_release_of_another_minor_version_takes_none(old: Path, tree: Path) -> None:
    (tree / "lib/python3.13").rename(tree / "lib/python3.14")
    assert keep_packages(str(old), str(tree), "/opt/python/new") == []
