# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue that ships with the collection: upstream's digests, one file for each release."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import (
    PARTIAL,
    CatalogueError,
    Entry,
    newest_first,
)

SUFFIX: Final = ".sha256sums"
_DIRECTORY: Final = Path(__file__).parent / "digests"
# Parse only what is asked for. A test parses every file strictly.
_LINE: Final = re.compile(r"^([0-9a-f]{64}) [ *](cpython-([0-9]+\.[0-9]+\.[0-9]+(?:(?:a|b|rc)[0-9]+)?)[+-]\S+)$", re.M)

_Lines = Mapping[str, Sequence[tuple[str, str]]]  # version -> (sha256, name)


class BundledCatalogue:
    """A directory of ``<release>.sha256sums`` in upstream's own form, each file read when it is first needed."""

    def __init__(self, directory: Path, *, origin: str) -> None:
        self.origin = origin
        self.excerpt = True
        self.directory = directory
        self._lines: dict[str, _Lines] = {}
        self._missing: dict[str, frozenset[str]] = {}

    @functools.cached_property
    def _releases(self) -> tuple[str, ...]:
        return newest_first(path.name.removesuffix(SUFFIX) for path in self.directory.glob(f"*{SUFFIX}"))

    def releases(self) -> tuple[str, ...]:
        return self._releases

    def versions(self, release: str | None = None) -> frozenset[str]:
        return frozenset(version for tag in self._chosen(release) for version in self._load(tag))

    def entries(self, release: str | None = None, version: str | None = None) -> Sequence[Entry]:
        return [
            Entry(tag, parse_asset(name), digest)
            for tag in self._chosen(release)
            for each in (self._load(tag) if version is None else (version,))
            for digest, name in self._load(tag).get(each, ())
        ]

    def missing_triples(self, release: str) -> frozenset[str]:
        if release not in self._missing:
            first = ""
            path = self.directory / f"{release}{SUFFIX}"
            with suppress(OSError, UnicodeDecodeError), open(path, encoding="utf-8") as file:
                first = file.readline()
            lacks = first.removeprefix(PARTIAL) if first.startswith(PARTIAL) else ""
            self._missing[release] = frozenset(lacks.split())
        return self._missing[release]

    def _chosen(self, release: str | None) -> tuple[str, ...]:
        if release is None:
            return self.releases()
        return (release,) if release in self.releases() else ()

    def _load(self, release: str) -> _Lines:
        if release not in self._lines:
            path = self.directory / f"{release}{SUFFIX}"
            try:
                text = path.read_bytes().decode("utf-8")  # line ends as they are
            except (OSError, UnicodeDecodeError) as error:
                raise CatalogueError(f"cannot read the catalogue of release {release}: {error}") from error
            lines: dict[str, list[tuple[str, str]]] = {}
            for digest, name, version in _LINE.findall(text):
                lines.setdefault(version, []).append((digest, name))
            if not lines:
                raise CatalogueError(f"{path} lists no CPython asset: it should be release {release}'s SHA256SUMS")
            self._lines[release] = lines
        return self._lines[release]


@functools.cache
def bundled_catalogue() -> BundledCatalogue:
    """The catalogue that ships with the collection, shared within a process."""
    return BundledCatalogue(_DIRECTORY, origin="the bundled catalogue")
