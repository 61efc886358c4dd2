# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long transfers say how far they are, at most every five seconds, and only to a terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._connection.download_progress import far_script, parse_far
from ansible_collections.fleet.python.plugins.plugin_utils._connection.progress import (
    progress,
    progress_line,
    read_so_far,
)


@pytest.mark.parametrize(
    ("have", "total", "rate", "line"),
    [
        (12_100_000, 31_000_000, 2_420_000.0, "web1: copy: 12.1 of 31.0 MB, 2.4 MB/s"),
        (12_100_000, None, 0.0, "web1: copy: 12.1 MB, 0.0 MB/s"),
    ],
)
def test_a_line(have: int, total: int | None, rate: float, line: str) -> None:
    assert progress_line("web1: copy", have, total, rate) == line


def test_every_five_seconds() -> None:
    said: list[str] = []
    times = iter([0, 0, 1, 4, 5, 6, 9, 11, 11])
    watch = progress(said.append, "x", clock=lambda: float(next(times)))
    # The first 2 MB lay there already.
    for have in (2, 3, 6, 7, 8, 11, 13, 14):
        watch(have * 1_000_000, 20_000_000)
    assert said == ["x: 7.0 of 20.0 MB, 1.0 MB/s", "x: 13.0 of 20.0 MB, 1.0 MB/s"]


_LS = "-rw-r--r-- 1 0 0 12100000 Nov 25 12:00 /opt/python/.staging/a/archive\n"


@pytest.mark.parametrize(
    ("answer", "far"),
    [
        ("", None),
        (_LS, (12_100_000, None)),
        # curl; BusyBox and GNU wget; what the module writes.
        (_LS + "content-length: 31000000\r\n", (12_100_000, 31_000_000)),
        (_LS + "  Content-Length: 31000000\n", (12_100_000, 31_000_000)),
        (_LS + "Content-Length: 31000000\nContent-Range: \n", (12_100_000, 31_000_000)),
        # A redirect's page comes first.
        (_LS + "Content-Length: 12\nContent-Length: 31000000\n", (12_100_000, 31_000_000)),
        (_LS + "Content-Length: 21000000\nContent-Range: bytes 10000000-30999999/31000000\n", (12_100_000, 31_000_000)),
        # All of it is there: what takes its time now is no download.
        (_LS + "Content-Length: 12100000\n", None),
    ],
)
def test_how_far_a_host_is(answer: str, far: tuple[int, int | None] | None) -> None:
    assert parse_far(answer) == far


@pytest.mark.parametrize("stages", ["module-*", "module-1"])
@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh", "ksh93"])
def test_the_command_that_looks(shell: str, stages: str, tmp_path: Path) -> None:
    root = tmp_path / "python"
    stage = root / ".staging/module-1"

    def look() -> tuple[int, int | None] | None:
        done = subprocess.run(
            [*shell.split(), "-c", far_script(str(root), stages)], capture_output=True, text=True, check=True
        )
        assert not done.stderr
        return parse_far(done.stdout)

    assert look() is None
    stage.mkdir(parents=True)
    (stage / "archive").write_bytes(bytes(300))
    assert look() == (300, None)
    (stage / "archive.headers").write_text("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\ncontent-length: 1000\r\n\r\n")
    assert look() == (300, 1000)


def test_how_far_a_program_has_read(tmp_path: Path) -> None:
    """As with scp, which says nothing about it."""
    file = tmp_path / "file"
    file.write_bytes(bytes(1000))
    assert read_so_far(file) is None
    script = "import os, sys; f = os.open(sys.argv[1], 0); os.read(f, 300); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        assert read_so_far(file) == 300
        process.communicate()
    assert read_so_far(file) is None
