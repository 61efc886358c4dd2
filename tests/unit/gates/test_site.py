# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The docs site loads nothing from other servers."""

from __future__ import annotations

import pytest

from tests.gates.site import loaded_from_elsewhere, styled_from_elsewhere


@pytest.mark.parametrize(
    "page",
    [
        '<script async src="https://cdn.example.com/x.js"></script>',
        '<img alt="badge" src=//badges.example.com/x.svg>',
        '<link rel="stylesheet" type="text/css" href="https://fonts.example.com/x.css" />',
        '<link href="https://fonts.example.com" rel="preconnect">',
        '<source srcset="https://images.example.com/x.png 2x">',
    ],
)
def test_what_is_loaded_from_elsewhere_is_found(page: str) -> None:
    [found] = loaded_from_elsewhere(page)
    assert "example.com" in found


def test_links_and_files_of_the_site_are_not_loaded_from_elsewhere() -> None:
    page = '<a href="https://example.com">x</a><link rel="canonical" href="https://x.org"><script src="x.js">'
    assert loaded_from_elsewhere(page) == []


@pytest.mark.parametrize(
    "style",
    [
        '@import "https://fonts.example.com/x.css";',
        "@font-face { src: url( 'https://fonts.example.com/x.woff2') }",
        "body { background: url(//images.example.com/x.png) }",
    ],
)
def test_what_a_stylesheet_loads_from_elsewhere_is_found(style: str) -> None:
    [found] = styled_from_elsewhere(style)
    assert "example.com" in found


def test_pictures_inside_a_stylesheet_are_not_loaded_from_elsewhere() -> None:
    style = """a { background: url('data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"/>'), url(x.png) }"""
    assert styled_from_elsewhere(style) == []
