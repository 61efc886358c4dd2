# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe a build, from a home's receipt or name, or from an asset of the catalogue."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import (
    FULL,
    STRIPPED,
    Asset,
    AssetError,
    link_name,
    parse_asset,
)
from ansible_collections.fleet.python.plugins.plugin_utils._builds.query import optimization
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import BuildOptions
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Home
from ansible_collections.fleet.python.plugins.plugin_utils._plan.model import Build

_ARCHIVE_TOPS: Final = {FULL: ("python", "install")}

# A home's name is its asset's without one of these; a home that took the place of a damaged one has a number more.
_ENDINGS: Final = (f"-{STRIPPED}.tar.gz", ".tar.gz", ".tar.zst")
_NUMBER: Final = re.compile(r"\.[0-9]+$")


def installed_build(home: Home) -> Build | None:
    """A home as a build, None if it is not ours."""
    asset = _asset_of(home)
    if asset is None:
        return None
    release = str(home.receipt.get("release") or asset.stamp)
    return build_of(asset, home.name, release, str(home.receipt.get("sha256", "")), home.whole)


def _asset_of(home: Home) -> Asset | None:
    """The asset of a home, by its receipt or, if that cannot be read, by its name."""
    plain = _NUMBER.sub("", home.name)
    for name in (str(home.receipt.get("asset")), *(plain + ending for ending in _ENDINGS)):
        with suppress(AssetError):
            return parse_asset(name)
    return None


def build_of(asset: Asset, home: str, release: str, sha256: str, whole: bool = True) -> Build:
    return Build(
        home=home,
        asset=asset.name,
        version=asset.version,
        release=release,
        triple=asset.normal_triple,
        flavor=asset.flavor,
        options=BuildOptions(asset.freethreaded, asset.debug, asset.static, _speed(asset)),
        link=link_name(asset),
        sha256=sha256,
        whole=whole,
    )


def _speed(asset: Asset) -> str | None:
    # The names of install_only archives do not say it; debug builds have none.
    return None if asset.debug else optimization(asset) or None


def archive_top(build: Build) -> tuple[str, ...]:
    """The folder of the archive that becomes the home: ``python``; in full archives ``python/install``."""
    return _ARCHIVE_TOPS.get(build.flavor, ("python",))


def program_of(build: Build) -> str:
    """The interpreter in a home: ``bin/python3.13``, ``bin/python3.13t``."""
    return f"bin/python{build.link}"
