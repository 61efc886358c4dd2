# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse a plan that the host cannot carry out, before anything is done there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import FULL, version_key
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._plan.model import FACTS, Build, Outcome, PlanError, Task

# What unpacked trees and archives need at the least, in bytes: the smallest builds seen, rounded down. The true need
# is known only when it is too late to refuse before anything was done.
_SPACE: Final = {"install_only_stripped": 90 << 20, "install_only": 120 << 20, FULL: 300 << 20}

# File systems that cannot hold a root: their types, mount options with which they can, and what they lack otherwise.
# Types and options are those of /proc/mounts (mount(8), mount.cifs(8)).
_UNFIT: Final[tuple[tuple[frozenset[str], frozenset[str], str], ...]] = (
    (frozenset({"vfat", "msdos", "exfat"}), frozenset(), "symbolic links, owners and modes"),
    (frozenset({"cifs", "smb3"}), frozenset({"mfsymlinks", "unix", "posix"}), "symbolic links without mfsymlinks"),
)

# What is in the bin of every build, with the last minor version that has it: Doc/whatsnew/3.13.rst removes lib2to3.
# ``{link}`` is 3.13 or 3.13t, ``{minor}`` always 3.13.
_PROGRAMS: Final[tuple[tuple[str, tuple[int, int] | None], ...]] = (
    ("python", None),
    ("python3", None),
    ("python{link}", None),
    ("python3-config", None),
    ("python{link}-config", None),
    ("pip", None),
    ("pip3", None),
    ("pip{minor}", None),
    ("pydoc3", None),
    ("pydoc{minor}", None),
    ("idle3", None),
    ("idle{minor}", None),
    ("2to3", (3, 12)),
    ("2to3-{minor}", (3, 12)),
)
# What looks like one of them.
_PROGRAM: Final = re.compile(r"(?:python|pip|pydoc|idle|2to3)-?[0-9.]*(?:[td]{0,2})(?:-config)?$")
_VERSION_AT_END: Final = re.compile(r"[0-9]+\.[0-9]+t?d?(?=$|-config$)")


def refuse_bad_root(observed: Observation, installs: Iterable[Build]) -> None:
    """Raises PlanError if nothing can be installed below the root."""
    root = observed.root
    at = root.at
    if at is None:
        raise PlanError(f"nothing above {root.path} can be looked at: check root")
    if not root.folder:
        raise PlanError(f"{at.path} is no directory, so {root.path} cannot be made there: move it away or set root")
    if "ro" in root.mount_options:
        raise PlanError(f"{root.path} lies on {root.mount_point}, which is mounted read-only: remount it or set root")
    if "noexec" in root.mount_options:
        raise PlanError(
            f"{root.path} lies on {root.mount_point}, which is mounted noexec: nothing starts there; set root elsewhere"
        )
    for types, options, lacks in _UNFIT:
        if root.filesystem in types and not options.intersection(root.mount_options):
            raise PlanError(
                f"{root.path} lies on {root.mount_point}, a file system ({root.filesystem}) that has no {lacks}: "
                "set root to a directory on another one"
            )
    if not root.writable:
        raise PlanError(
            f"{at.path} is not writable for uid {observed.uid}: "
            "run with become, or set root to a directory of the user's"
        )
    need = sum(_SPACE[build.flavor] for build in installs)
    if root.free is not None and root.free < need:
        raise PlanError(
            f"{root.path} has {root.free >> 20} MiB free on {root.mount_point}, "
            f"and at least {need >> 20} MiB are needed: free some or set root"
        )


def refuse_foreign_entries(observed: Observation, links: Mapping[str, str]) -> None:
    """Raises PlanError if something that is no link is in the place of a minor link."""
    for entry in observed.root.entries:
        if entry.path in links and not entry.is_link:
            raise PlanError(
                f"{observed.root.path}/{entry.path} is no link, and we replace nothing else: "
                "move it away, then run again"
            )


def refuse_facts(observed: Observation) -> None:
    """Raises PlanError if the task's user may not write the host's local fact. An unknown user is let through."""
    if observed.uid > 0:
        raise PlanError(
            f"facts: only root may write {FACTS}, and the task runs as the user with uid {observed.uid}: "
            "set become, or leave facts out"
        )


def extra_links(task: Task, observed: Observation, outcomes: list[Outcome]) -> dict[str, str]:
    """The extra links that are missing or lead elsewhere, each with its target. Raises PlanError."""
    wanted: dict[str, str] = {}
    for path, (minor, program) in programs_of_links(task, outcomes).items():
        target = f"{task.root}/{minor}/bin/{program}"
        found = observed.paths.get(path)
        if found is None:
            wanted[path] = target
        elif not found.is_link:
            raise PlanError(f"{path} is no link, and we replace nothing else: move it away or leave it out of links")
        elif found.target != target:
            ours = path in observed.made_links or str(found.target).startswith(f"{task.root}/")
            if not ours:
                raise PlanError(
                    f"{path} leads to {found.target}, which is not ours: remove it or leave it out of links"
                )
            wanted[path] = target
        if path in wanted and path in observed.closed_links:
            raise PlanError(
                f"{path} cannot be made: the folder above it that is there is read-only, none at all, or not writable "
                f"for uid {observed.uid}; make it, run with become, or leave {path} out of links"
            )
    return wanted


def programs_of_links(task: Task, outcomes: list[Outcome]) -> dict[str, tuple[str, str]]:
    """The minor link and program of each extra link. Raises PlanError if it would lead to nothing."""
    belong: dict[str, tuple[str, str]] = {}
    builds = {outcome.build.link: outcome.build for outcome in reversed(outcomes) if outcome.build}
    minors = [outcome.build.link for outcome in outcomes if outcome.build]
    for path in task.links:
        name = PurePosixPath(path).name
        # python3.13 belongs to 3.13; a name without a version belongs to the first request.
        version = _VERSION_AT_END.search(name)
        minor = version[0] if version else minors[0]
        if minor not in minors:
            raise PlanError(f"{path} would lead to nothing: of {name} there is none in {', '.join(minors)}; see links")
        programs = _programs_of(builds[minor])
        if _PROGRAM.match(name) and name not in programs:
            raise PlanError(
                f"{path} would lead to nothing: {builds[minor].version} has no {name}, but {', '.join(programs)}; "
                f"leave {path} out of links, or name it otherwise, and it leads to the interpreter"
            )
        # A program of the build, by its name; any other name is one for the interpreter.
        belong[path] = minor, name if name in programs else f"python{minor}"
    return belong


def _programs_of(build: Build) -> tuple[str, ...]:
    """The programs in the bin of a build."""
    numbers = version_key(build.version)[:2]
    minor = build.link.rstrip("td")
    return tuple(name.format(link=build.link, minor=minor) for name, last in _PROGRAMS if not last or numbers <= last)
