# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Homes that a run would have removed, had it not been cut off. tests/faults cuts real runs off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.module_utils._home.removal import finish_removals, noted_removal
from ansible_collections.fleet.python.plugins.module_utils._root import links as _links
from ansible_collections.fleet.python.plugins.module_utils._root import sweep as _sweep

OLD, NEW = "cpython-3.12.2+20250317-x86_64", "cpython-3.12.6+20250317-x86_64"


class _CutOffError(Exception):
    pass


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two homes, and the link leads to the new one."""
    for name in (OLD, NEW):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / ".fleet-receipt").write_text("{}")
    (tmp_path / ".staging").mkdir()
    (tmp_path / "3.12").symlink_to(NEW)
    return tmp_path


def _cut_off(root: Path, text: str) -> None:
    (root / ".staging" / "module-cut").mkdir()
    (root / ".staging" / "module-cut" / "going").write_text(text)


def _noted(*homes: str, venv_roots: tuple[str, ...] = ()) -> str:
    return json.dumps({"homes": homes, "venv_roots": venv_roots})


def test_what_was_going_goes(root: Path) -> None:
    _cut_off(root, _noted(OLD))
    finish_removals(str(root), ())
    _sweep.sweep(str(root), ())
    assert {path.name for path in root.iterdir()} == {".staging", "3.12", NEW}
    assert list((root / ".staging").iterdir()) == []


def test_what_is_linked_or_needed_stays(root: Path) -> None:
    _cut_off(root, _noted(OLD, NEW))
    finish_removals(str(root), [OLD])
    assert {OLD, NEW} <= {path.name for path in root.iterdir()}


def test_what_a_venv_needs_stays(root: Path) -> None:
    venv = root / "venvs" / "app"
    venv.mkdir(parents=True)
    (venv / "pyvenv.cfg").write_text(f"home = {root}/{OLD}/bin\n")
    _cut_off(root, _noted(OLD, venv_roots=(str(root / "venvs"),)))
    finish_removals(str(root), ())
    assert (root / OLD).is_dir()


@pytest.mark.parametrize(
    "text", ["", '{"homes": ["x"]', "[]", '{"homes": 3, "venv_roots": []}', _noted("..", "a/b", "")]
)
def test_what_is_no_note_does_nothing(root: Path, text: str) -> None:
    _cut_off(root, text)
    before = {path.name for path in root.iterdir()}
    finish_removals(str(root), ())
    assert {path.name for path in root.iterdir()} == before


def test_the_note_is_there_before_and_gone_after(root: Path) -> None:
    with noted_removal(str(root), [OLD], ["/srv"], {}):
        [note] = (root / ".staging").glob("module-*/going")
        assert json.loads(note.read_text()) == {"homes": [OLD], "venv_roots": ["/srv"]}
    assert list((root / ".staging").iterdir()) == []
    with noted_removal(str(root), [], ["/srv"], {}):
        assert list((root / ".staging").iterdir()) == []


@pytest.mark.parametrize("moved", [True, False])
def test_the_note_of_a_run_that_fails_stays_once_a_link_has_moved(moved: bool, root: Path) -> None:
    def fail() -> None:
        with noted_removal(str(root), [OLD], (), {}):
            if moved:
                _links.switch_link(str(root), str(root / "3.12"), NEW)
            raise OSError("disk quota exceeded")

    _links.switch_link(str(root), str(root / "3.12"), OLD)
    with pytest.raises(OSError, match="quota"):
        fail()
    assert bool(list((root / ".staging").glob("module-*/going"))) is moved
