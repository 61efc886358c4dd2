# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gates read out of other programs' output, and what they conclude from it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial

import pytest

from tests.gates.artifact import unwanted
from tests.gates.legs import without_shims
from tests.gates.outcome import StepError, StepNotRun
from tests.gates.packages import parse_installed
from tests.gates.sanity import pythons_not_tried
from tests.gates.steps import Result, Step, run, table
from tests.gates.suites import parse_exports, summary

WHOLE = [
    "FILES.json",
    "MANIFEST.json",
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "ee-requirements.txt",
    "meta/runtime.yml",
    "playbooks/site.yml",
    "plugins/modules/interpreter.py",
]


def test_an_archive_with_what_belongs_in_it() -> None:
    assert unwanted([*WHOLE, "roles/interpreter/tasks/main.yml", "changelogs/changelog.yaml"]) == []


@pytest.mark.parametrize(
    "name",
    [
        "tests/config.yml",
        "Makefile",
        ".gitignore",
        "changelogs/fragments/0.1.0.yml",
        "plugins/plugin_utils/.mypy_cache/x.json",
        "plugins/action/__pycache__/x.cpython-313.pyc",
        "roles/interpreter/old.tar.gz",
    ],
)
def test_an_archive_with_what_does_not(name: str) -> None:
    assert unwanted([*WHOLE, name]) == [f"{name} has no place in it"]


def test_an_archive_without_its_licence() -> None:
    assert unwanted(name for name in WHOLE if name != "LICENSE") == ["LICENSE is missing"]


def test_only_installed_packages_count() -> None:
    listing = "installed zstd\nnot-installed ksh\nconfig-files sudo\ninstalled podman\n"
    assert parse_installed(listing) == {"zstd", "podman"}


def test_shims_are_no_interpreters() -> None:
    path = os.pathsep.join(["/home/a/.pyenv/shims", "/usr/bin", "", "/opt/pyenv/versions/3.13.0/bin"])
    assert without_shims(path) == ["/usr/bin", "/opt/pyenv/versions/3.13.0/bin"]


def test_exports_are_read_as_a_shell_reads_them() -> None:
    assert parse_exports("export A='b c'\nsome words\nexport D=e=f\n") == {"A": "b c", "D": "e=f"}


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ('tests="7" failures="0" errors="0" skipped="0"', "7 passed"),
        ('tests="7" failures="1" errors="2" skipped="1"', "3 failed, 3 passed, 1 skipped"),
    ],
)
def test_the_counts_of_a_report(counts: str, words: str) -> None:
    assert summary(f'<testsuites><testsuite name="pytest" {counts}/></testsuites>') == words


def test_sanity_names_the_pythons_that_it_did_not_try() -> None:
    written = "\n".join(
        f'WARNING: Skipping sanity test "{test}" on Python {version} because it could not be found.'
        for test in ("compile", "import")
        for version in ("3.14", "3.9")
    )
    assert pythons_not_tried(written) == ["3.9", "3.14"]
    assert pythons_not_tried("Running sanity test one\n") == []


@pytest.mark.parametrize(
    "line",
    [
        'WARNING: Required program "shellcheck" not found.',
        'WARNING: Skipping sanity test "import" on Python 3.13 due to missing virtual environment support.',
    ],
)
def test_sanity_that_leaves_out_a_test_is_a_failure(line: str) -> None:
    with pytest.raises(StepError, match="skipped"):
        pythons_not_tried(f"Running\n{line}\n")


def _raises(error: Exception) -> Callable[[], str]:
    def step() -> str:
        raise error

    return step


def _records(ran: list[str], name: str) -> str:
    ran.append(name)
    return ""


def test_a_step_runs_only_where_what_it_needs_has_passed() -> None:
    ran: list[str] = []
    steps = [
        Step("good", lambda: "fine"),
        Step("bad", _raises(StepError("broken"))),
        Step("absent", _raises(StepNotRun("no such Python"))),
        Step("after bad", partial(_records, ran, "after bad"), ("good", "bad")),
        Step("after absent", partial(_records, ran, "after absent"), ("absent",)),
    ]
    results = run(steps)
    assert [(r.outcome, r.note) for r in results] == [
        ("passed", "fine"),
        ("failed", "broken"),
        ("not run", "no such Python"),
        ("not run", "needs bad, which failed"),
        ("not run", "needs absent, which did not run"),
    ]
    assert ran == []


def test_neighbours_run_beside_each_other_and_nobody_else() -> None:
    both = threading.Barrier(2, timeout=60)
    ran: list[str] = []

    def meets() -> str:
        both.wait()
        return "met"

    steps = [
        Step("before", partial(_records, ran, "before")),
        Step("one", meets, ("before",), beside=True),
        Step("other", meets, ("before",), beside=True),
        Step("bad", _raises(StepError("broken")), beside=True),
        Step("after", partial(_records, ran, "after"), ("one", "other")),
        Step("not after bad", partial(_records, ran, "not after bad"), ("bad",), beside=True),
    ]
    assert [(r.name, r.outcome) for r in run(steps)] == [
        ("before", "passed"),
        ("one", "passed"),
        ("other", "passed"),
        ("bad", "failed"),
        ("after", "passed"),
        ("not after bad", "not run"),
    ]
    assert ran == ["before", "after"]


def test_the_table_names_what_failed_and_what_was_not_run() -> None:
    results = [Result("a", "passed", 1.25, ""), Result("b c d", "failed", 2, "why"), Result("e", "not run", 0, "")]
    lines = table(results, 2.9)
    assert lines.splitlines() == [
        "step   result   seconds  note",
        "a      passed       1.2",
        "b c d  failed       2.0  why",
        "e      not run      0.0",
        "1 of 3 steps passed in 3 s; not run: e; FAILED: b c d",
    ]
