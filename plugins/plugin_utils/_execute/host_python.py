# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose the host Python that runs the module, or say that one must be staged first."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import version_key
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import Build, Plan, PlanError

# ansible-core 2.20 and later run modules on 3.9 and later only; so does our own code.
_OLDEST = (3, 9)
# What AnsiballZ and our module import: distributions ship parts of the standard library (Debian's python3-minimal).
NEEDED = "shutil, tempfile, zipfile, json, ssl, subprocess, fcntl, urllib.request"


def _numbers(version: str) -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def candidates(observed: Observation, plan: Plan) -> tuple[str, ...]:
    """The Pythons of a host that may run the module, best first: the host's own, then ours that stay, then the others.

    Our own that go are fit for removing themselves, since nothing is imported after the removal.
    """
    hosts = sorted(
        (python for python in observed.pythons if _numbers(python.version) >= _OLDEST),
        key=lambda python: _numbers(python.version),
        reverse=True,
    )
    ours = [home for home in observed.homes if home.whole and _numbers(str(home.receipt.get("version"))) >= _OLDEST]
    ours.sort(key=lambda home: (home.name not in plan.remove, version_key(str(home.receipt["version"]))), reverse=True)
    inside = [f"{plan.root}/{home.name}/{home.receipt.get('program', 'bin/python3')}" for home in ours]
    return (*(python.path for python in hosts), *inside)


def usable_script(paths: Iterable[str]) -> str:
    """A command that prints the first of ``paths`` that has what modules need.

    ``-I``: neither the working directory nor PYTHONPATH may put modules of others before those of the library.
    """
    tries = " ".join(shlex.quote(path) for path in paths)
    return (
        f'for python in {tries}; do "$python" -I -B -c "import {NEEDED}" 2>/dev/null '
        '&& printf "fleet-python %s\\n" "$python" && break; done; :'
    )


def usable_of(answer: str) -> str | None:
    """What `usable_script` printed, None where no candidate will do."""
    found = re.search(r"^fleet-python (.+?)\r?$", answer, re.MULTILINE)
    return found[1] if found else None


def staged_first(plan: Plan) -> Build:
    """The build that a host without Python stages first. Raises PlanError where none of the plan's can run a module."""
    for build in plan.installs:
        if _numbers(build.version) >= _OLDEST:
            return build
    if plan.installs:
        raise PlanError(
            f"this host has no Python 3.9 or later, and {plan.installs[0].version} cannot carry out its own "
            "installation: add a newer version to the list, 3.13 say"
        )
    raise PlanError(
        f"nothing on this host can carry out the plan: it has no Python 3.9 or later, and no whole interpreter below "
        f"{plan.root}; install one first (state: present)"
    )


# What the sh stage needs, each with what can stand in for it.
_STAGE_TOOLS = (("tar",), ("gzip",), ("sha256sum", "shasum", "openssl"))
DOWNLOADERS = ("curl", "wget")


def refuse_missing_tools(observed: Observation, pull: bool) -> None:
    """Raises PlanError where a host without Python lacks what it needs to stage a build."""
    for names in (*_STAGE_TOOLS, *((DOWNLOADERS,) if pull else ())):
        if not any(name in observed.tools for name in names):
            wanted = " nor ".join(names) if len(names) > 1 else names[0]
            way = "; or set transfer to push" if names is DOWNLOADERS else " (BusyBox has it)"
            neither = "neither " if len(names) > 1 else "no "
            raise PlanError(
                f"this host has no Python 3.9 or later and {neither}{wanted}, so nothing can be "
                f"{'downloaded' if names is DOWNLOADERS else 'unpacked'} there: install it with the host's package "
                f"manager{way}"
            )
