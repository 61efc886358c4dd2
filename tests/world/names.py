# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of assets and texts of the mirror's index files, in python-build-standalone's own forms; all pure."""

from __future__ import annotations

import json
from collections.abc import Mapping

from .pins import Build

_UPSTREAM = "https://github.com/astral-sh/python-build-standalone/releases"


def asset_name(build: Build, flavor: str) -> str:
    """Return the file name of a build's asset of the flavor ``install_only``, ``install_only_stripped`` or ``full``.

    Names of 2021 carry the time of the build at their end, later ones the release after the version.
    """
    if flavor == "full":
        if build.full is None or build.built_at is not None:
            raise ValueError(f"{build.name} has no full archive")
        return f"cpython-{build.version}+{build.release}-{build.triple}-{build.full}-full.tar.zst"
    if build.built_at is not None:
        return f"cpython-{build.version}-{build.triple}-{flavor}-{build.built_at}.tar.gz"
    return f"cpython-{build.version}+{build.release}-{build.triple}-{flavor}.tar.gz"


def flavors(build: Build) -> tuple[str, ...]:
    """Return the flavors that the mirror holds of a build."""
    return ("install_only", "install_only_stripped", *(("full",) if build.full else ()))


def sums_text(sums: Mapping[str, str]) -> str:
    """Return the text of a ``SHA256SUMS``: name to hex digest in, lines ``<hex>  <name>`` sorted by name out."""
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))


def latest_release_text(tag: str) -> str:
    """Return the text of ``latest-release.json`` with the fields of upstream's branch ``latest-release``.

    The URLs are upstream's, as in any copy of that file: what a mirror's clients may use is the tag.
    """
    fields = {
        "version": 1,
        "tag": tag,
        "release_url": f"{_UPSTREAM}/tag/{tag}",
        "asset_url_prefix": f"{_UPSTREAM}/download/{tag}",
    }
    return json.dumps(fields, indent=2) + "\n"
