# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The newest patch of a minor version that a catalogue has for a triple."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import Asset, version_key
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Catalogue


class Newest:
    """Answers from a catalogue, and remembers its answers. Without a catalogue it knows nothing."""

    def __init__(self, catalogue: Catalogue | None) -> None:
        self._catalogue = catalogue
        self._found: dict[tuple[str, str, str, str], str | None] = {}

    def patch(self, minor: str, triple: str, flavor: str, build: str) -> str | None:
        """The newest final version of a ``minor`` such as ``3.13`` for a triple. None if none is known.

        A free-threaded or debug ``build`` is compared with its like.
        """
        key = (minor, triple, flavor, build)
        if key not in self._found:
            self._found[key] = next(iter(self._matching(*key)), None)
        return self._found[key]

    def _matching(self, minor: str, triple: str, flavor: str, build: str) -> Iterable[str]:
        if self._catalogue is None:
            return
        final = (version for version in self._catalogue.versions() if version.replace(".", "").isdigit())
        patches = [version for version in final if version.startswith(f"{minor}.")]
        for version in sorted(patches, key=version_key, reverse=True):
            assets = [entry.asset for entry in self._catalogue.entries(version=version)]
            if any(_is_like(asset, triple, flavor, build) for asset in assets):
                yield version


def _is_like(asset: Asset, triple: str, flavor: str, build: str) -> bool:
    same = (asset.normal_triple, asset.flavor) == (triple, flavor)
    return same and (asset.freethreaded, asset.debug) == ("freethreaded" in build, "debug" in build)
