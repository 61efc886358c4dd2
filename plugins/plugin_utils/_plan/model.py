# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The types of a plan: the task, builds, the outcome of each request, and the plan itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import release_date, version_key
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import BuildOptions, Request, merge_options

# Where Ansible's setup looks for local facts, without an option of its own.
FACTS: Final = "/etc/ansible/facts.d/fleet_python.fact"


class PlanError(ValueError):
    """The host cannot be given what was asked for. The message says why and what to do. Nothing was changed."""


class Ranking(Protocol):
    """The triples that a host could run, best first; static builds ask less of it. Raises PlatformError for none."""

    def __call__(self, *, static: bool = False) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Task:
    """What the user asked for."""

    requests: tuple[Request, ...]
    root: str
    state: str = "present"
    links: tuple[str, ...] = ()
    release: str | None = None
    flavor: str | None = None
    build: BuildOptions = field(default_factory=BuildOptions)
    prerelease: bool = False
    newest: bool = False
    """Whether the catalogue or the lock decides, and not what is installed."""
    keep: int | None = 1
    """How many older homes of a minor version stay after an upgrade. None: all, and damaged ones too."""
    facts: bool = False
    """Whether the host's local fact is to say what is installed."""

    @property
    def looked_at(self) -> tuple[str, ...]:
        """The paths outside the root that matter to this task."""
        return (*self.links, FACTS) if self.facts else self.links

    def options_of(self, request: Request) -> BuildOptions:
        """The request's build options and the task's in one."""
        return merge_options(request.options, self.build)

    @property
    def only_static(self) -> bool:
        """Whether only static builds are asked for."""
        return all(self.options_of(request).static for request in self.requests)


@dataclass(frozen=True, slots=True)
class Build:
    """What identifies an installed or chosen build."""

    home: str
    asset: str
    version: str
    release: str
    triple: str
    flavor: str
    options: BuildOptions
    link: str
    sha256: str
    whole: bool = True

    @property
    def age(self) -> tuple[Any, ...]:
        """Sort key, newest last."""
        return (version_key(self.version), release_date(self.release))


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one request. ``action``: installed, upgraded, repaired, kept, removed or rolled_back."""

    request: str
    action: str
    build: Build | None = None
    before: Build | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, in this order: installs, links, paths, unlink, remove, facts. Empty if there is nothing to do."""

    root: str
    outcomes: tuple[Outcome, ...] = ()
    installs: tuple[Build, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    made_links: tuple[str, ...] | None = None
    unlink: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    replaces: Mapping[str, str] = field(default_factory=dict)
    """The damaged home that a new one takes the place of, by the new one's name. Its packages are kept."""
    record_previous: bool = True
    warnings: tuple[str, ...] = ()
    facts: bool = False
    """Whether to write the host's local fact, after all that."""

    @property
    def changed(self) -> bool:
        return bool(self.installs or self.links or self.paths or self.unlink or self.remove or self.facts)
