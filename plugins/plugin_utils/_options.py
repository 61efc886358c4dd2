# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect and check a task's options. No message shows the value of an option that may hold a secret.

ActionBase.validate_argument_spec is not used: its error shows all of the task's arguments, passwords too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError

# What each must be, said without its value. URLs may hold a user, a password or a token in their query.
_SECRET: Final = {
    "attestation_source": "a list of github, source, base URLs, and directories or tar files of the controller",
    "attestation_token": "a text",
    "carrier_source": "a list of base URLs",
    "catalogue": "bundled, source, or a file of the controller",
    "headers": "a dictionary, from names of headers to their values",
    "proxy": "a URL, such as http://proxy.example.com:3128",
    "source": "a list of base URLs, and of directories or tar files of the controller",
}


class OptionsError(ValueError):
    """A task has an option that it may not have, or lacks one that it must have."""


def options_of_variables(
    spec: Iterable[str],
    prefix: str,
    variables: Mapping[str, Any],
    parameters: Iterable[str],
    template: Callable[[dict[str, Any]], dict[str, Any]],
) -> dict[str, Any]:
    """The options that are set as variables named after ``prefix``, by their names in ``spec``. The role takes them so.

    An expression for each would cost the controller more than the task. ``template`` is Ansible's, and leaves out what
    is ``omit``. ``parameters`` are the names that stand beside the name of the role: those with the prefix are taken
    too, so that a misspelt one is an unknown option.
    """
    names = {*(prefix + name for name in spec if not name.startswith("_")), *parameters}
    found = template({name: variables[name] for name in sorted(names) if name.startswith(prefix) and name in variables})
    return {name.removeprefix(prefix): value for name, value in found.items()}


def checked_options(
    arguments: Mapping[str, Any], spec: Mapping[str, Any], shown: Callable[[str], str] = str
) -> dict[str, Any]:
    """The options with their defaults, each in the type that ``spec`` gives it.

    ``spec`` is an argument spec of module_utils/_options.py, and ``shown`` gives the name of an option in messages.
    Raises OptionsError naming every option that is wrong.
    """
    wrong = {name for name in _SECRET.keys() & spec.keys() & arguments.keys() if _errors(arguments, spec, name)}
    problems = [f"{shown(name)} must be {_SECRET[name]}" for name in sorted(wrong)]
    named = {shown(name): (name, option) for name, option in spec.items()}
    result = ArgumentSpecValidator({name: option for name, (_own, option) in named.items()}).validate(
        {shown(name): value for name, value in arguments.items() if name not in wrong}
    )
    for error in result.errors.errors:
        problems.append(_unknown(arguments, spec, shown) if isinstance(error, UnsupportedError) else str(error.msg))
    if problems:
        raise OptionsError("; ".join(problems))
    return {named[name][0]: value for name, value in result.validated_parameters.items()}


def _errors(arguments: Mapping[str, Any], spec: Mapping[str, Any], name: str) -> list[Exception]:
    """What is wrong with one option by itself."""
    return list(ArgumentSpecValidator({name: spec[name]}).validate({name: arguments[name]}).errors.errors)


def _unknown(arguments: Mapping[str, Any], spec: Mapping[str, Any], shown: Callable[[str], str]) -> str:
    known = sorted(shown(name) for name in spec if not name.startswith("_"))
    names = sorted(shown(str(name)) for name in arguments if name not in spec)
    near = [close[0] for name in names if (close := get_close_matches(name, known, 1))]
    suggestion = f"did you mean {' and '.join(near)}?" if near else f"there are {', '.join(known)}"
    return f"no such option: {', '.join(names)}; {suggestion}"
