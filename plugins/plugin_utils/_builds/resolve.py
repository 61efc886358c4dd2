# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolve a request, for the triples that a host can run, to one asset of a catalogue."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import Asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Catalogue, Entry, release_key
from ansible_collections.fleet.python.plugins.plugin_utils._builds.query import (
    Query,
    ResolveError,
    candidate_versions,
    choose,
    make_query,
    optimization,
    rank,
    why_not,
)
from ansible_collections.fleet.python.plugins.plugin_utils._builds.quirks import defect_of
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import Request
from ansible_collections.fleet.python.plugins.plugin_utils._builds.suggestions import lesser_choice, refusal

__all__ = ["Rejection", "Resolution", "ResolveError", "resolve"]


@dataclass(frozen=True, slots=True)
class Rejection:
    """A candidate that was not chosen, and the one reason."""

    asset: Asset
    release: str
    reason: str


@dataclass(frozen=True)
class Resolution:
    """The chosen asset. The reasons why other candidates lost are worked out on demand."""

    chosen: Entry
    query: Query
    catalogue: Catalogue

    @functools.cached_property
    def rejected(self) -> tuple[Rejection, ...]:
        """Every other asset of a version that the request matches (in the release asked for), best first."""
        return tuple(_rejections(self.chosen, self.query, self.catalogue))

    @property
    def notes(self) -> tuple[str, ...]:
        """What the person who asked should know of the choice."""
        return tuple(lesser_choice(self.chosen, self.query, self.catalogue))


def resolve(
    request: Request,
    triples: Sequence[str],
    catalogue: Catalogue,
    *,
    release: str | None = None,
    flavor: str | None = None,
    build: str | None = None,
    libc: str | None = None,
    max_level: int = 3,
    prerelease: bool = False,
    newest_day: str | None = None,
) -> Resolution:
    """Choose the newest version, then the newest release, then the best triple (``triples`` is best first).

    A full archive is chosen only where nothing else of that version has what was asked for, or where ``flavor``
    asks for it; ``install_only_stripped`` means the smallest there is, as None does. ``newest_day`` is the last day,
    ``YYYYMMDD``, on which a release may have been made. Raises `ResolveError` naming
    the nearest thing that would have worked.
    """
    query = make_query(
        request,
        triples,
        release=release,
        flavor=flavor,
        build=build,
        libc=libc,
        max_level=max_level,
        prerelease=prerelease,
        newest_day=newest_day,
    )
    chosen = choose(query, catalogue)
    if chosen is None:
        raise ResolveError(refusal(query, catalogue))
    return Resolution(chosen, query, catalogue)


def _rejections(chosen: Entry, query: Query, catalogue: Catalogue) -> Iterator[Rejection]:
    for version in candidate_versions(query, catalogue):
        usable: list[Entry] = []
        others: list[Rejection] = []
        for entry in catalogue.entries(query.release, version):
            reason = why_not(query, entry.asset)
            if reason is None:
                usable.append(entry)
            else:
                others.append(Rejection(entry.asset, entry.release, reason))
        usable.sort(key=lambda entry: rank(query, entry), reverse=True)
        for entry in usable:
            if entry != chosen:
                yield Rejection(entry.asset, entry.release, _why_worse(query, entry, chosen))
        yield from sorted(others, key=lambda each: (release_key(each.release), each.asset.name), reverse=True)


def _why_worse(query: Query, entry: Entry, chosen: Entry) -> str:
    """Why a usable entry lost: the first thing in which its rank differs."""
    mine, best = entry.asset, chosen.asset
    if mine.version != best.version:
        return f"{mine.version} is older than {best.version}"
    for own, other, reason in zip(
        rank(query, entry),
        rank(query, chosen),
        (
            f"is a full archive, {best.flavor} has what was asked for",
            f"has a defect: {_defect(entry)}",
            f"release {entry.release} is older than {chosen.release}",
            f"{best.triple} is better for the host than {mine.triple}",
            f"{best.flavor} is smaller than {mine.flavor}",
            f"{optimization(best)} is faster than {optimization(mine) or 'an unknown build'}",
            f"{best.name} has the same",
        ),
        strict=True,
    ):
        if own != other:
            return reason
    raise AssertionError(f"{entry.path} is the entry chosen")


def _defect(entry: Entry) -> str:
    defect = defect_of(entry.asset, entry.release)
    return defect.text if defect else ""
