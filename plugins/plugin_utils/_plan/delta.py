# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide from which installed build a delta may lead to a new one, and whether making one pays. Pure functions."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._plan.build import installed_build
from ansible_collections.fleet.python.plugins.plugin_utils._plan.model import Build, Plan

# What a delta between two patch versions needs of the archive's bytes, rounded up, and what takes the controller to
# make it, in seconds. docs/slow-links.md has the figures.
_SHARE: Final = 0.25
_MAKING: Final = 120


def bases_of(plan: Plan, observed: Observation) -> dict[str, Build]:
    """By the home of each install: the whole build that a delta may lead from, of the same minor version and kind.

    The one in use if it will do, else the newest. Whether its files are what they were, the host finds out.
    """
    builds = [build for build in map(installed_build, observed.homes) if build and build.whole]
    found: dict[str, Build] = {}
    for new in plan.installs:
        fitting = [old for old in builds if _kind(old) == _kind(new) and old.sha256 != new.sha256]
        in_use = [old for old in fitting if observed.minor_links.get(new.link) == old.home]
        # Archives of zstd are repacked on each controller, so their bytes are not the same everywhere.
        if fitting and new.asset.endswith(".tar.gz"):
            found[new.home] = max(in_use or fitting, key=lambda old: old.age)
    return found


def _kind(build: Build) -> tuple[str, str, str]:
    return (build.link, build.triple, build.flavor)


def pays(archive: int, link: int) -> bool:
    """Whether a delta is made in less time than it saves one host.

    ``archive`` is the size of the archive in bytes, ``link`` the speed of the way to the host in kB/s, 0 where nobody
    knows it.
    """
    return bool(link) and archive * (1 - _SHARE) / (link * 1000) > _MAKING


def why_not(option: str, bases: Container[str], home: str, method: str, *, pinned: bool = False) -> str:
    """Why no delta is looked for, empty where one is. ``pinned``: whether the lock pins one for that base."""
    if option == "never":
        return "deltas are not wanted"
    if home not in bases:
        return "the host has no whole build of the same minor version, triple and flavor"
    return "" if method == "push" or pinned else "the host downloads, and no lock pins a delta for it"
