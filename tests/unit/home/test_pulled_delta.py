# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A delta that a host downloads: verified before it is opened, and of no use in any doubt."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from ansible_collections.fleet.python.plugins.module_utils._delta import apply as _apply
from ansible_collections.fleet.python.plugins.module_utils._delta.index import Index, read_index
from ansible_collections.fleet.python.plugins.module_utils._fetch.pull import Pull
from ansible_collections.fleet.python.plugins.module_utils._home.install import _unpacked, fetched_archives
from ansible_collections.fleet.python.plugins.module_utils._home.steps import ApplyError, Steps
from tests.unit.delta.small import NEW, delta, home, listed
from tests.world.server import MirrorServer

NAME = f"20240909/python.tar.gz.from-{'0' * 16}.delta"
HOME, OLD_HOME = "cpython-3.12.6+20240909", "cpython-3.12.2+20240224"


@pytest.fixture(name="server")
def _server(tmp_path: Path) -> Iterator[MirrorServer]:
    (tmp_path / "served" / NAME).parent.mkdir(parents=True)
    delta(tmp_path).rename(tmp_path / "served" / NAME)
    with MirrorServer(tmp_path / "served") as server:
        yield server


def install_of(tmp_path: Path, server: MirrorServer) -> dict[str, Any]:
    """What the controller asks the module for, on a host with the old home."""
    (tmp_path / "root").mkdir()
    with open(tmp_path / "served" / NAME, "rb") as file:
        tree = read_index(file).tree
    home(tmp_path / "root" / OLD_HOME)
    return {
        "home": HOME,
        "stage": "",
        "source": "",
        "file": "",
        "pull": "",
        "delta": hashlib.sha256((tmp_path / "served" / NAME).read_bytes()).hexdigest(),
        "old": OLD_HOME,
        "tree": tree,
        "order": Pull(urls=(f"{server.url}/{NAME}",)).text(),
        "sha256": NEW,
        "top": ["python"],
        "receipt": {"sha256": NEW},
    }


def pulled(root: Path, install: dict[str, Any], steps: Steps) -> tuple[Path, str]:
    """Do what the module does up to the tree of the new build; the folder with the tree, and the receipt's source."""
    stage = root / "stage"
    with fetched_archives(str(root), {"installs": [install]}, True, steps) as fetched:
        stage.mkdir()
        source, _contents = _unpacked(str(root), str(stage), install, fetched[HOME], steps)
    return stage / "tree", source


def test_it_makes_the_tree_of_the_archive(tmp_path: Path, server: MirrorServer) -> None:
    install, steps = install_of(tmp_path, server), Steps()
    tree, source = pulled(tmp_path / "root", install, steps)
    assert listed(tree) == listed(tmp_path / "to")
    assert source == f"{server.url}/20240909/python.tar.gz"
    assert steps.pulled_bytes == {HOME: (tmp_path / "served" / NAME).stat().st_size}
    assert [request.path for request in server.requests] == [f"/{NAME}"]


def _damaged(served: Path, _install: dict[str, Any], _root: Path) -> None:
    served.write_bytes(served.read_bytes()[:-1] + b"?")


def _missing(served: Path, _install: dict[str, Any], _root: Path) -> None:
    served.unlink()


def _other_tree(_served: Path, install: dict[str, Any], _root: Path) -> None:
    install["tree"] = "f" * 64


def _changed_home(_served: Path, _install: dict[str, Any], root: Path) -> None:
    (root / OLD_HOME / "lib/python3.12/same.py").write_text("other = 2\n")


@pytest.mark.parametrize(
    ("spoil", "said", "opened"),
    [
        (_damaged, "no source gave the delta:\n  .*has sha256", False),
        (_missing, "no source gave the delta:\n  .*HTTP 404", False),
        (_other_tree, "it leads to other files than the archive holds", True),
        (_changed_home, "same.py of the old home has changed since it was installed", True),
    ],
)
def test_in_doubt_the_archive_is_to_come(
    spoil: Any,
    said: str,
    opened: bool,
    tmp_path: Path,
    server: MirrorServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install = install_of(tmp_path, server)
    spoil(tmp_path / "served" / NAME, install, tmp_path / "root")
    read: list[BinaryIO] = []
    original = read_index

    def noted(file: BinaryIO) -> Index:
        read.append(file)
        return original(file)

    monkeypatch.setattr(_apply, "read_index", noted)
    before = listed(tmp_path / "root" / OLD_HOME)
    with pytest.raises(ApplyError, match=said) as failure:
        pulled(tmp_path / "root", install, Steps())
    assert (failure.value.unfit_delta, failure.value.unreached) == (True, False)
    assert bool(read) == opened
    assert listed(tmp_path / "root" / OLD_HOME) == before
    staging = tmp_path / "root/.staging"
    assert not staging.exists() or os.listdir(staging) == []
