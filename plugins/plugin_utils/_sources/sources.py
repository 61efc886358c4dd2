# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources of archives: base URLs, and directories and tar files of the controller, with PBS's layout."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from ansible_collections.fleet.python.plugins.module_utils._fetch.web import shown
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import Access
from ansible_collections.fleet.python.plugins.plugin_utils._sources.download import Watch, unwatched
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError
from ansible_collections.fleet.python.plugins.plugin_utils._sources.file import SourceFile
from ansible_collections.fleet.python.plugins.plugin_utils._sources.http_source import UPSTREAM, HttpSource, http_source
from ansible_collections.fleet.python.plugins.plugin_utils._sources.local_source import (
    DirectorySource,
    TarSource,
    local_source,
)
from ansible_collections.fleet.python.plugins.plugin_utils._sources.skipped import SkippedSources

__all__ = [
    "UPSTREAM",
    "DirectorySource",
    "HttpSource",
    "Source",
    "SourceError",
    "TarSource",
    "fetch_from",
    "size_in",
    "sources_of",
]


class Source(Protocol):
    """Where assets come from."""

    @property
    def name(self) -> str:
        """Its name in messages, without secrets."""

    @property
    def pullable(self) -> bool:
        """Whether a host can download from it by itself."""

    @property
    def authentic(self) -> bool:
        """Whether nobody on the way can change what it says. On a plain HTTP connection anybody can."""

    def read_text(self, relative: str) -> str | None:
        """A small file such as SHA256SUMS, None where the source has none. Raises SourceError."""

    def url(self, file: SourceFile) -> str:
        """Where the asset is."""

    def size(self, file: SourceFile) -> int | None:
        """The asset's size in bytes, None if the source lacks it or does not say. Raises SourceError."""

    def fetch(self, file: SourceFile, target: Path, watch: Watch = unwatched) -> None:
        """Download the asset to the file ``target``, and check its sha256.

        What ``target`` holds already may be the beginning. Raises SourceError, after which it may hold a longer one,
        and OSError where the disk refuses it.
        """


def sources_of(texts: Sequence[str], access: Access | None = None) -> tuple[Source, ...]:
    """The sources of the option ``source``. Raises SourceError for one that is no URL, directory or tar."""
    found: list[Source] = []
    for number, text in enumerate(texts, start=1):
        if text.startswith(("http://", "https://")):
            found.append(http_source(text, number, access or Access()))
        elif "://" in text:
            raise SourceError(f"source {shown(text)!r} is neither an http(s) URL nor a directory of the controller")
        else:
            found.append(local_source(text))
    if not found:
        raise SourceError("source is an empty list: name at least one base URL or directory")
    return tuple(found)


def fetch_from(
    sources: Sequence[Source],
    file: SourceFile,
    target: Path,
    skipped_sources: SkippedSources | None = None,
    watch: Watch = unwatched,
    what: str = "archive",
) -> None:
    """Fetch from the first source that gives the right bytes; those that failed in this run come last.

    ``what`` it is, for the message. Raises SourceError with a line for each that failed, OSError where the disk refuses
    the file.
    """
    notes = skipped_sources or SkippedSources()
    failures: dict[str, SourceError] = {}
    for source in sorted(sources, key=lambda source: notes.is_down(source.name)):
        try:
            source.fetch(file, target, watch)
        except SourceError as error:
            failures[source.name] = error
        else:
            for name, failure in failures.items():
                notes.add(name, failure)
            return
    raise SourceError(f"no source gave the {what}:\n  " + "\n  ".join(map(str, failures.values())))


def size_in(sources: Sequence[Source], file: SourceFile) -> int | None:
    """The asset's size as the first source that has it says, None if no source does."""
    for source in sources:
        with suppress(SourceError):
            size = source.size(file)
            if size is not None:
                return size
    return None
