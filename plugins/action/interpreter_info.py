# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List what is installed on a host, what is in use and what is broken, with no Python there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._options import interpreter_info_options
from ansible_collections.fleet.python.plugins.plugin_utils._action import FleetAction
from ansible_collections.fleet.python.plugins.plugin_utils._connection.remote import Remote
from ansible_collections.fleet.python.plugins.plugin_utils._host.inventory import inventory_of
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._host.observe import observe
from ansible_collections.fleet.python.plugins.plugin_utils._host.platform import (
    PlatformError,
    platform_of,
    triples_of,
)
from ansible_collections.fleet.python.plugins.plugin_utils._host.starting import start_each
from ansible_collections.fleet.python.plugins.plugin_utils._plan.model import PlanError
from ansible_collections.fleet.python.plugins.plugin_utils._plan.result import with_warnings
from ansible_collections.fleet.python.plugins.plugin_utils._plan.task import absolute
from ansible_collections.fleet.python.plugins.plugin_utils._plan.trust import refuse_untrusted


class ActionModule(FleetAction):
    """Runs on the controller; the module of the same name is its documentation."""

    options = staticmethod(interpreter_info_options)

    def act(self, options: Mapping[str, Any], remote: Remote) -> dict[str, Any]:
        """Observe the host, and return what was found."""
        root = absolute("root", options["root"])
        # Its prerequisites show which other Pythons the host has, and what its loader says of its CPU.
        observed = observe(remote.run, root, verify=options["verify"], detail=True, prerequisites=True)
        warnings = []
        try:
            refuse_untrusted(observed)
            if options["start"]:
                observed = start_each(remote.run, observed)
        except PlanError as error:
            if observed.homes and options["start"]:
                warnings.append(f"no interpreter was started: {error}")
        return with_warnings({"root": root} | inventory_of(observed) | _platform(observed), warnings)


def _platform(observed: Observation) -> dict[str, Any]:
    """What the host is. One that no build runs on is reported all the same."""
    system = observed.os.get("PRETTY_NAME", observed.system)
    try:
        platform = platform_of(observed)
        return {"platform": platform.result(triples_of(platform)), "system": system}
    except PlatformError:
        return {"platform": None, "system": system}
