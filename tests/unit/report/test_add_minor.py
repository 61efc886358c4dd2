# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that adds a minor version to the support dates."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._report import support
from tests.catalogue.add_minor import with_minor

TEXT = Path(str(support.__file__)).read_text(encoding="utf-8")
DATES = (date(2027, 10, 5), date(2029, 10, 5), date(2032, 10, 31))


def cycles(text: str) -> list[tuple[str, int, str]]:
    space: dict[str, object] = {"__name__": "support"}
    exec(compile(text, "support.py", "exec"), space)
    found = space["CYCLES"]
    assert isinstance(found, tuple)
    return [(cycle.minor, cycle.pep, cycle.ends) for cycle in found]


def test_a_new_version_stands_last_and_changes_no_other() -> None:
    changed = cycles(with_minor(TEXT, "3.16", 826, *DATES))
    assert changed == [*cycles(TEXT), ("3.16", 826, "2032-10-31")]


def test_a_version_that_is_there_is_replaced() -> None:
    changed = {minor: pep for minor, pep, _ends in cycles(with_minor(TEXT, "3.9", 1, *DATES))}
    assert changed["3.9"] == 1
    assert list(changed) == [minor for minor, _pep, _ends in cycles(TEXT)]


@pytest.mark.parametrize(("minor", "dates"), [("3.x", DATES), ("3.16", DATES[::-1])])
def test_what_is_wrong_is_refused(minor: str, dates: tuple[date, date, date]) -> None:
    with pytest.raises(ValueError, match=r"is no minor version|must follow each other"):
        with_minor(TEXT, minor, 826, *dates)
