# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deltas beside the archives of a release: what they are called, and which older builds they lead from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import Asset, url_name, version_key
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Catalogue, Entry, release_key

# How many digits of the old archive's sha256 are in a delta's name: enough to tell the builds of a minor version apart.
_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class Delta:
    """A delta from one asset to another. Its name follows from both, so no file can name a place elsewhere."""

    old: Entry
    new: Entry
    sha256: str
    """64 hex digits in lower case."""
    size: int
    """Bytes."""

    @property
    def path(self) -> str:
        """Below a source that is a directory, beside the new archive: ``<release>/<asset>.from-<16 digits>.delta``."""
        return f"{self.new.release}/{self._name}"

    @property
    def url_path(self) -> str:
        """Below a source that is a URL: the same with ``+`` as ``%2B``."""
        return f"{self.new.release}/{url_name(self._name)}"

    @property
    def _name(self) -> str:
        return f"{self.new.asset.name}.from-{self.old.sha256[:_DIGITS]}.delta"


def leads(old: Asset, new: Asset) -> bool:
    """Whether a delta between them pays: from an older patch version of the same minor version, triple and flavor."""
    return (
        old.archive == new.archive == "tar.gz"
        and not old.prerelease
        and not new.prerelease
        and _kind(old) == _kind(new)
        and version_key(old.version) < version_key(new.version)
    )


def older_patches(new: Entry, catalogue: Catalogue, count: int) -> tuple[Entry, ...]:
    """What deltas to an asset lead from, newest first.

    Of each of the ``count`` patch versions before it that the catalogue has, the build of the newest release.
    """
    if count < 1:
        return ()
    versions = [version for version in catalogue.versions() if version.startswith(f"{new.asset.python_minor}.")]
    found: list[Entry] = []
    for version in sorted(versions, key=version_key, reverse=True):
        builds = [each for each in catalogue.entries(version=version) if leads(each.asset, new.asset)]
        found += [max(builds, key=lambda each: release_key(each.release))] if builds else []
    return tuple(found[:count])


def _kind(asset: Asset) -> tuple[str, str, str, str]:
    return (asset.python_minor, asset.normal_triple, asset.flavor, asset.build)
