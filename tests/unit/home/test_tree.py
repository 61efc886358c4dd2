# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A staged tree becomes fit to be a home, whatever unpacked it; what no build has is refused."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.module_utils._archive.gunzip import UnpackError
from ansible_collections.fleet.python.plugins.module_utils._home.tree import inherits_access, normalize
from tests.unit.archive.tarballs import contents
from tests.world.access_list import open_to_everyone

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    for name in ("bin/python3.13", "lib/python3.13/os.py", "lib/python3.13/site-packages/pip/x.py"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(name)
    (tree / "bin/python3").symlink_to("python3.13")
    return tree


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (0o644, 0o644),
        (0o600, 0o644),
        (0o666, 0o644),
        (0o000, 0o644),
        (0o755, 0o755),
        (0o700, 0o755),
        (0o777, 0o755),
        (0o610, 0o755),
        (0o601, 0o755),
        (0o4755, 0o755),
        (0o2755, 0o755),
        (0o6644, 0o644),
        (0o1644, 0o644),
    ],
)
def test_modes_of_files(tree: Path, before: int, after: int) -> None:
    for name in ("bin/python3.13", "lib/python3.13/site-packages/pip/x.py"):
        (tree / name).chmod(before)
    normalize(str(tree))
    found = contents(tree)
    assert found["bin/python3.13"][2] == after
    assert found["lib/python3.13/site-packages/pip/x.py"][2] == after


@pytest.mark.parametrize("mode", [0o700, 0o777, 0o2775, 0o1777])
def test_modes_of_folders(tree: Path, mode: int) -> None:
    for folder in (tree, tree / "lib", tree / "lib/python3.13/site-packages"):
        folder.chmod(mode)
    normalize(str(tree))
    assert {found[2] for found in contents(tree).values() if found[0] == "folder"} == {0o755}
    assert stat.S_IMODE(tree.stat().st_mode) == 0o755


def test_access_lists_of_the_folder_above(tmp_path: Path) -> None:
    open_to_everyone(tmp_path)
    tree = tmp_path / "tree"
    (tree / "lib").mkdir(parents=True)
    (tree / "lib/os.py").write_text("")
    assert "system.posix_acl_default" in os.listxattr(tree / "lib")
    normalize(str(tree))
    for path in (tree, tree / "lib", tree / "lib/os.py"):
        assert not [name for name in os.listxattr(path) if "acl" in name]
    # As compileall makes it: with such a list there it is everybody's, whatever the umask says.
    (tree / "lib/__pycache__").mkdir(0o777)
    assert stat.S_IMODE((tree / "lib/__pycache__").stat().st_mode) == 0o755
    assert stat.S_IMODE((tree / "lib/os.py").stat().st_mode) == 0o644


def test_contents_stay(tree: Path) -> None:
    before = {name: found[:2] for name, found in contents(tree).items()}
    normalize(str(tree))
    assert {name: found[:2] for name, found in contents(tree).items()} == before


def test_bytecode_of_another_machine_goes(tree: Path) -> None:
    for folder in (tree / "lib/python3.13/__pycache__", tree / "lib/python3.13/site-packages/pip/__pycache__"):
        folder.mkdir()
        (folder / "os.cpython-313.pyc").touch()
    normalize(str(tree))
    assert not [name for name in contents(tree) if "__pycache__" in name]


@AS_ROOT
def test_owners(tree: Path) -> None:
    os.chown(tree / "bin", 1234, 1234)
    os.chown(tree / "bin/python3.13", 1234, 0)
    os.chown(tree / "lib/python3.13/os.py", 0, 1234)
    normalize(str(tree))
    for name in ("bin", "bin/python3.13", "lib/python3.13/os.py"):
        status = (tree / name).stat()
        assert (status.st_uid, status.st_gid) == (0, os.getegid())


def test_files_from_the_future_are_of_now(tree: Path) -> None:
    future, past = 4_000_000_000, 1_704_067_200
    os.utime(tree / "bin/python3.13", (future, future))
    os.utime(tree / "lib/python3.13/os.py", (past, past))
    normalize(str(tree))
    (tree / "receipt").touch()
    assert (tree / "bin/python3.13").stat().st_mtime <= (tree / "receipt").stat().st_mtime
    assert (tree / "lib/python3.13/os.py").stat().st_mtime == past


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("out", "/etc/passwd"),
        ("out", ".."),
        ("lib/out", "../.."),
        ("lib/python3.13/out", "../../../secret"),
        ("lib/out", "python3.13/../../../secret"),
        ("lib/python3.13/site-packages/out", "/usr/lib"),
    ],
)
def test_links_that_lead_out(tree: Path, name: str, target: str) -> None:
    (tree / name).symlink_to(target)
    with pytest.raises(UnpackError, match="leads out"):
        normalize(str(tree))


@pytest.mark.parametrize("target", ["python3.13", "../lib", "../lib/python3.13/os.py", "not there", "."])
def test_links_that_stay(tree: Path, target: str) -> None:
    (tree / "bin/link").symlink_to(target)
    normalize(str(tree))
    assert os.readlink(tree / "bin/link") == target


def test_what_a_link_leads_to_is_not_changed(tree: Path, tmp_path: Path) -> None:
    """The link is refused, and it is so before anything behind it has got another mode."""
    secret = tmp_path / "secret"
    secret.mkdir(0o700)
    (tree / "lib/out").symlink_to(secret)
    with pytest.raises(UnpackError):
        normalize(str(tree))
    assert stat.S_IMODE(secret.stat().st_mode) == 0o700


def test_a_pipe(tree: Path) -> None:
    os.mkfifo(tree / "lib/pipe")
    with pytest.raises(UnpackError, match="'lib/pipe' is neither a file, a folder nor a link"):
        normalize(str(tree))


def test_a_socket(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)  # the path of a socket has at most 107 bytes
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
        with pytest.raises(UnpackError, match="'socket' is neither"):
            normalize(str(tree))


def test_a_hard_link_to_outside_is_refused_and_what_it_names_left_alone(tree: Path, tmp_path: Path) -> None:
    secret = tmp_path / "shadow"
    secret.write_text("root:x")
    secret.chmod(0o600)
    os.link(secret, tree / "lib/python3.13/shadow.py")
    with pytest.raises(UnpackError, match="hard link to a file outside"):
        normalize(str(tree))
    assert secret.stat().st_mode & 0o777 == 0o600


def test_hard_links_within_the_tree_stay(tree: Path) -> None:
    os.link(tree / "bin/python3.13", tree / "lib/python3.13/again")
    (tree / "bin/python3.13").chmod(0o700)
    normalize(str(tree))
    assert (tree / "lib/python3.13/again").stat().st_mode & 0o777 == 0o755


def test_what_the_folder_above_hands_down(tmp_path: Path) -> None:
    assert not inherits_access(str(tmp_path))
    other = next((group for group in os.getgroups() if group != os.getegid()), 1234 if os.geteuid() == 0 else None)
    if other is not None:
        os.chown(tmp_path, -1, other)
        tmp_path.chmod(0o2755)
        (tmp_path / "below").mkdir()
        assert inherits_access(str(tmp_path / "below"))


def test_an_access_list_that_the_folder_above_hands_down(tmp_path: Path) -> None:
    open_to_everyone(tmp_path)
    (tmp_path / "below").mkdir()
    assert inherits_access(str(tmp_path / "below"))
