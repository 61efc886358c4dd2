# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes of what was sent where, and who may take it for a leftover."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._connection.sent import Sent
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError

COLLECTIONS = str(Path(__file__).parents[3] / ".build" / "collections")
# As Ansible names it, with a slash at its end.
FOLDER = "/home/deploy/.ansible/tmp/ansible-tmp-1795743060.837664-674-34810690475345/"
# Ends by its own kill -9, with the note held until then.
_KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from ansible_collections.fleet.python.plugins.plugin_utils._connection.sent import Sent
note = Sent(Path(sys.argv[2]), "host").note(sys.argv[3])
os.kill(os.getpid(), 9)
"""


def test_what_a_run_holds_is_no_left_over(tmp_path: Path) -> None:
    sent = Sent(tmp_path, "host")
    note = sent.note(FOLDER)
    assert note
    assert sent.left() == []
    note.forget()
    assert sent.left() == []
    assert list((tmp_path / "sent").iterdir()) == []


def test_what_a_killed_run_has_noted_is_left(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _KILLED, COLLECTIONS, tmp_path, FOLDER], check=False)
    assert done.returncode == -9
    assert Sent(tmp_path, "another host").left() == []
    sent = Sent(tmp_path, "host")
    [note] = sent.left()
    assert note.folder == FOLDER
    # Two runs do not sweep the same.
    assert sent.left() == []
    # The host was not reached: the next one tries again.
    note.release()
    [note] = sent.left()
    note.forget()
    assert sent.left() == []


def test_a_cache_that_is_not_there_or_cannot_be_written(tmp_path: Path) -> None:
    assert Sent(tmp_path / "none", "host").left() == []
    assert not (tmp_path / "none").exists()
    (tmp_path / "file").touch()
    assert Sent(tmp_path / "file", "host").note(FOLDER) is None
    assert Sent(tmp_path / "file", "host").left() == []


@pytest.mark.parametrize(
    "folder", ["/etc", "/", "/tmp/ansible-tmp-1-2-3/../..", "ansible-tmp-1-2-3", "/a\n/ansible-tmp-1-2-3"]
)
def test_a_note_of_anything_else_removes_nothing(folder: str, tmp_path: Path) -> None:
    sent = Sent(tmp_path, "host")
    assert sent.note(folder) is None
    note = sent.note(FOLDER)
    assert note
    note.release()
    [planted] = (tmp_path / "sent").iterdir()
    planted.write_text(folder)
    assert sent.left() == []
    assert list((tmp_path / "sent").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("what", ["the cache", "the folder", "the note"])
def test_a_note_of_somebody_else_is_refused(what: str, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    note = Sent(cache, "host").note(FOLDER)
    assert note
    note.release()
    [path] = (cache / "sent").iterdir()
    os.chown({"the cache": cache, "the folder": cache / "sent", "the note": path}[what], 1000, -1)
    with pytest.raises(SourceError, match=r"belongs to uid 1000.*XDG_CACHE_HOME"):
        Sent(cache, "host").left()
