# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of M(fleet.python.asset_info): the chosen asset, and the rejected ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._fetch.web import shown
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._builds.query import build_of
from ansible_collections.fleet.python.plugins.plugin_utils._builds.quirks import quirks_of
from ansible_collections.fleet.python.plugins.plugin_utils._builds.resolve import Rejection
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import Source


def described(entry: Entry, sources: Iterable[Source]) -> dict[str, Any]:
    """The asset chosen; URLs are shown without the credentials in them."""
    asset = entry.asset
    places = [(source, source.url(entry)) for source in sources]
    return {
        "name": asset.name,
        "release": entry.release,
        "version": asset.version,
        "triple": asset.normal_triple,
        "flavor": asset.flavor,
        "build": build_of(asset),
        "sha256": entry.sha256,
        "urls": [shown(place) if source.pullable else place for source, place in places],
        "quirks": [quirk.text for quirk in quirks_of(asset, entry.release)],
    }


def rejected_assets(rejections: Iterable[Rejection]) -> list[dict[str, str]]:
    """Each candidate that lost, and the one reason."""
    return [{"asset": each.asset.name, "release": each.release, "reason": each.reason} for each in rejections]
