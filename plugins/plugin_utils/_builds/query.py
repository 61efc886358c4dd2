# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A query: what a choice depends on, which assets it can use, and which of two is better."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import (
    FLAVORS,
    FULL,
    STRIPPED,
    Asset,
    release_date,
    version_key,
)
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Catalogue, Entry, release_key
from ansible_collections.fleet.python.plugins.plugin_utils._builds.quirks import defect_of
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import (
    OPTIMIZATIONS,
    BuildOptions,
    Request,
    RequestError,
    merge_options,
    parse_build,
)
from ansible_collections.fleet.python.plugins.plugin_utils._builds.triples import (
    LIBC_CHOICES,
    MAX_LEVEL,
    TRIPLES,
    Triple,
    install_only_build,
    why_no_triple,
)


class ResolveError(ValueError):
    """Nothing in the catalogue satisfies the request, or the request makes no sense."""


@dataclass(frozen=True, slots=True)
class Query:
    """Everything that a choice depends on, except the catalogue."""

    request: Request
    triples: tuple[str, ...]
    """What the host can run, best first."""
    options: BuildOptions
    """The request's build options and the ``build`` option in one."""
    release: str | None
    flavor: str | None
    libc: str | None
    max_level: int
    prerelease: bool
    newest_day: str | None = None
    """The last day, ``YYYYMMDD``, on which a release may have been made; None for any."""

    def __str__(self) -> str:
        """What is asked for, for messages: ``3.13 for x86_64-unknown-linux-gnu in release 20250317``."""
        words = [self.request.text]
        if self.options != self.request.options:
            words.append(f"(build {self.options})")
        if self.flavor:
            words.append(f"as {self.flavor}")
        words.append(f"for {' or '.join(self.triples)}")
        if self.release:
            words.append(f"in release {self.release}")
        if self.newest_day:
            words.append(f"of {self.newest_day} or before (minimum_age)")
        return " ".join(words)


def make_query(
    request: Request,
    triples: Sequence[str],
    *,
    release: str | None = None,
    flavor: str | None = None,
    build: str | None = None,
    libc: str | None = None,
    max_level: int = 3,
    prerelease: bool = False,
    newest_day: str | None = None,
) -> Query:
    """Check the request. Raises `ResolveError` naming the value that makes no sense."""
    if not triples:
        raise ResolveError(f"{request.text}: no triple is given for which to choose a build")
    for name in triples:
        if name not in TRIPLES:
            raise ResolveError(f"triple {name!r}: {why_no_triple(name)}")
    if flavor is not None and flavor not in FLAVORS:
        raise ResolveError(f"flavor {flavor!r} is unknown: give one of {', '.join(FLAVORS)}")
    if libc is not None and libc not in LIBC_CHOICES:
        raise ResolveError(f"libc {libc!r} is unknown: give one of {', '.join(LIBC_CHOICES)}")
    if not 1 <= max_level <= MAX_LEVEL:
        raise ResolveError(f"max_level {max_level!r} is no x86-64 level: give a number from 1 to {MAX_LEVEL}")
    try:
        options = merge_options(request.options, parse_build(build)) if build else request.options
    except RequestError as error:
        raise ResolveError(f"{request.text}: {error}") from error
    return Query(
        request=request,
        triples=tuple(dict.fromkeys(triples)),
        options=options,
        release=release,
        flavor=None if flavor == STRIPPED else flavor,
        libc=None if libc == "auto" else libc,
        max_level=max_level,
        prerelease=prerelease,
        newest_day=newest_day,
    )


def choose(query: Query, catalogue: Catalogue) -> Entry | None:
    """The best entry, or None. Does not look at versions older than the chosen one."""
    for version in candidate_versions(query, catalogue):
        best = best_of(query, catalogue, version)
        if best:
            return best
    return None


def best_of(query: Query, catalogue: Catalogue, version: str) -> Entry | None:
    """The best entry of one version, or None."""
    usable = [entry for entry in catalogue.entries(query.release, version) if why_not(query, entry.asset) is None]
    return max(usable, key=lambda entry: rank(query, entry), default=None)


def candidate_versions(query: Query, catalogue: Catalogue) -> list[str]:
    """The versions that the request matches, newest first."""
    matching = [version for version in catalogue.versions(query.release) if query.request.matches(version)]
    return sorted(matching, key=version_key, reverse=True)


def why_not(query: Query, asset: Asset) -> str | None:
    """The first reason why an asset of a matching version is not usable at all, or None."""
    for check in _CHECKS:
        reason = check(query, asset)
        if reason:
            return reason
    return None


def optimization(asset: Asset) -> str:
    """One of `OPTIMIZATIONS`: from the name, or for install_only archives what upstream makes them of."""
    words = [word for word in asset.build.split("+") if word not in ("freethreaded", "static")]
    if asset.flavor == FULL or asset.debug:
        return "+".join(words)
    triple = TRIPLES.get(asset.normal_triple)
    return install_only_build(triple, release_date(asset.stamp)) if triple else ""


def build_of(asset: Asset) -> str:
    """All build options of an asset, also those that its name leaves out: ``freethreaded+pgo+lto``."""
    words = ["freethreaded"] * asset.freethreaded + [optimization(asset)] + ["static"] * asset.static
    return "+".join(word for word in words if word)


def _check_prerelease(query: Query, asset: Asset) -> str | None:
    if not asset.prerelease or query.prerelease or query.request.prerelease_named:
        return None
    return f"is a prerelease: ask for {asset.version} by name, or set prerelease: true"


def _check_age(query: Query, asset: Asset) -> str | None:
    if query.newest_day is None or release_date(asset.stamp) <= query.newest_day:
        return None
    return f"is of {release_date(asset.stamp)}, and minimum_age allows builds of {query.newest_day} and before"


def _check_freethreaded(query: Query, asset: Asset) -> str | None:
    if asset.freethreaded == query.options.freethreaded:
        return None
    return "is free-threaded, which was not asked for" if asset.freethreaded else "is not free-threaded"


def _check_debug(query: Query, asset: Asset) -> str | None:
    if asset.debug == query.options.debug:
        return None
    return "is a debug build, which was not asked for" if asset.debug else "is not a debug build"


def _check_static(query: Query, asset: Asset) -> str | None:
    if asset.static == query.options.static:
        return None
    if asset.static:
        return "is linked statically and loads no extension module: only for build: static"
    return "is not linked statically"


def _check_triple(query: Query, asset: Asset) -> str | None:
    triple = TRIPLES.get(asset.normal_triple)
    if triple is None:
        return f"is for {asset.triple}, which this version of the collection does not know"
    if query.libc and triple.libc not in (None, query.libc):
        return f"is built for {triple.libc}, libc: {query.libc} was asked for"
    if triple.name not in query.triples:
        return _other_platform(query.triples, query.max_level, triple)
    return _level_reason(triple, query.max_level)


def _level_reason(triple: Triple, max_level: int) -> str | None:
    if triple.level and triple.level > max_level:
        return f"needs x86-64 level {triple.level}, max_level is {max_level}"
    return None


@functools.lru_cache(maxsize=128)
def _other_platform(triples: tuple[str, ...], max_level: int, triple: Triple) -> str:
    mine = [TRIPLES[name] for name in triples]
    alike = [each for each in mine if (each.arch, each.system, each.libc) == (triple.arch, triple.system, triple.libc)]
    if triple.level and alike:
        best = max(alike, key=lambda each: each.level or 1)
        return _level_reason(triple, max_level) or f"needs x86-64 level {triple.level}, more than {best.name} has"
    return f"is for {triple.name}, not for {' or '.join(triples)}"


def _check_flavor(query: Query, asset: Asset) -> str | None:
    if query.flavor in (None, asset.flavor):
        return None
    return f"is {asset.flavor}, flavor: {query.flavor} was asked for"


def _check_optimization(query: Query, asset: Asset) -> str | None:
    asked = query.options.optimization
    if asked is None or optimization(asset) == asked:
        return None
    return f"is built with {optimization(asset) or 'unknown options'}, {asked} was asked for"


_CHECKS: Final[tuple[Callable[[Query, Asset], str | None], ...]] = (
    _check_triple,
    _check_age,
    _check_prerelease,
    _check_freethreaded,
    _check_debug,
    _check_static,
    _check_flavor,
    _check_optimization,
)

Rank = tuple[bool, bool, tuple[str, str], int, int, int, str]


def rank(query: Query, entry: Entry) -> Rank:
    """How good a usable entry is among those of its version: the greatest is chosen."""
    asset = entry.asset
    return (
        asset.flavor != FULL,
        defect_of(asset, entry.release) is None,
        release_key(entry.release),
        -query.triples.index(asset.normal_triple),
        -FLAVORS.index(asset.flavor),
        -OPTIMIZATIONS.index(optimization(asset)),
        asset.name,  # no two entries are equal, so that the choice never depends on their order
    )
