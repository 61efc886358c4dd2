# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what a host can run, in one round trip and with no Python there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._options import platform_options
from ansible_collections.fleet.python.plugins.plugin_utils._action import FleetAction
from ansible_collections.fleet.python.plugins.plugin_utils._connection.remote import Remote
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._host.observe import observe
from ansible_collections.fleet.python.plugins.plugin_utils._host.platform import platform_of, triples_of


class ActionModule(FleetAction):
    """Runs on the controller; the module of the same name is its documentation."""

    options = staticmethod(platform_options)

    def act(self, options: Mapping[str, Any], remote: Remote) -> dict[str, Any]:
        """Observe the host, and return what was found."""
        observed = observe(remote.run, "/opt/python", detail=True, prerequisites=True)
        platform = platform_of(observed)
        triples = triples_of(platform, options["libc"], options["max_level"])
        return {"platform": platform.result(triples) | means(observed)}


def means(observed: Observation) -> dict[str, Any]:
    """The prerequisites of an installation that the host has."""
    return {
        "pythons": [{"path": python.path, "version": python.version} for python in observed.pythons],
        "tools": {tool.name: {"path": tool.path, "kind": tool.kind} for tool in observed.tools.values()},
    }
