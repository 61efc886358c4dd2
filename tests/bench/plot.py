# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plot of seconds against hosts, as SVG."""

from __future__ import annotations

import io
from collections.abc import Mapping
from itertools import cycle

import matplotlib as mpl
from matplotlib.figure import Figure

# Told apart without colour too. The colours are Okabe and Ito's, which the colour-blind can tell apart.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def plot(title: str, lines: Mapping[str, Mapping[int, float]]) -> str:
    """The SVG's text; ``lines`` are seconds by number of hosts, by name. Both axes are logarithmic."""
    hosts = sorted({count for line in lines.values() for count in line})
    # The same lines make the same file: no random names, no date.
    with mpl.rc_context({"svg.hashsalt": "fleet.python", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure = Figure(figsize=(9, 5), layout="constrained")
        axes = figure.subplots()
        for (name, line), colour, marker in zip(lines.items(), cycle(_COLOURS), cycle(_MARKERS), strict=False):
            points = sorted(line.items())
            axes.plot([x for x, _y in points], [y for _x, y in points], color=colour, marker=marker, label=name)
        axes.set(xscale="log", yscale="log", title=title, xlabel="hosts", ylabel="seconds")
        axes.set_xticks(hosts, labels=[str(count) for count in hosts], minor=False)
        axes.grid(visible=True, which="major", color="#dddddd")
        figure.legend(loc="outside right upper")
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())
