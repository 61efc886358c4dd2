# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say why nothing satisfies a request, and suggest what would have worked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import version_key
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Catalogue, Entry, release_key
from ansible_collections.fleet.python.plugins.plugin_utils._builds.query import (
    Query,
    best_of,
    candidate_versions,
    choose,
    why_not,
)
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import BuildOptions
from ansible_collections.fleet.python.plugins.plugin_utils._builds.triples import MAX_LEVEL, TRIPLES

try:
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version
except ImportError as error:  # ansible-core always brings it; ansible-test looks at plugins without
    PACKAGING_ERROR: ImportError | None = error
else:
    PACKAGING_ERROR = None


@dataclass(frozen=True, slots=True)
class Hint:
    """A suggestion: a fact that explains it, which may be empty, and what to do."""

    fact: str
    advice: str


def refusal(query: Query, catalogue: Catalogue) -> str:
    """Why nothing in the catalogue satisfies the request, and a suggestion."""
    if query.release is not None and query.release not in catalogue.releases():
        return _unknown_release(query.release, catalogue)
    hints = [hint for find in _FINDERS for hint in find(query, catalogue)]
    if not any(hint.fact for hint in hints):
        hints += _by_partial(query, catalogue)
    if not hints:
        hints = list(_other_triples(query, catalogue))
    start = f"{catalogue.origin} has no {query}"
    facts = ", ".join(dict.fromkeys(hint.fact for hint in hints if hint.fact))
    advice = " or ".join(dict.fromkeys(hint.advice for hint in hints if hint.advice))
    return ": ".join(part for part in (start, facts, advice) if part)


def _unknown_release(release: str, catalogue: Catalogue) -> str:
    known = catalogue.releases()
    if not known:
        return f"{catalogue.origin} holds no release at all, so not {release} either"
    older = next((each for each in known if release_key(each) < release_key(release)), None)
    newer = next((each for each in reversed(known) if release_key(each) > release_key(release)), None)
    nearest = " and ".join(each for each in (older, newer) if each)
    return (
        f"release {release} is not in {catalogue.origin}; the nearest there: {nearest}. "
        "With catalogue: source, the digests of any release come from the source itself"
    )


def _by_release(query: Query, catalogue: Catalogue) -> Iterator[Hint]:
    """Suggest another release that has it."""
    if query.release is None:
        return
    anywhere = replace(query, release=None)
    releases = {
        entry.release
        for version in candidate_versions(anywhere, catalogue)
        for entry in catalogue.entries(None, version)
        if why_not(anywhere, entry.asset) is None
    }
    asked = release_key(query.release)
    older = max((each for each in releases if release_key(each) < asked), key=release_key, default=None)
    newer = min((each for each in releases if release_key(each) > asked), key=release_key, default=None)
    if older and newer:
        yield Hint(f"releases {older} and {newer} have it", f"set release: {newer}")
    elif older or newer:
        yield Hint(f"release {older or newer} has it", f"set release: {older or newer}")


def _by_excerpt(query: Query, catalogue: Catalogue) -> Iterator[Hint]:
    """Suggest the source's own list of a release, which may have more than ours."""
    if query.release and catalogue.excerpt and not query.options.static:
        yield Hint("the bundled list of this release is partial", "set catalogue: source, which has all of it")


def _by_partial(query: Query, catalogue: Catalogue) -> Iterator[Hint]:
    """Suggest the sources' own lists, if ours lack the host's triples."""
    versions = candidate_versions(query, catalogue)
    releases = {entry.release for version in versions for entry in catalogue.entries(query.release, version)}
    if any(catalogue.missing_triples(release).intersection(query.triples) for release in releases):
        yield Hint("the bundled lists of its releases are partial", "set catalogue: source, which has all of them")


def lesser_choice(chosen: Entry, query: Query, catalogue: Catalogue) -> Iterator[str]:
    """Say that a newer version, or a triple that fits better, may exist and only be missing in a partial list."""
    for version in candidate_versions(query, catalogue):
        newer = version != chosen.asset.version
        entries = catalogue.entries(query.release, version)
        if newer and not query.prerelease and any(entry.asset.prerelease for entry in entries):
            continue
        better = query.triples if newer else query.triples[: query.triples.index(chosen.asset.normal_triple)]
        for release in sorted({entry.release for entry in entries}, key=release_key, reverse=True):
            lacks = [name for name in better if name in catalogue.missing_triples(release)]
            if lacks and (newer or release == chosen.release):
                yield (
                    f"{chosen.asset.name} was chosen, though {version} for {lacks[0]} would be better: "
                    f"the bundled list of release {release} is partial and lacks it; catalogue: source has all of it"
                )
                return
        if not newer:
            return


def _by_prerelease(query: Query, catalogue: Catalogue) -> Iterator[Hint]:
    """Suggest a prerelease, if there is nothing else."""
    found = choose(replace(query, prerelease=True), catalogue)
    if found and not query.prerelease:
        version = found.asset.version
        yield Hint(f"{query.request.text} is there only as a prerelease", f"ask for {version}, or set prerelease: true")


def _by_level(query: Query, catalogue: Catalogue) -> Iterator[Hint]:
    """Suggest a higher x86-64 level."""
    found = choose(replace(query, max_level=MAX_LEVEL), catalogue)
    if found:
        level = TRIPLES[found.asset.normal_triple].level
        yield Hint(f"it needs x86-64 level {level} and max_level is {query.max_level}", f"set max_level: {level}")


def _by_libc(query: Query, catalogue: Catalogue) -> Iterator[Hint]:
    """Suggest the other libc."""
    found = choose(replace(query, libc=None), catalogue) if query.libc else None
    if found:
        libc = TRIPLES[found.asset.normal_triple].libc
        yield Hint(f"it is there only for {libc}, libc: {query.libc} was asked for", "leave libc out")


def _by_flavor(query: Query, catalogue: Catalogue) -> Iterator[Hint]:
    """Suggest another flavor."""
    found = choose(replace(query, flavor=None), catalogue) if query.flavor else None
    if found:
        yield Hint(f"it is there only as {found.asset.flavor}", "leave flavor out")


def _by_build(query: Query, catalogue: Catalogue) -> Iterator[Hint]:
    """Suggest other build options: drop each alone, then all together."""
    options = query.options
    if options == BuildOptions():
        return
    looser = (
        replace(options, optimization=None),
        replace(options, static=False),
        replace(options, debug=False),
        replace(options, freethreaded=False),
        BuildOptions(),
    )
    if options.static and not _has_static(query, catalogue):
        # The default build may be just what does not run here.
        yield Hint(
            f"{catalogue.origin} lists no static build of it",
            "set catalogue: source, where the source's own SHA256SUMS lists them",
        )
        return
    for each in looser:
        if each != options and choose(replace(query, options=each), catalogue):
            left = f"the {each} build" if each != BuildOptions() else "the default build"
            yield Hint(f"there is no {options} build of it", f"ask for {left}")
            return


def _has_static(query: Query, catalogue: Catalogue) -> bool:
    return any(
        entry.asset.static
        for version in candidate_versions(query, catalogue)
        for entry in catalogue.entries(query.release, version)
    )


def _by_static(query: Query, catalogue: Catalogue) -> Iterator[Hint]:
    """Suggest a static build. It is never chosen unasked, since no compiled wheel works there."""
    static = replace(query.options, static=True)
    if static != query.options and choose(replace(query, options=static), catalogue):
        yield Hint(
            "it is there only linked statically, which loads no extension module", "ask for it with build: static"
        )


def _by_version(query: Query, catalogue: Catalogue) -> Iterator[Hint]:
    """Suggest another version: the newest of the same minor, else of the next minor up, else of the next down."""
    everything = replace(query, request=replace(query.request, specifier="", plain=(), exact=None))
    versions = [
        version for version in candidate_versions(everything, catalogue) if best_of(everything, catalogue, version)
    ]
    nearest = _nearest_version(query, versions)
    if nearest:
        asset_minor = ".".join(nearest.split(".")[:2])
        same_minor = query.request.minor == asset_minor
        yield Hint("", f"ask for {nearest if same_minor else asset_minor}{_letters(query)}")


def _nearest_version(query: Query, versions: list[str]) -> str | None:
    wanted = _wanted_minor(query)
    newest = {version_key(version)[:2]: version for version in reversed(versions)}  # minor -> its newest
    if wanted in newest:
        return newest[wanted]
    above = min((minor for minor in newest if minor > wanted), default=None)
    below = max((minor for minor in newest if minor < wanted), default=None)
    return newest[above] if above else newest[below] if below else None


def _wanted_minor(query: Query) -> tuple[int, int]:
    """The lowest minor version that the request names."""
    releases = [Version(each.version.removesuffix(".*")).release for each in SpecifierSet(query.request.specifier)]
    return min(((*numbers, 0)[0], (*numbers, 0)[1]) for numbers in releases)


def _letters(query: Query) -> str:
    return "t" * query.request.freethreaded + "d" * query.request.debug


def _by_triple(query: Query, _catalogue: Catalogue) -> Iterator[Hint]:
    """Explain a triple that is no longer built."""
    for name in query.triples:
        if TRIPLES[name].last:
            yield Hint(f"{name} ended with release {TRIPLES[name].last}", "")


def _other_triples(query: Query, catalogue: Catalogue) -> Iterator[Hint]:
    """List what it is built for, if nothing else helps."""
    found = [
        name
        for name in TRIPLES
        if choose(replace(query, triples=(name,), libc=None, max_level=MAX_LEVEL), catalogue) is not None
    ]
    if found:
        yield Hint(f"it is there only for {', '.join(found)}", "")


_FINDERS: Final[tuple[Callable[[Query, Catalogue], Iterator[Hint]], ...]] = (
    _by_release,
    _by_prerelease,
    _by_level,
    _by_libc,
    _by_flavor,
    _by_build,
    _by_static,
    _by_triple,
    _by_version,
    _by_excerpt,
)
