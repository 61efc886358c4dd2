# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that fails at any of its changes: it has changed nothing, or says what it has changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

OLD, NEW = "cpython-3.12.2+20250317-x86_64", "cpython-3.12.6+20250317-x86_64"
# Raises OSError before the change of the number given; no hook of sys can be taken off, so in a process of its own.
_APPLY = """
import errno, json, os, sys
at, events = int(sys.argv[1]), 0
changing = {"os.mkdir", "os.rename", "os.symlink", "os.remove", "os.rmdir"}
def fail(event, found):
    global events
    writes = event == "open" and isinstance(found[2], int) and found[2] & (os.O_WRONLY | os.O_RDWR)
    if event in changing or writes:
        events += 1
        if events == at:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(found[0]))
from ansible_collections.fleet.python.plugins.module_utils._home.apply import apply_plan
from ansible_collections.fleet.python.plugins.module_utils._home.steps import ApplyError
plan = json.load(sys.stdin)
sys.addaudithook(fail)
try:
    result = apply_plan(plan)
except ApplyError as error:
    result = {"msg": str(error), "done": list(error.done)}
json.dump({**result, "events": events}, sys.stdout)
"""


def _host(folder: Path) -> dict[str, Any]:
    """A root with two homes, the older one in use, and a plan that switches to the newer one and removes the older."""
    root = folder / "python"
    root.mkdir(parents=True)
    for name in (OLD, NEW, "cpython-3.12.1+20240107-x86_64"):
        (root / name / "bin").mkdir(parents=True)
        (root / name / "bin/python3.12").touch(mode=0o755)
        (root / name / ".fleet-receipt").write_text("{}")
    (root / "3.12").symlink_to(OLD)
    (root / ".3.12.previous").symlink_to("cpython-3.12.1+20240107-x86_64")
    (root / ".links").write_text(f"{folder}/bin/python3.12\n")
    (folder / "bin").mkdir()
    (folder / "bin/python3.12").symlink_to(f"{root}/3.12/bin/python3.12")
    return {
        "root": str(root),
        "installs": [],
        "links": {"3.12": NEW},
        "paths": {f"{folder}/new/bin/python3": f"{root}/3.12/bin/python3.12"},
        "made_links": [f"{folder}/bin/python3.12", f"{folder}/new/bin/python3"],
        "unlink": [],
        "remove": [OLD],
        "record_previous": True,
        "venv_roots": [],
        "facts": "",
        "level": None,
    }


def _seen(folder: Path) -> dict[str, str]:
    """All that is there but for the lock and the staging, with what links lead to and records say."""
    found = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if not name.startswith(("python/.staging", "python/.lock")):
            found[name] = os.readlink(path) if path.is_symlink() else path.read_text() if path.is_file() else "folder"
    return found


def _apply(plan: dict[str, Any], at: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-B", "-c", _APPLY, str(at)],
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_nothing_fails(tmp_path: Path) -> None:
    plan = _host(tmp_path)
    result = _apply(plan, 0)
    assert result["changed"]
    seen = _seen(tmp_path)
    assert seen["python/3.12"] == NEW
    assert seen["new/bin/python3"] == f"{tmp_path}/python/3.12/bin/python3.12"
    assert f"python/{OLD}" not in seen
    assert result["in_use"] == {}
    assert result["notes"] == []


def test_a_fact_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc").chmod(0o777)
    result = _apply(_host(tmp_path) | {"facts": f"{tmp_path}/etc/fleet_python.fact"}, 0)
    [note] = result["notes"]
    assert note.startswith(f"facts failed: {tmp_path}/etc/fleet_python.fact is not written: ")
    assert result["changed"]
    assert _seen(tmp_path)["python/3.12"] == NEW
    assert list((tmp_path / "etc").iterdir()) == []


@pytest.mark.parametrize("what", ["upgrade", "absent"])
def test_each_change_fails_in_turn(tmp_path: Path, what: str) -> None:
    """One after the other, on hosts of their own, until a run has fewer changes than that."""
    unchanged = changed = 0
    for at in range(1, 200):
        folder = tmp_path / str(at)
        plan = _host(folder)
        if what == "absent":
            gone = [f"{folder}/bin/python3.12", f"{plan['root']}/3.12"]
            plan |= {"links": {}, "paths": {}, "made_links": [], "unlink": gone, "record_previous": False}
        before = _seen(folder)
        result = _apply(plan, at)
        if result["events"] < at:
            break
        after = _seen(folder)
        if "msg" in result and not result["done"]:
            unchanged += 1
            assert after == before, (at, result)
        else:
            changed += 1
            assert after != before, (at, result)
            assert "msg" in result or result["changed"], (at, result)
            # What the failure was, and what is different now, are both told.
            told = [result.get("msg"), *result.get("notes", ()), *result.get("in_use", {}).values()]
            swallowed = OLD not in os.listdir(plan["root"])
            assert any(told) or swallowed, (at, result)
    assert unchanged >= 5
    assert changed > 2
