# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolve a request to an asset, on the controller; a host is asked only where no triples are named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._options import asset_options
from ansible_collections.fleet.python.plugins.plugin_utils._action import FleetAction
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import Request, parse_request
from ansible_collections.fleet.python.plugins.plugin_utils._builds.resolve import Rejection
from ansible_collections.fleet.python.plugins.plugin_utils._connection.remote import Remote, run_directory
from ansible_collections.fleet.python.plugins.plugin_utils._host.observe import observe
from ansible_collections.fleet.python.plugins.plugin_utils._host.platform import platform_of, triples_of
from ansible_collections.fleet.python.plugins.plugin_utils._lock.attestations import kept_by
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import others
from ansible_collections.fleet.python.plugins.plugin_utils._lock.store import read_lock
from ansible_collections.fleet.python.plugins.plugin_utils._plan.asset_result import described, rejected_assets
from ansible_collections.fleet.python.plugins.plugin_utils._plan.chooser import Chooser
from ansible_collections.fleet.python.plugins.plugin_utils._plan.model import Ranking
from ansible_collections.fleet.python.plugins.plugin_utils._plan.result import with_warnings
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.attest import attester_of, proven
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import access_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.skipped import SkippedSources
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import sources_of


class ActionModule(FleetAction):
    """Runs on the controller; the module of the same name is its documentation."""

    options = staticmethod(asset_options)

    def act(self, options: Mapping[str, Any], remote: Remote) -> dict[str, Any]:
        """Resolve the request; the best of the rejected assets come first."""
        request = parse_request(options["version"])
        sources = sources_of(options["source"], access_of(options))
        skipped_sources = SkippedSources(run_directory())
        chooser = Chooser(options, sources, _ranking(options, remote), run_directory(), skipped_sources)
        entry, rejected = _answer(request, chooser, options)
        kept = [kept_by(Path(options["lock"]))] if options["lock"] else []
        attester = attester_of(options, sources, kept, run_directory(), skipped_sources)
        said = proven(attester, entry, read_lock(Path(options["lock"])) if options["lock"] else None)
        result = {"asset": described(entry, sources) | said, "rejected": rejected_assets(rejected)}
        return with_warnings(result, [*skipped_sources.notes, *chooser.notes])


def _ranking(options: Mapping[str, Any], remote: Remote) -> Ranking:
    if options["triples"] is not None:
        return partial(_named, tuple(options["triples"]))
    platform = platform_of(observe(remote.run, "/opt/python", prerequisites=True))
    return partial(triples_of, platform, options["libc"], options["max_level"])


def _named(triples: tuple[str, ...], *, static: bool = False) -> tuple[str, ...]:
    """Build options change nothing here, since a static build has its own triple."""
    return triples


def _answer(request: Request, chooser: Chooser, options: Mapping[str, Any]) -> tuple[Entry, Sequence[Rejection]]:
    if options["lock"]:
        entry, path = chooser.choose(request), Path(options["lock"])
        return entry, others(read_lock(path), request, entry, origin=str(path))
    resolution = chooser.resolution(request)
    return resolution.chosen, resolution.rejected
