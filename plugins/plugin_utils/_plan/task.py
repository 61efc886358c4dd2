# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn a task's options into the Task that the plan takes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import (
    BuildOptions,
    Request,
    RequestError,
    merge_options,
    parse_build,
    parse_request,
)
from ansible_collections.fleet.python.plugins.plugin_utils._plan.model import Ranking, Task
from ansible_collections.fleet.python.plugins.plugin_utils._sources.index import LATEST_WORD

# The root's path is written into Python literals, Makefiles and scripts of the builds.
_NOT_IN_ROOT = ("'", '"', "\\", "`", "$")

_KEPT = re.compile(r"[0-9]{1,6}")


class TaskError(ValueError):
    """An option has a value that makes no sense."""


def task_of(options: Mapping[str, Any]) -> Task:
    """The task. Raises TaskError and RequestError naming the value."""
    if not options["version"]:
        raise TaskError("version is an empty list: name at least one, such as '3.13'")
    requests = tuple(parse_request(text) for text in options["version"])
    build = parse_build(options["build"]) if options["build"] else BuildOptions()
    for request in requests:
        try:
            merge_options(request.options, build)
        except RequestError as error:
            raise TaskError(f"version {request.text!r} and build {options['build']!r}: {error}") from error
    return Task(
        requests=requests,
        root=absolute("root", options["root"]),
        state=options["state"],
        links=tuple(dict.fromkeys(absolute("links", path) for path in options["links"])),
        # Only the source can say which release "latest" is.
        release=None if options["release"] == LATEST_WORD else options["release"],
        keep=_keep(options["keep"]),
        newest=options["state"] == "latest" or options["release"] == LATEST_WORD or bool(options["lock"]),
        # The default stands for the smallest flavor, so any installed flavor will do.
        flavor=None if options["flavor"] == "install_only_stripped" else options["flavor"],
        build=build,
        prerelease=bool(options["prerelease"]),
        facts=bool(options["facts"]),
    )


def limits_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """What restricts a choice besides its request, as `make_query` and `resolve` take it."""
    limits = {name: options[name] for name in ("flavor", "build", "max_level", "prerelease")}
    release = None if options["release"] == LATEST_WORD else options["release"]
    return limits | {"release": release, "libc": None if options["libc"] == "auto" else options["libc"]}


def triples_for(request: Request, options: Mapping[str, Any], ranking: Ranking) -> tuple[str, ...]:
    """What a host can run, for a request with the build that the options ask for, best first."""
    build = options["build"]
    merged = merge_options(request.options, parse_build(build)) if build else request.options
    return ranking(static=merged.static)


def _keep(text: str) -> int | None:
    """How many older builds stay, None for all of them."""
    if text == "all":
        return None
    if not _KEPT.fullmatch(text):
        raise TaskError(f"keep: {text!r} is neither a number of older builds nor 'all'")
    return int(text)


def absolute(option: str, path: str) -> str:
    """A path on the host in plain form, to be compared with what the host shows."""
    if any(mark in path for mark in "\n\r\0"):
        raise TaskError(f"{option}: {path!r} has a line break in it")
    if " -> " in path:
        raise TaskError(f"{option}: {path!r} has ' -> ' in it, which cannot be told from a link where ls lists it")
    if option == "root" and (refused := next((mark for mark in _NOT_IN_ROOT if mark in path), None)):
        raise TaskError(f"root: {path!r} has {refused!r} in it, which sysconfig, pip's programs and venvs cannot carry")
    plain = posixpath.normpath(path)
    if not path.startswith("/") or plain == "/":
        raise TaskError(f"{option}: {path!r} is no absolute path on the host, such as /opt/python")
    return plain.replace("//", "/")
