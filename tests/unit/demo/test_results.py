# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo reads of its runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.demo.play import DemoError, HostRun, host_runs
from tests.demo.stand_ins import note_on_stand_ins

PLATFORM = {"arch": "x86_64", "libc": "gnu", "libc_version": "2.36", "level": 3}
REAL = {
    "interpreter": "/opt/python/3.13/bin/python3.13",
    "version": "3.13.2",
    "release": "20250317",
    "asset": "cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu-install_only_stripped.tar.gz",
    "action": "installed",
}
STAND_IN = REAL | {
    "release": "20250993",
    "asset": "cpython-3.13.2+20250993-aarch64-unknown-linux-musl-install_only_stripped.tar.gz",
    "action": "kept",
}


def result(platform: dict[str, Any], interpreter: dict[str, Any], *steps: str) -> dict[str, Any]:
    return {"platform": platform, "interpreters": [interpreter], "steps": [{"name": name} for name in steps]}


def test_stand_ins_are_named() -> None:
    runs = [
        HostRun("debian", result(PLATFORM, REAL), 12.34, True),
        HostRun("alpine", result(PLATFORM, STAND_IN), 0.5, False),
    ]
    assert note_on_stand_ins(runs).startswith("alpine: a stand-in.")
    assert note_on_stand_ins(runs[:1]) == ""


def test_a_host_of_which_nothing_was_written(tmp_path: Path) -> None:
    lines = [
        {"kind": "task", "host": "debian", "seconds": 1.0, "result": {}},
        {"kind": "host", "host": "debian", "changed": 2},
        {"kind": "host", "host": "alpine", "changed": 0},
    ]
    results = tmp_path / "results.jsonl"
    results.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert host_runs(results, ["debian"]) == [HostRun("debian", {}, 1.0, True)]
    with pytest.raises(DemoError, match="alpine"):
        host_runs(results, ["debian", "alpine"])
