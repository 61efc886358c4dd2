# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose the assets for a task, from the catalogue that it names or from its lock."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.bundled import bundled_catalogue
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import (
    Catalogue,
    CatalogueError,
    Entry,
    ListCatalogue,
    changed_digests,
    parse_sums,
)
from ansible_collections.fleet.python.plugins.plugin_utils._builds.deltas import Delta
from ansible_collections.fleet.python.plugins.plugin_utils._builds.query import make_query
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import Request
from ansible_collections.fleet.python.plugins.plugin_utils._builds.resolve import Resolution, resolve
from ansible_collections.fleet.python.plugins.plugin_utils._cache.single_flight import single_flight
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Lock, check_digests, pick
from ansible_collections.fleet.python.plugins.plugin_utils._lock.store import read_lock
from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import Build, Ranking
from ansible_collections.fleet.python.plugins.plugin_utils._plan.task import limits_of, triples_for
from ansible_collections.fleet.python.plugins.plugin_utils._sources.index import LATEST_WORD, source_catalogue
from ansible_collections.fleet.python.plugins.plugin_utils._sources.skipped import SkippedSources
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import Source, SourceError

BUNDLED: Final = "bundled"
SOURCE: Final = "source"
# A hundred years.
_MOST_HOURS: Final = 876_000


class Chooser:
    """Answers the plan's questions. Reads catalogue and lock at the first question, if there is one.

    ``options`` are the task's, as module_utils/_options.py has them; ``ranking`` what the host can run;
    ``run_directory`` and ``skipped_sources`` as in `catalogue_of`.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        sources: Sequence[Source],
        ranking: Ranking,
        run_directory: Path,
        skipped_sources: SkippedSources | None = None,
    ) -> None:
        self._options = options
        self._sources = sources
        self._ranking = ranking
        self._run_directory = run_directory
        self._passed_over = skipped_sources
        self.chosen: dict[tuple[str, str], Entry] = {}
        self.notes: list[str] = []
        """What the person who asked should know of the choices."""

    def choose(self, request: Request) -> Entry:
        """The asset for a request. Raises LockError, ResolveError, CatalogueError, SourceError."""
        entry = self._pinned(request) if self._options["lock"] else self.resolution(request).chosen
        self.chosen[entry.release, entry.asset.name] = entry
        return entry

    def entries(self, builds: Iterable[Build]) -> dict[str, Entry]:
        """The chosen entry of each build that will be installed, by its home.

        The digests of a lock are held against the catalogue's, here and not for each host that has everything.
        Raises LockError.
        """
        found = {build.home: self.chosen[build.release, build.asset] for build in builds}
        if self._options["lock"]:
            check_digests(found.values(), self.catalogue, origin=str(self._options["lock"]))
        return found

    def installed(self, build: Build) -> Entry | None:
        """The catalogue's entry of a build that a host says it has, None where the catalogue knows no such bytes."""
        entries = self.catalogue.entries(build.release, build.version)
        return next((each for each in entries if (each.asset.name, each.sha256) == (build.asset, build.sha256)), None)

    def pinned_delta(self, new: Build, old: Build) -> Delta | None:
        """The delta from one build to the other that the lock pins, None where it pins none."""
        if not self._options["lock"]:
            return None
        deltas = self._lock.deltas().values()
        pairs = {(delta.old.sha256, delta.new.sha256): delta for delta in deltas}
        return pairs.get((old.sha256, new.sha256))

    def resolution(self, request: Request) -> Resolution:
        """The catalogue's answer, with what was rejected."""
        found = resolve(request, self._triples(request), self.catalogue, **self._limits, newest_day=self._newest_day)
        self.notes += [note for note in found.notes if note not in self.notes]
        return found

    @cached_property
    def catalogue(self) -> Catalogue:
        options = self._options
        return catalogue_of(
            options["catalogue"],
            self._sources,
            options["release"],
            self._run_directory,
            # A lock has the digests, so the source's are only compared with them.
            insecure=bool(options["insecure_source"] or options.get("lock")),
            skipped_sources=self._passed_over,
            newest_day=self._newest_day,
        )

    @cached_property
    def _newest_day(self) -> str | None:
        return newest_day(self._options["minimum_age"], datetime.now(UTC))

    @cached_property
    def _limits(self) -> dict[str, Any]:
        return limits_of(self._options)

    def _triples(self, request: Request) -> tuple[str, ...]:
        return triples_for(request, self._options, self._ranking)

    def _pinned(self, request: Request) -> Entry:
        path = str(self._options["lock"])
        pin = pick(self._lock, make_query(request, self._triples(request), **self._limits), origin=path)
        return pin.entry

    @cached_property
    def _lock(self) -> Lock:
        return read_lock(Path(self._options["lock"]))


def catalogue_of(
    option: str,
    sources: Sequence[Source],
    release: str | None,
    run_directory: Path,
    *,
    insecure: bool = False,
    skipped_sources: SkippedSources | None = None,
    newest_day: str | None = None,
) -> Catalogue:
    """The catalogue of the option ``catalogue``: ``bundled``, ``source``, or a file of the controller.

    ``run_directory`` lasts as long as the run and is shared by its processes: what a source says is kept there.
    ``insecure``: whether a source that anybody on the way can change may say which digests are right.
    ``skipped_sources`` is told of sources that failed before one that did not. ``newest_day``, as ``YYYYMMDD``, is the
    last day on which the latest release may have been made.
    Raises CatalogueError, SourceError.
    """
    if option == SOURCE or release == LATEST_WORD:
        found = _of_sources(sources, release, run_directory, insecure, skipped_sources or SkippedSources(), newest_day)
        if option == BUNDLED:
            _refuse_changed(found)
        return found
    if option == BUNDLED:
        return bundled_catalogue()
    path = Path(os.path.expanduser(option))
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(
            f"catalogue {option!r} cannot be read: {error}; "
            f"it is {BUNDLED}, {SOURCE}, or a SHA256SUMS file of the controller"
        ) from error
    return ListCatalogue(parse_sums(text, origin=str(path), release=None).entries, origin=str(path))


def _refuse_changed(found: Catalogue) -> None:
    """A source may have newer releases than we know. The known ones must have the same bytes there."""
    ours = bundled_catalogue()
    known = [entry for release in found.releases() for entry in ours.entries(release)]
    changed = changed_digests(known, found.entries())
    if changed:
        raise CatalogueError(
            f"{found.origin} has other bytes than the bundled catalogue: {changed[0]} (and {len(changed) - 1} more): "
            "set catalogue to source, if it is a mirror with builds of its own that you trust"
        )


def newest_day(hours: int, now: datetime) -> str | None:
    """The last day, ``YYYYMMDD``, of releases that are ``hours`` old; None without a limit. Raises CatalogueError.

    A tag tells the day only, so a release counts from the end of it (UTC).
    """
    if not 0 <= hours <= _MOST_HOURS:
        raise CatalogueError(f"minimum_age: {hours} is no number of hours")
    return (now - timedelta(hours=hours + 24)).strftime("%Y%m%d") if hours else None


def _of_sources(
    sources: Sequence[Source],
    release: str | None,
    run_directory: Path,
    insecure: bool,
    skipped_sources: SkippedSources,
    newest_day: str | None,
) -> Catalogue:
    known = bundled_catalogue().releases()
    failures: dict[str, Exception] = {}
    for source in sorted(sources, key=lambda source: skipped_sources.is_down(source.name)):
        try:
            if not (source.authentic or insecure):
                raise CatalogueError(
                    f"{source.name} is plain HTTP, so its digests prove nothing: use https, a lock, or catalogue: "
                    "bundled or a file; insecure_source: true trusts the network"
                )
            found = source_catalogue(
                _remembered(source, run_directory),
                origin=source.name,
                release=release,
                known=known,
                newest_day=newest_day,
            )
        except (CatalogueError, SourceError) as error:
            failures[source.name] = error
        else:
            for name, failure in failures.items():
                skipped_sources.add(name, failure)
            return found
    kind = SourceError if any(isinstance(error, SourceError) for error in failures.values()) else CatalogueError
    raise kind("no source says what it has:\n  " + "\n  ".join(map(str, failures.values())))


def _remembered(source: Source, run_directory: Path) -> Callable[[str], str | None]:
    """The source's ``read_text``. The processes of a run share its answers."""

    def read(relative: str) -> str | None:
        key = hashlib.sha256(f"{source!r} {relative}".encode()).hexdigest()
        path = single_flight(
            run_directory / "fleet.python" / key,
            lambda target: _write(target, json.dumps(source.read_text(relative))),
        )
        text: str | None = json.loads(path.read_text(encoding="utf-8"))
        return text

    return read


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
