# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which members of a Backend.AI tree are the interpreter's own; a pure rule over names and times."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from .pins import MISSING_ON_ALPINE, Build

# python-build-standalone stamps every member with one of these days; what Backend.AI added carries a later date.
_UPSTREAM_DAYS = frozenset({"2021-01-01", "2024-01-01"})

_SITE_PACKAGES = re.compile(r"lib/python3\.\d+/site-packages/(?P<top>[^/]+)")
_UPSTREAM_PACKAGES = re.compile(
    r"README\.txt|pip|pip-[^/]*\.(dist-info|egg)"
    r"|setuptools|setuptools-[^/]*\.(dist-info|egg)|pkg_resources|_distutils_hack"
    r"|distutils-precedence\.pth|easy-install\.pth|setuptools\.pth"
)
# python-build-standalone has no setuptools in 3.12 and later since 2024, so the stand-ins have none either.
_STAND_IN_PACKAGES = re.compile(r"README\.txt|pip|pip-[^/]*\.dist-info")
_ADDED = re.compile(r"licenses/.*|bin/ttyd|bin/jupyter.*|(.*/)?__pycache__/.*")
# Scripts of the stand-ins that name an interpreter of Backend.AI's in their first line.
_STAND_IN_SCRIPTS = re.compile(r"bin/(pip.*|wheel)")
_EXTENSION = re.compile(r"lib/python(?P<minor>3\.\d+)/lib-dynload/(?P<module>[^/.]+)\.[^/]*so")

# Part of each archive's recipe: a changed rule makes new archives.
RULE = (
    *(pattern.pattern for pattern in (_SITE_PACKAGES, _UPSTREAM_PACKAGES, _STAND_IN_PACKAGES)),
    *(pattern.pattern for pattern in (_ADDED, _STAND_IN_SCRIPTS, _EXTENSION)),
    *sorted(_UPSTREAM_DAYS),
)


def keeps(build: Build, name: str, mtime: float) -> bool:
    """Say whether a member belongs in the mirror's archives.

    ``name``: path in the tree without a leading ``./``; ``mtime``: its time, seconds since the epoch.
    """
    if _ADDED.fullmatch(name):
        return False
    package = _SITE_PACKAGES.match(name)
    packages = _STAND_IN_PACKAGES if build.stand_in else _UPSTREAM_PACKAGES
    if package is not None and not packages.fullmatch(package["top"]):
        return False
    if build.stand_in:
        extension = _EXTENSION.fullmatch(name)
        if extension is not None and extension["module"] in MISSING_ON_ALPINE[extension["minor"]]:
            return False
        return not _STAND_IN_SCRIPTS.fullmatch(name)
    return datetime.fromtimestamp(mtime, UTC).date().isoformat() in _UPSTREAM_DAYS
