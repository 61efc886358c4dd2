# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local fact of a host: what it says, whose it leaves alone, and where it is not written."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.module_utils._root.errors import RootError
from ansible_collections.fleet.python.plugins.module_utils._root.facts import write_facts

HOME = "cpython-3.13.2+20250317-x86_64-unknown-linux-gnu"
RECEIPT = {
    "version": "3.13.2",
    "release": "20250317",
    "triple": "x86_64-unknown-linux-gnu",
    "program": "bin/python3.13",
}


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """The folder from which trust is looked at, with a root that has one linked home."""
    home = tmp_path / "python" / HOME
    home.mkdir(parents=True)
    (home / ".fleet-receipt").write_text(json.dumps(RECEIPT))
    (tmp_path / "python" / "3.13").symlink_to(HOME)
    (tmp_path / "python" / ".3.13.previous").symlink_to(HOME)
    (tmp_path / "python" / "3.12").symlink_to("gone")
    (tmp_path / "python" / "cpython-none").mkdir()
    return tmp_path


def file_of(top: Path) -> Path:
    return top / "etc" / "facts.d" / "fleet_python.fact"


def told(top: Path) -> tuple[str, str]:
    """What was done, and what the user is told of it, without the folder's path."""
    done, note = write_facts(str(top / "python"), str(file_of(top)), str(top))
    return done.replace(f"{top}/", ""), note.replace(f"{top}/", "")


def write(top: Path) -> Any:
    told(top)
    return json.loads(file_of(top).read_text()) if file_of(top).exists() else None


def test_it_says_what_is_linked_and_what_is_there(top: Path) -> None:
    root = str(top / "python")
    assert write(top) == {
        root: {
            "homes": [HOME],
            "interpreters": {
                "3.13": {
                    "interpreter": f"{root}/3.13/bin/python3.13",
                    "home": f"{root}/{HOME}",
                    "version": "3.13.2",
                    "release": "20250317",
                    "triple": "x86_64-unknown-linux-gnu",
                    "flavor": None,
                    "installed": None,
                }
            },
        }
    }
    assert file_of(top).stat().st_mode & 0o777 == 0o644
    assert [path.name for path in file_of(top).parent.iterdir()] == ["fleet_python.fact"]


def test_another_root_stays_and_ours_goes_with_its_last_home(top: Path) -> None:
    write(top)
    facts = json.loads(file_of(top).read_text()) | {"/srv/python": {"homes": ["x"], "interpreters": {}}}
    file_of(top).write_text(json.dumps(facts))
    (top / "python" / HOME / ".fleet-receipt").unlink()
    assert write(top) == {"/srv/python": {"homes": ["x"], "interpreters": {}}}
    file_of(top).write_text("{}")
    assert write(top) is None


def test_it_says_what_was_done(top: Path) -> None:
    assert told(top) == ("etc/facts.d/fleet_python.fact is written", "")
    assert told(top) == ("etc/facts.d/fleet_python.fact is written", "")
    (top / "python" / HOME / ".fleet-receipt").unlink()
    assert told(top) == ("etc/facts.d/fleet_python.fact is removed", "")
    assert told(top) == ("", "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "holds no JSON object"),
        ("[1]", "holds no JSON object"),
        ("{", "holds no JSON object"),
        ("[" * 99_999, "holds no JSON object"),
        ("\udcff", "holds no JSON object"),
        ("x" * (2 << 20), "is longer than 1 MiB"),
    ],
)
def test_a_file_that_says_nothing_is_replaced(top: Path, text: str, why: str) -> None:
    write(top)
    file_of(top).write_text(text, encoding="utf-8", errors="surrogateescape")
    _done, note = told(top)
    assert note == f"etc/facts.d/fleet_python.fact {why}, so what it may say of other roots is not kept"
    assert list(write(top)) == [str(top / "python")]


@pytest.mark.parametrize("depth", [900, 995, 1500])
def test_a_file_that_is_nested_deeply_is_kept_or_replaced(top: Path, depth: int) -> None:
    """Python 3.12 reads 995 levels, and cannot write them."""
    write(top)
    file_of(top).write_text('{"/srv/python": ' + "[" * depth + "]" * depth + "}")
    assert str(top / "python") in write(top)


def test_a_link_and_a_pipe_in_its_place_are_replaced_and_not_followed(top: Path) -> None:
    write(top)
    victim = top / "victim"
    victim.write_text('{"/victim": {}}')
    file_of(top).unlink()
    file_of(top).symlink_to(victim)
    assert "cannot be opened as a regular file (" in told(top)[1]
    assert list(write(top)) == [str(top / "python")]
    assert victim.read_text() == '{"/victim": {}}'
    assert not file_of(top).is_symlink()
    file_of(top).unlink()
    os.mkfifo(file_of(top))
    assert "is no regular file" in told(top)[1]
    assert list(write(top)) == [str(top / "python")]


def test_a_directory_in_its_place_stays(top: Path) -> None:
    file_of(top).mkdir(parents=True)
    with pytest.raises(RootError, match=r"fleet_python\.fact cannot be written: Is a directory"):
        write(top)
    assert [path.name for path in file_of(top).parent.iterdir()] == ["fleet_python.fact"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_replaced(top: Path) -> None:
    write(top)
    file_of(top).write_text('{"/srv/python": {}}')
    os.chown(file_of(top), 1000, 1000)
    assert "belongs to uid 1000, so" in told(top)[1]
    assert list(write(top)) == [str(top / "python")]
    assert file_of(top).stat().st_uid == 0


def test_what_receipts_say_is_cleaned(top: Path) -> None:
    (top / "python" / HOME / ".fleet-receipt").write_text(json.dumps({**RECEIPT, "version": "3\x1b[2J"}))
    assert write(top)[str(top / "python")]["interpreters"]["3.13"]["version"] == "3\\x1b[2J"


def test_an_executable_fact_is_replaced_by_one_that_is_not(top: Path) -> None:
    write(top)
    file_of(top).chmod(0o755)
    write(top)
    assert file_of(top).stat().st_mode & 0o111 == 0


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o775])
@pytest.mark.parametrize("name", [".", "etc", "etc/facts.d"])
def test_a_folder_that_others_may_write_to_is_left_alone(top: Path, name: str, mode: int) -> None:
    write(top)
    before = file_of(top).stat().st_ino
    (top / name).chmod(mode)
    with pytest.raises(RootError, match=rf"is not written: others may write to {top / name} \(mode {mode:o}\)"):
        write(top)
    assert file_of(top).stat().st_ino == before


def test_folders_that_are_missing_are_made(top: Path) -> None:
    write(top)
    assert [(top / name).stat().st_mode & 0o777 for name in ("etc", "etc/facts.d")] == [0o755, 0o755]


def test_a_link_on_the_way_is_not_followed(top: Path) -> None:
    (top / "elsewhere").mkdir()
    (top / "etc").symlink_to("elsewhere")
    with pytest.raises(RootError, match="etc is no directory, or cannot be made: "):
        write(top)
    assert list((top / "elsewhere").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_left_alone(top: Path) -> None:
    (top / "etc").mkdir()
    os.chown(top / "etc", 1000, 1000)
    with pytest.raises(RootError, match="etc belongs to uid 1000"):
        write(top)
