# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan in the form that the module on the host takes: plain data, sent as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._builds.quirks import quirks_of
from ansible_collections.fleet.python.plugins.plugin_utils._execute.transfer import Base, TransferOptions, Transferred
from ansible_collections.fleet.python.plugins.plugin_utils._plan.build import archive_top, program_of
from ansible_collections.fleet.python.plugins.plugin_utils._plan.model import FACTS, Build, Plan


@dataclass(frozen=True, slots=True)
class Order:
    """What a plan leaves open: the asset chosen for each home, how archives travel, how homes are made.

    ``level`` is to be remembered as the highest x86-64 level that runs on this host, None for nothing new.
    ``bases``: by home, what a delta may lead from. ``whole``: why none may be sent.
    """

    entries: Mapping[str, Entry]
    transfer: TransferOptions
    externally_managed: bool
    compile_bytecode: bool
    venv_roots: Sequence[str]
    level: int | None = None
    bases: Mapping[str, Base] = field(default_factory=dict)
    whole: str = ""


@dataclass(frozen=True, slots=True)
class StagedBuild:
    """The build that sh has staged: its interpreter, and where the host got the archive.

    ``pulled_bytes`` is what the host has downloaded. ``skipped_sources`` has a line for each source that failed before
    another one did not.
    """

    home: str
    stage: str
    python: str
    source: str
    skipped_sources: tuple[str, ...]
    pulled_bytes: int = 0


def module_plan(
    plan: Plan, archives: Mapping[str, Transferred], staged: StagedBuild | None, order: Order
) -> dict[str, Any]:
    """The argument of `apply_plan` in module_utils/_home/apply.py; ``archives`` are what has been sent, by home."""
    # The staged build comes first: it runs the module for all of them.
    builds = sorted(plan.installs, key=lambda build: staged is None or build.home != staged.home)
    return {
        "root": plan.root,
        "installs": [_install(plan, build, archives[build.home], staged, order) for build in builds],
        "links": dict(plan.links),
        "paths": dict(plan.paths),
        "made_links": None if plan.made_links is None else list(plan.made_links),
        "unlink": list(plan.unlink),
        "remove": list(plan.remove),
        "record_previous": plan.record_previous,
        "venv_roots": list(order.venv_roots),
        "level": order.level,
        "facts": FACTS if plan.facts else "",
    }


def _install(
    plan: Plan, build: Build, archive: Transferred, staged: StagedBuild | None, order: Order
) -> dict[str, Any]:
    program = program_of(build)
    ready = staged if staged and staged.home == build.home else None
    quirks = quirks_of(parse_asset(build.asset), build.release)
    return {
        "home": build.home,
        "version": build.version,
        "program": program,
        "stage": ready.stage if ready else "",
        "source": ready.source if ready else archive.source,
        "file": archive.file,
        "pull": archive.pull,
        "delta": archive.delta,
        "old": archive.old,
        "tree": archive.tree,
        "order": "" if ready else archive.order,
        "sha256": archive.sha256,
        "top": list(archive_top(build)),
        "relocate": {
            "externally_managed": order.externally_managed,
            "ca_fallback": any(quirk.name == "ca_path_rhel8" for quirk in quirks),
            "python": f"{plan.root}/{build.link}/{program}",
        },
        "replaces": plan.replaces.get(build.home, ""),
        "compile_bytecode": order.compile_bytecode,
        "receipt": _receipt(build, order.entries[build.home]),
    }


def _receipt(build: Build, entry: Entry) -> dict[str, Any]:
    return {
        "format": 1,
        "asset": entry.asset.name,
        "release": entry.release,
        "version": build.version,
        "triple": build.triple,
        "flavor": build.flavor,
        "build": str(build.options),
        "program": program_of(build),
        "sha256": entry.sha256,
    }
