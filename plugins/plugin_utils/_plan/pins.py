# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolve requests into pins, for the host of a task or for named triples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import parse_request
from ansible_collections.fleet.python.plugins.plugin_utils._builds.triples import TRIPLES, runs
from ansible_collections.fleet.python.plugins.plugin_utils._host.observe import RunCommand, observe
from ansible_collections.fleet.python.plugins.plugin_utils._host.platform import platform_of, triples_of
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Pin, host_triple
from ansible_collections.fleet.python.plugins.plugin_utils._plan.chooser import Chooser
from ansible_collections.fleet.python.plugins.plugin_utils._plan.model import Ranking
from ansible_collections.fleet.python.plugins.plugin_utils._sources.skipped import SkippedSources
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import Source, size_in


def rankings(options: Mapping[str, Any], run: RunCommand) -> list[Ranking]:
    """What each host can run, best first. A named triple stands for hosts whose best triple it is.

    Only where no triples are named the host is asked, by ``run``. Raises ProbeError, PlatformError.
    """
    if options["triples"]:
        return [partial(_named, triple) for triple in options["triples"]]
    platform = platform_of(observe(run, "/opt/python"))
    return [partial(triples_of, platform, options["libc"], options["max_level"])]


def _named(triple: str, *, static: bool = False) -> tuple[str, ...]:
    """Build options change nothing here, since a static build has its own triple."""
    return runs(triple) if triple in TRIPLES else (triple,)


def pins_of(
    options: Mapping[str, Any],
    ranked: Iterable[Ranking],
    sources: Sequence[Source],
    run_directory: Path,
    skipped_sources: SkippedSources,
) -> dict[tuple[str, str], Pin]:
    """The pin of each request for each host, keyed as `update_lock` takes it. No lock is read.

    Raises RequestError, ResolveError, CatalogueError, SourceError, LockError.
    """
    found = {}
    for ranking in ranked:
        chooser = Chooser({**options, "lock": None}, sources, ranking, run_directory, skipped_sources)
        for text in options["version"]:
            resolution = chooser.resolution(parse_request(text))
            entry = resolution.chosen
            size = size_in(sources, entry)
            found[host_triple(resolution.query), text] = Pin(entry.asset, entry.release, entry.sha256, size)
    return found
