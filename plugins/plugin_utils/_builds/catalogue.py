# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A catalogue: the assets that may be chosen, each with its sha256, and the SHA256SUMS form of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import (
    Asset,
    AssetError,
    parse_asset,
    release_date,
    url_name,
)

# sha256sum's own form: the digest, then two blanks (text mode) or a blank and a star (binary mode).
_LINE: Final = re.compile(r"([0-9A-Fa-f]+) [ *](\S.*)")
# The first line of a list that lacks triples of its release, which follow it.
PARTIAL: Final = "# partial, without:"
_RELEASE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*")
_DIGEST_LENGTH: Final = 64


class CatalogueError(ValueError):
    """A catalogue cannot be read, or lacks what was asked of it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One asset that may be chosen."""

    release: str
    """The release's tag, which is the directory of the asset."""
    asset: Asset
    sha256: str
    """64 hex digits in lower case."""

    @property
    def path(self) -> str:
        """Below a source that is a directory: ``<release>/<asset>``."""
        return f"{self.release}/{self.asset.name}"

    @property
    def url_path(self) -> str:
        """Below a source that is a URL: the same with ``+`` as ``%2B``."""
        return f"{self.release}/{url_name(self.asset.name)}"


@dataclass(frozen=True, slots=True)
class Sums:
    """What one SHA256SUMS says."""

    entries: tuple[Entry, ...]
    ignored: tuple[str, ...]
    """Listed names that are no CPython assets, e.g. ``.sha256`` sidecars."""


class Catalogue(Protocol):
    """Entries by release and version. Nothing is read or parsed before it is asked for."""

    @property
    def origin(self) -> str:
        """Where it comes from, for messages."""

    def releases(self) -> tuple[str, ...]:
        """The releases, newest first."""

    def versions(self, release: str | None = None) -> frozenset[str]:
        """The CPython versions of one release, or of all of them."""

    def entries(self, release: str | None = None, version: str | None = None) -> Sequence[Entry]:
        """The entries of one release or of all of them, of one version or of all of them."""

    def missing_triples(self, release: str) -> frozenset[str]:
        """The triples that upstream built in a release and the list of it here lacks, as far as the list says so."""

    @property
    def excerpt(self) -> bool:
        """Whether releases may have more versions and flavors than are listed here."""


class ListCatalogue:
    """A catalogue of given entries."""

    def __init__(self, entries: Iterable[Entry], *, origin: str) -> None:
        self.origin = origin
        self.excerpt = False
        self._entries = tuple(entries)

    def missing_triples(self, release: str) -> frozenset[str]:
        return frozenset()

    def releases(self) -> tuple[str, ...]:
        return newest_first({entry.release for entry in self._entries})

    def versions(self, release: str | None = None) -> frozenset[str]:
        return frozenset(entry.asset.version for entry in self.entries(release))

    def entries(self, release: str | None = None, version: str | None = None) -> Sequence[Entry]:
        return [
            entry
            for entry in self._entries
            if release in (None, entry.release) and version in (None, entry.asset.version)
        ]


def is_release(tag: str) -> bool:
    """Whether a text can be the name of a release, which is a directory's name."""
    return _RELEASE.fullmatch(tag) is not None


def newest_first(releases: Iterable[str]) -> tuple[str, ...]:
    """Releases by the day they were really made, then by name."""
    return tuple(sorted(releases, key=release_key, reverse=True))


def release_key(release: str) -> tuple[str, str]:
    """Sort key of a release: the day it was really made, then its name."""
    return (release_date(release), release)


def parse_sums(text: str, *, origin: str, release: str | None) -> Sums:
    """Parse a SHA256SUMS.

    ``origin`` is where the text comes from, for messages. Names may be ``<asset>``, of the ``release`` given (or,
    where that is None, of the release that the name itself tells), or ``<release>/<asset>``. Files that are no
    CPython assets are left out and listed in `Sums.ignored`. Raises `CatalogueError` naming the line and the value.
    """
    if "\r" in text:
        number = text[: text.index("\r")].count("\n") + 1
        raise CatalogueError(
            f"{origin}, line {number}: ends in CR LF; a SHA256SUMS has LF line ends: something on the way rewrote it"
        )
    if text.lstrip().startswith("<"):
        raise CatalogueError(
            f"{origin} is no SHA256SUMS but a web page ({text.lstrip()[:40]!r}...): "
            "a proxy, a login page or a wrong URL answers there"
        )
    entries: list[Entry] = []
    ignored: list[str] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line or line.startswith(PARTIAL):
            continue
        where = f"{origin}, line {number}"
        digest, name = _split_line(line, where)
        path = name.removeprefix("./")
        if path in seen:
            raise CatalogueError(f"{where}: {name!r} stands twice, first in line {seen[path]}: which one is meant?")
        seen[path] = number
        entry = _entry(path, digest, release, where)
        if entry:
            entries.append(entry)
        else:
            ignored.append(name)
    if not seen:
        raise CatalogueError(f"{origin} is empty: a SHA256SUMS has a line '<sha256>  <asset>' for each asset")
    return Sums(tuple(entries), tuple(ignored))


def _split_line(line: str, where: str) -> tuple[str, str]:
    match = _LINE.fullmatch(line)
    if not match:
        raise CatalogueError(f"{where}: expected '<sha256>  <asset>', found {line[:80]!r}")
    digest, name = match.groups()
    if len(digest) != _DIGEST_LENGTH:
        raise CatalogueError(
            f"{where}: the digest of {name!r} has {len(digest)} hex digits, a sha256 has {_DIGEST_LENGTH}: {digest!r}"
        )
    return digest.lower(), name


def _entry(path: str, digest: str, release: str | None, where: str) -> Entry | None:
    directory, _slash, name = path.rpartition("/")
    try:
        asset = parse_asset(name)
    except AssetError:
        return None
    if directory and not is_release(directory):
        raise CatalogueError(f"{where}: {directory!r} is not the name of a release such as 20250317")
    if release is not None and directory not in ("", release):
        raise CatalogueError(f"{where}: {path!r} is of release {directory}, this should be release {release} alone")
    tag = directory or release
    if tag is None:
        if asset.generation != 3:
            raise CatalogueError(f"{where}: {name!r} does not say its release: write '<release>/{name}'")
        tag = asset.stamp
    return Entry(tag, asset, digest)


def format_sums(entries: Iterable[Entry], *, with_release: bool = True) -> str:
    """A SHA256SUMS of these entries, sorted by path: ``<release>/<asset>``, or names alone."""
    lines = sorted((entry.path if with_release else entry.asset.name, entry.sha256) for entry in entries)
    return "".join(f"{digest}  {name}\n" for name, digest in lines)


@dataclass(frozen=True, slots=True)
class ChangedDigest:
    """An asset with other bytes in a new catalogue than in the known one."""

    path: str
    known: str
    new: str

    def __str__(self) -> str:
        return f"{self.path}: known sha256 {self.known}, now {self.new}"


def changed_digests(known: Iterable[Entry], new: Iterable[Entry]) -> tuple[ChangedDigest, ...]:
    """Assets in both with different digests; tags have been re-uploaded (20230507, astral-sh/rye#161)."""
    digests = {entry.path: entry.sha256 for entry in known}
    return tuple(
        ChangedDigest(entry.path, digests[entry.path], entry.sha256)
        for entry in new
        if digests.get(entry.path, entry.sha256) != entry.sha256
    )
