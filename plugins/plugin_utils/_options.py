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
    is ``omit``; it sees only what may be a template. ``parameters`` are the names that stand beside the name of the
    role: those with the prefix are taken too, so that a misspelt one is an unknown option.
    """
    names = {*(prefix + name for name in spec if not name.startswith("_")), *parameters}
    given = {name: variables[name] for name in sorted(names) if name.startswith(prefix) and name in variables}
    templates = {name: value for name, value in given.items() if _may_be_template(value)}
    found = {name: value for name, value in given.items() if name not in templates}
    if templates:
        found.update(template(templates))
    return {name.removeprefix(prefix): value for name, value in found.items()}


def _may_be_template(value: Any) -> bool:
    """Whether Ansible's templating could make something else of it. To look is a hundred times as fast."""
    if isinstance(value, str):
        # The second is what Ansible takes for Jinja's settings, with other marks (_template_vars.py, JINJA2_OVERRIDE).
        return "{" in value or value.startswith("#jinja2:")
    if isinstance(value, Mapping):
        return any(map(_may_be_template, [*value, *value.values()]))
    if isinstance(value, (list, tuple)):
        return any(map(_may_be_template, value))
    # Whatever else there is, such as what is encrypted, Ansible knows.
    return value is not None and not isinstance(value, (bool, int, float))


def _plain(value: Any) -> Any:
    """A copy without Ansible's tags. The check copies its arguments, and each tag costs a hundred times the value."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int.__int__(value)
    if isinstance(value, Mapping):
        return {_plain(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value


def checked_options(
    arguments: Mapping[str, Any], spec: Mapping[str, Any], shown: Callable[[str], str] = str
) -> dict[str, Any]:
    """The options with their defaults, each in the type that ``spec`` gives it.

    ``spec`` is an argument spec of module_utils/_options.py, and ``shown`` gives the name of an option in messages.
    Raises OptionsError naming every option that is wrong.
    """
    result = ArgumentSpecValidator(spec).validate(_plain(arguments))
    if result.errors.errors:
        raise OptionsError("; ".join(_problems(arguments, spec, shown)))
    return dict(result.validated_parameters)


def _problems(arguments: Mapping[str, Any], spec: Mapping[str, Any], shown: Callable[[str], str]) -> list[str]:
    """What is wrong, with the names as they are shown, and without the values that may hold a secret."""
    wrong = {name for name in _SECRET.keys() & spec.keys() & arguments.keys() if _errors(arguments, spec, name)}
    problems = [f"{shown(name)} must be {_SECRET[name]}" for name in sorted(wrong)]
    result = ArgumentSpecValidator({shown(name): option for name, option in spec.items()}).validate(
        {shown(name): value for name, value in arguments.items() if name not in wrong}
    )
    for error in result.errors.errors:
        problems.append(_unknown(arguments, spec, shown) if isinstance(error, UnsupportedError) else str(error.msg))
    return problems


def _errors(arguments: Mapping[str, Any], spec: Mapping[str, Any], name: str) -> list[Exception]:
    """What is wrong with one option by itself."""
    return list(ArgumentSpecValidator({name: spec[name]}).validate({name: arguments[name]}).errors.errors)


def _unknown(arguments: Mapping[str, Any], spec: Mapping[str, Any], shown: Callable[[str], str]) -> str:
    known = sorted(shown(name) for name in spec if not name.startswith("_"))
    names = sorted(shown(str(name)) for name in arguments if name not in spec)
    near = [close[0] for name in names if (close := get_close_matches(name, known, 1))]
    suggestion = f"did you mean {' and '.join(near)}?" if near else f"there are {', '.join(known)}"
    return f"no such option: {', '.join(names)}; {suggestion}"
