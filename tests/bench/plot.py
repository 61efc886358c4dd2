# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plot of seconds against hosts, as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping

_WIDTH, _HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 190, 30, 50
_COLOURS = ("#0b6e99", "#d9730d", "#0f7b6c", "#e03e3e", "#6940a5", "#64473a", "#ad1a72")


def plot(title: str, lines: Mapping[str, Mapping[int, float]]) -> str:
    """The SVG's text; ``lines`` are seconds by number of hosts, by name. Both axes are logarithmic."""
    hosts = sorted({count for line in lines.values() for count in line})
    seconds = [value for line in lines.values() for value in line.values()]
    low, high = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))

    def x(count: int) -> float:
        span = math.log10(hosts[-1]) - math.log10(hosts[0]) or 1
        return _LEFT + (math.log10(count) - math.log10(hosts[0])) / span * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (math.log10(value) - low) / ((high - low) or 1) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
            f'font-size="12"><rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>'
        ),
        f'<text x="{_LEFT}" y="18" font-size="14">{title}</text>',
    ]
    for count in hosts:
        parts.append(
            f'<line x1="{x(count):.1f}" y1="{_TOP}" x2="{x(count):.1f}" y2="{_HEIGHT - _BOTTOM}" stroke="#ddd"/>'
            f'<text x="{x(count):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{count}</text>'
        )
    for power in range(low, high + 1):
        at = y(10.0**power)
        parts.append(
            f'<line x1="{_LEFT}" y1="{at:.1f}" x2="{_WIDTH - _RIGHT}" y2="{at:.1f}" stroke="#ddd"/>'
            f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>'
        )
    parts.append(f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 12}" text-anchor="middle">hosts</text>')
    for number, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        points = " ".join(f"{x(count):.1f},{y(value):.1f}" for count, value in sorted(line.items()))
        row = _TOP + 10 + 20 * number
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{x(count):.1f}" cy="{y(value):.1f}" r="3" fill="{colour}"/>' for count, value in line.items()
        ]
        parts.append(
            f'<line x1="{_WIDTH - _RIGHT + 15}" y1="{row}" x2="{_WIDTH - _RIGHT + 40}" y2="{row}" stroke="{colour}" '
            f'stroke-width="2"/><text x="{_WIDTH - _RIGHT + 46}" y="{row + 4}">{name}</text>'
        )
    return "".join(parts) + "</svg>\n"
