# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One home in a report: what its receipt says, and what is known of such a build."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from ansible_collections.fleet.python.plugins.module_utils._libraries import versions_of
from ansible_collections.fleet.python.plugins.module_utils._text import clean
from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import version_key
from ansible_collections.fleet.python.plugins.plugin_utils._builds.triples import TRIPLES
from ansible_collections.fleet.python.plugins.plugin_utils._report.newest import Newest
from ansible_collections.fleet.python.plugins.plugin_utils._report.osv import Advisories
from ansible_collections.fleet.python.plugins.plugin_utils._report.support import minor_of, support

# What a receipt says of its build, as texts.
_TEXTS: Final = ("asset", "release", "triple", "flavor", "build", "sha256", "source")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
# In characters. What a host says can have any length.
_LONGEST: Final = 600


@dataclass(slots=True)
class Knowledge:
    """What is known of versions on a day. Each is looked up once, since a fleet has the same ones again and again."""

    today: date
    newest: Newest
    advisories: Advisories | None
    affected: set[str] = field(default_factory=set)
    """The names of all advisories that affect a version that was asked for."""
    unmatched: set[str] = field(default_factory=set)
    """The names of those of which that cannot be known."""
    _of: dict[tuple[str, str, str, str], dict[str, Any]] = field(default_factory=dict)
    _support: dict[str | None, dict[str, Any]] = field(default_factory=dict)

    def of(self, version: str, triple: str, flavor: str, build: str) -> dict[str, Any]:
        """The ``minor``, ``support``, ``newest`` patch, whether a build is ``behind``, and its ``advisories``."""
        key = (version, triple, flavor, build)
        if key not in self._of:
            minor = minor_of(version)
            newest = self.newest.patch(minor, triple, flavor, build) if minor else None
            affected, unknown = self.advisories.of(version) if self.advisories and minor else ((), ())
            self.affected.update(affected)
            self.unmatched.update(unknown)
            self._of[key] = {
                "minor": minor,
                "support": self.support(minor),
                "newest": newest,
                "behind": bool(newest) and version_key(newest or "") > version_key(version),
                "advisories": list(affected),
            }
        return self._of[key]

    def support(self, minor: str | None) -> dict[str, Any]:
        """The support of a minor version."""
        if minor not in self._support:
            self._support[minor] = support(minor, self.today)
        return self._support[minor]


def home_row(home: Mapping[str, Any], knowledge: Knowledge) -> dict[str, Any]:
    """A home in a report, from an entry of C(homes) of M(fleet.python.interpreter_info)."""
    said = {name: text(home.get(name)) for name in _TEXTS}
    version = text(home.get("version"))
    triple = TRIPLES.get(said["triple"] or "")
    time = home.get("installed")
    size = home.get("size")
    return {
        "home": text(home.get("home")) or "",
        "version": version,
        **said,
        "level": triple.level if triple else None,
        "installed": time if isinstance(time, str) and _TIME.fullmatch(time) else None,
        "linked_by": _texts(home.get("linked_by")),
        "previous_of": _texts(home.get("previous_of")),
        "processes": len(users) if isinstance(users := home.get("in_use_by"), list) else 0,
        "size": size if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 2**53 else None,
        "damage": text(home.get("damage")) or "",
        "starts": home.get("starts") if isinstance(home.get("starts"), bool) else None,
        "libraries": versions_of(home.get("libraries")),
        "lock": None,
        "attestation": None,
        **knowledge.of(version or "", said["triple"] or "", said["flavor"] or "", said["build"] or ""),
    }


def python_row(python: Mapping[str, Any], knowledge: Knowledge) -> dict[str, Any]:
    """A Python that is not ours, from an entry of C(pythons)."""
    version = text(python.get("version"))
    # The name of a program may say no more than 3.11.
    minor = minor_of(version or "") or minor_of(f"{version}.0")
    return {"path": text(python.get("path")) or "", "version": version, "support": knowledge.support(minor)}


def text(value: Any) -> str | None:
    """A text that a host said, clean and not too long. None for anything else."""
    return clean(value[:_LONGEST]) if isinstance(value, str) else None


def _texts(value: Any) -> list[str]:
    return [clean(each[:_LONGEST]) for each in value if isinstance(each, str)] if isinstance(value, list) else []
