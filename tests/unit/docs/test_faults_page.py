# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/faults.md names every fault that a test causes, and none beside."""

from __future__ import annotations

import pytest

from tests.faults.table import PAGE, RUN, marked, named, render

ROW = {"fault": "a fault", "outcome": "none", "result": "passed", "counts": []}


def test_it_names_the_tests_that_there_are() -> None:
    assert named(PAGE.read_text()) == marked(RUN)


def test_variants_are_counted_and_kills_are_told() -> None:
    page = render(
        {
            "test_a.py::test_x[1]": ROW,
            "test_a.py::test_x[2]": ROW,
            "test_b.py::test_y[1]": {**ROW, "fault": "kills", "counts": ["7 kills"]},
            "test_b.py::test_y[2]": {**ROW, "fault": "kills", "counts": ["40 kills"]},
            "test_c.py::test_z": {**ROW, "fault": "losses", "counts": ["3 times"]},
        }
    )
    assert "| a fault | none | passed, 2 variants | `test_a.py::test_x` |" in page
    assert "| kills | none | 7 kills; 40 kills | `test_b.py::test_y` |" in page
    assert page.endswith("\nKills in all: 47.\n")


def test_what_has_not_passed_is_no_page() -> None:
    with pytest.raises(ValueError, match=r"test_a.py::test_x"):
        render({"test_a.py::test_x": {**ROW, "result": "failed"}})
