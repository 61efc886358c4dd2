# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plot of seconds against hosts, as SVG: one panel for each way to reach them."""

from __future__ import annotations

import io
from collections.abc import Mapping

import matplotlib as mpl
from matplotlib.figure import Figure

# Told apart without colour too. The colours are Okabe and Ito's, which the colour-blind can tell apart.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_STYLES = tuple(zip(_COLOURS, _MARKERS, strict=True))

# Seconds by number of hosts, by name.
Lines = Mapping[str, Mapping[int, float]]


def plot(title: str, panels: Mapping[str, Lines]) -> str:
    """The SVG's text; a name looks the same in each panel. All axes are logarithmic.

    Raises ValueError where there are more names than ways to draw them apart.
    """
    names = list(dict.fromkeys(name for lines in panels.values() for name in lines))
    if len(names) > len(_STYLES):
        raise ValueError(f"{len(names)} lines cannot be told apart, {len(_STYLES)} can")
    styles = dict(zip(names, _STYLES, strict=False))
    # The same lines make the same file: no random names, no date.
    with mpl.rc_context({"svg.hashsalt": "fleet.python", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure = Figure(figsize=(11, 5), layout="constrained")
        figure.suptitle(title)
        drawn = {}
        all_axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, (panel, lines) in zip(all_axes, panels.items(), strict=True):
            for name, line in lines.items():
                colour, marker = styles[name]
                points = sorted(line.items())
                x, y = zip(*points, strict=True)
                [drawn[name]] = axes.plot(x, y, color=colour, marker=marker)
            hosts = sorted({count for line in lines.values() for count in line})
            axes.set(xscale="log", yscale="log", title=panel, xlabel="hosts")
            axes.set_xticks(hosts, labels=[str(count) for count in hosts], minor=False)
            axes.set_xticks([], minor=True)
            axes.yaxis.set_major_formatter("{x:g}")
            axes.grid(visible=True, which="major", color="#dddddd")
        all_axes[0].set_ylabel("seconds")
        figure.legend([drawn[name] for name in names], names, loc="outside right upper")
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())
