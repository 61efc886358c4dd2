# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes of what was sent where, and who may take it for a left-over."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ansible_collections.fleet.python.plugins.plugin_utils._connection import sent as _sent
from ansible_collections.fleet.python.plugins.plugin_utils._connection.sent import Sent

FOLDER = "/home/deploy/.ansible/tmp/ansible-tmp-1-2-3"
# Ends by its own kill -9, with the note held until then.
_KILLED = """
import importlib.util, os, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("sent", sys.argv[1])
sent = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sent)
note = sent.Sent(Path(sys.argv[2]), "host").note(sys.argv[3])
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
    done = subprocess.run([sys.executable, "-c", _KILLED, _sent.__file__, tmp_path, FOLDER], check=False)
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
