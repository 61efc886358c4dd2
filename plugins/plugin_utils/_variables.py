# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a task from variables, as the role takes them. An expression for each would cost more than the task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def options_of_variables(
    spec: Iterable[str],
    prefix: str,
    variables: Mapping[str, Any],
    parameters: Iterable[str],
    template: Callable[[dict[str, Any]], dict[str, Any]],
) -> dict[str, Any]:
    """The options that are set as variables, by their names in ``spec``: each is named after ``prefix``.

    ``template`` is Ansible's, and leaves out what is ``omit``. ``parameters`` are the names that stand beside the name
    of the role: those with the prefix are taken too, so that a misspelt one is an unknown option.
    """
    names = {*(prefix + name for name in spec if not name.startswith("_")), *parameters}
    found = template({name: variables[name] for name in sorted(names) if name.startswith(prefix) and name in variables})
    return {name.removeprefix(prefix): value for name, value in found.items()}
