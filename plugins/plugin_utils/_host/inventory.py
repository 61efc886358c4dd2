# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List what is installed on a host, as fleet.python.interpreter_info returns it."""

from __future__ import annotations

from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._libraries import versions_of
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Home, Observation

# The fields of a receipt that the result shows.
_SHOWN = ("asset", "release", "version", "triple", "flavor", "build", "sha256", "source", "installed")
# The names of our own files in the root.
_OWN = (".lock", ".staging", ".links", ".level", ".boot")


def inventory_of(observed: Observation) -> dict[str, Any]:
    """Homes, links and leftovers."""
    users: dict[str, list[int]] = {}
    for name, pid in observed.running:
        users.setdefault(observed.minor_links.get(name, name), []).append(pid)
    return {
        "homes": [_home(home, observed, users) for home in observed.homes],
        "links": {f"{observed.root.path}/{name}": home for name, home in observed.minor_links.items()},
        "left_overs": _left_overs(observed),
        "pythons": [{"path": python.path, "version": python.version} for python in observed.pythons],
    }


def _home(home: Home, observed: Observation, users: dict[str, list[int]]) -> dict[str, Any]:
    size = home.receipt.get("size")
    return {
        "home": f"{observed.root.path}/{home.name}",
        "linked_by": sorted(name for name, target in observed.minor_links.items() if target == home.name),
        "previous_of": sorted(name for name, target in observed.previous.items() if target == home.name),
        "in_use_by": sorted(users.get(home.name, [])),
        "whole": home.whole,
        "damage": home.damage,
        "starts": home.starts,
        "libraries": versions_of(home.receipt.get("libraries")) or dict(home.libraries),
        "size": size if isinstance(size, int) else home.size,
    } | {key: home.receipt.get(key) for key in _SHOWN}


def _left_overs(observed: Observation) -> list[dict[str, str]]:
    """Leftovers of interrupted runs, and entries that are not ours."""
    root = observed.root.path
    known = {home.name for home in observed.homes}
    names = {entry.path for entry in observed.root.entries}
    found = [
        {"path": f"{root}/.staging/{name}", "what": "staging of a run that was cut off, or is still on"}
        for name in observed.root.staging
    ]
    for entry in observed.root.entries:
        path = f"{root}/{entry.path}"
        if entry.is_link:
            if entry.target not in names:
                found.append({"path": path, "what": f"link that leads to {entry.target}, which is not there"})
        elif entry.path.startswith("cpython-") and entry.path not in known:
            found.append({"path": path, "what": "home without a receipt"})
        elif entry.path not in known and entry.path not in _OWN:
            found.append({"path": path, "what": "not ours"})
    return found
