# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's plot. Only the main leg has what draws it."""

from __future__ import annotations

import pytest

pytest.importorskip("matplotlib")

from tests.bench.plot import plot

NAMES = ("ours", "our role", "raw", "tuned role", "usual role", "uv", "no-op module")
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
LINES = {name: {1: 1.0 + number, 10: 2.0 + number} for number, name in enumerate(NAMES)}


def test_the_same_figures_make_the_same_file() -> None:
    panels = {"local hosts": LINES, "over ssh": {"raw": {1: 1.0, 20: 3.0}}}
    drawn = plot("seconds", panels)
    assert drawn == plot("seconds", panels)
    assert "dc:date" not in drawn
    assert "local hosts" in drawn
    assert "over ssh" in drawn


def test_each_contender_has_a_colour_of_its_own_in_all_panels() -> None:
    drawn = plot("seconds", {"local hosts": LINES, "over ssh": {"raw": {1: 1.0, 20: 3.0}}})
    strokes = [drawn.count(f"stroke: {colour}; stroke-width: 1.5") for colour in COLOURS]
    # A line and its sample in the legend; raw has a line in both panels.
    assert strokes == [3 if name == "raw" else 2 for name in NAMES]


def test_more_than_can_be_told_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="8 lines"):
        plot("seconds", {"local hosts": {str(number): {1: 1.0, 2: 2.0} for number in range(8)}})
