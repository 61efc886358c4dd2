# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of any kind reach our sh scripts as they are, in every shell that is here: none is obeyed."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.fleet.python.plugins.plugin_utils._connection.download_progress import far_script, parse_far
from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import StageError
from ansible_collections.fleet.python.plugins.plugin_utils._execute.stage import parse_stage, stage_script
from ansible_collections.fleet.python.plugins.plugin_utils._host.probe import parse_probe, probe_script
from ansible_collections.fleet.python.plugins.plugin_utils._host.script import script_text

SHELLS = [
    shell
    for shell in ("dash", "bash", "bash --posix", "busybox sh", "ksh93", "mksh", "yash")
    if shutil.which(shell.split()[0])
]
# Each makes a file, were it obeyed; and what shells take for more than itself.
ORDERS = ("$(touch pwned)", "`touch pwned`", "; touch pwned;", "\n touch pwned\n", "&& touch pwned #", "| touch pwned")
MARKS = (*"'\"\\$`~*?[]{}()<>|&;#!^=- \t", "\n", "\r", "${x", "-n", "%s", "\\033", "$'a'", "é", "\u2028")
TEXTS = st.lists(st.sampled_from(ORDERS + MARKS) | st.text("abc/.", max_size=3), max_size=8).map("".join)
# What may be an option of a path: without line breaks (_task.py refuses those).
NAMES = TEXTS.map(lambda text: "".join(mark for mark in text if mark not in "/\n\r\u2028")).filter(
    lambda name: name.strip(".") and len(name.encode()) < 200
)


def run(shell: str, script: str, folder: str) -> subprocess.CompletedProcess[str]:
    """As Ansible does: the script is quoted once more, for the shell that takes the command."""
    command = ["sh", "-c", " ".join(map(shlex.quote, [*shlex.split(shell), "-c", script]))]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, errors="replace"
    )


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=25)
@given(values=st.lists(TEXTS, min_size=1, max_size=4))
def test_values_arrive_as_they_are(shell: str, values: list[str]) -> None:
    names = [f"FLEET_{number}" for number, _value in enumerate(values)]
    settings_only = script_text(dict(zip(names, values, strict=True)), "_execute/sweep.sh").partition("LC_ALL=C")[0]
    with tempfile.TemporaryDirectory() as folder:
        show = settings_only + "".join(f'printf "%s\\0" "${name}"\n' for name in names)
        done = subprocess.run([*shlex.split(shell), "-c", show], cwd=folder, capture_output=True, check=True)
        assert done.stdout.decode().split("\0")[:-1] == values
        assert not list(Path(folder).iterdir())


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=8)
@given(name=NAMES, link=NAMES)
def test_the_probe_looks_at_any_root(shell: str, name: str, link: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, name, "python")
        home = root / "cpython-3.13.2"
        home.mkdir(parents=True)
        (home / ".fleet-receipt").write_text('{"files": 1}\n')
        links = Path(folder, "links")
        links.mkdir()
        (links / link).symlink_to(root)
        done = run(shell, probe_script(str(root), [str(links / link)], verify="deep", detail=True), folder)
        observed = parse_probe(done.stdout, str(root))
        assert [each.name for each in observed.homes] == ["cpython-3.13.2"]
        assert observed.root.folder
        assert not list(Path(folder).rglob("pwned"))


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=8)
@given(name=NAMES, values=st.tuples(TEXTS, TEXTS, TEXTS, TEXTS))
def test_the_stage_obeys_no_value(shell: str, name: str, values: tuple[str, str, str, str]) -> None:
    sha256, top, program, file = values
    with tempfile.TemporaryDirectory() as folder:
        script = stage_script(
            root=f"{folder}/{name}", stage="aa", sha256=sha256, top=(top,), program=program, file=f"{folder}/{file}"
        )
        path = Path(folder, "script")
        path.write_text(script)
        done = subprocess.run(
            [*shlex.split(shell), str(path)], cwd=folder, capture_output=True, text=True, check=False, errors="replace"
        )
        path.unlink()
        with pytest.raises(StageError, match="download of H failed"):
            parse_stage(done.stdout, "H")
        assert not list(Path(folder).iterdir())


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=8)
@given(name=NAMES)
def test_the_sweep_sweeps_any_root(shell: str, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, name)
        (root / ".staging" / "aa" / "tree").mkdir(parents=True)
        (root / ".lock").touch()
        script = script_text({"FLEET_ROOT": str(root)}, "_resume/take.sh", "_execute/sweep.sh")
        assert run(shell, script, folder).returncode == 0
        assert not list(Path(folder).iterdir())


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=8)
@given(name=NAMES)
def test_a_download_is_seen_below_any_root(shell: str, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder, name, ".staging", "module-aa")
        stage.mkdir(parents=True)
        (stage / "archive").write_bytes(bytes(300))
        (stage / "archive.headers").write_text("Content-Length: 1000\n")
        done = run(shell, far_script(f"{folder}/{name}", "module-*"), folder)
        assert parse_far(done.stdout) == (300, 1000)
        assert not list(Path(folder).rglob("pwned"))
