# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all action plugins share: they check options and report errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ansible.template import Templar, trust_as_template

from ansible_collections.fleet.python.plugins.plugin_utils._connection.fewer_trips import FewerTrips
from ansible_collections.fleet.python.plugins.plugin_utils._connection.remote import Remote
from ansible_collections.fleet.python.plugins.plugin_utils._errors import REFUSALS, refusal
from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import StageError
from ansible_collections.fleet.python.plugins.plugin_utils._options import checked_options, options_of_variables

# Have Ansible make Jinja's lexer once, and not anew in each of its workers, which are forks of this process.
Templar().template(trust_as_template("{{ 1 }}"))


def whole_range(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with a range such as ``>=3.12,<3.14`` in one piece. Ansible would split it into a list."""
    version = arguments.get("version")
    if isinstance(version, str) and "," in version and any(mark in version for mark in "<>=!~"):
        return {**arguments, "version": [version]}
    return dict(arguments)


class FleetAction(FewerTrips):
    """An action plugin: ``options`` makes its argument spec, ``act`` does its work."""

    # If this were true, each run would first make a temporary directory on the host, in a second round trip.
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    options: ClassVar[Callable[[], dict[str, Any]]]
    _spec: ClassVar[dict[str, Any]]
    changes_hosts: ClassVar[bool] = False
    _remote: Remote | None = None

    def __init_subclass__(cls) -> None:
        # Once, when Ansible loads the plugin: its workers are forks of that process.
        super().__init_subclass__()
        cls._spec = cls.options()

    def act(self, options: Mapping[str, Any], remote: Remote) -> dict[str, Any]:
        """The task's own part of its result. Raises what `REFUSALS` names."""
        raise NotImplementedError

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The result, as the module's page documents it; a refusal is a result too, with ``failed`` and ``msg``."""
        task_vars = task_vars or {}
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            options = self._options_of(task_vars)
            self._remote = Remote(self, task_vars)
            if self.changes_hosts and not self._task.check_mode:
                self._remote.sweep_sent()
            return result | {"changed": False} | self.act(options, self._remote)
        except REFUSALS as error:
            # An exception would bypass the task's failed_when, until and retries.
            said = refusal(error, str(task_vars.get("inventory_hostname", "this host")))
            changed = isinstance(error, StageError) and error.changed
            return result | {"changed": changed, "failed": True, "msg": said}

    def _options_of(self, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """The task's options, and those that its option ``variables`` takes from variables. Raises OptionsError."""
        spec, given = self._spec, self._task.args
        prefix = str(given.get("variables") or "") if "variables" in spec else ""
        if not prefix:
            return checked_options(whole_range(given), spec)
        parameters = self._task._role._role_params if self._task._role else {}
        found = options_of_variables(spec, prefix, task_vars, parameters, self._templar.template)

        def shown(name: str) -> str:
            return name if name in given or name.startswith("_") else prefix + name

        return checked_options(whole_range(found | given), spec, shown)

    def cleanup(self, force: bool = False) -> None:
        """Called by Ansible after the task, whatever came of it."""
        clean: Any = super().cleanup
        clean(force)
        if self._remote:
            self._remote.task_ends()
