# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's cache of archives, by sha256. It downloads each once, however many hosts and forks want it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._cache.limit import keep_within, limit, used
from ansible_collections.fleet.python.plugins.plugin_utils._cache.private import check_private, private_folder
from ansible_collections.fleet.python.plugins.plugin_utils._cache.repack import pack_anew
from ansible_collections.fleet.python.plugins.plugin_utils._cache.single_flight import single_flight
from ansible_collections.fleet.python.plugins.plugin_utils._sources.digest import digest_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.download import Watch, unwatched
from ansible_collections.fleet.python.plugins.plugin_utils._sources.skipped import SkippedSources
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import Source, SourceError, fetch_from


def cache_directory() -> Path:
    """``$XDG_CACHE_HOME/fleet.python``, by default in ``~/.cache``, or in the system's temporary directory.

    The last is for users without a home, which execution environments may run as: OpenShift gives them any number.
    """
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "fleet.python"
    with suppress(RuntimeError):
        of_home = Path.home() / ".cache" / "fleet.python"
        if _can_be_written(of_home):
            return of_home
    return Path(tempfile.gettempdir()) / f"fleet.python-{os.geteuid()}"


def _can_be_written(folder: Path) -> bool:
    """Whether this user may write into a folder, or make it."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


@dataclass(frozen=True, slots=True)
class Archive:
    """A ``.tar.gz`` on the controller, and its sha256: the asset's, unless it was repacked."""

    path: Path
    sha256: str


def cached_archive(
    entry: Entry, sources: Sequence[Source], skipped_sources: SkippedSources | None = None, watch: Watch = unwatched
) -> Archive:
    """The asset's archive from the cache, with its sha256 checked. A ``.tar.zst`` comes as ``.tar.gz``, for hosts.

    Raises SourceError.
    """
    original = cached_asset(entry, sources, skipped_sources, watch)
    if entry.asset.archive == "tar.gz":
        return Archive(original, entry.sha256)
    with _told(original.parent):
        return _packed_anew(entry, original, original.with_name(f"{entry.sha256}.tar.gz"))


def cached_asset(
    entry: Entry, sources: Sequence[Source], skipped_sources: SkippedSources | None = None, watch: Watch = unwatched
) -> Path:
    """The asset from the cache as it was published, with its sha256 checked. Raises SourceError."""
    directory = cache_directory() / "archives"
    most = limit()

    def fetch(target: Path) -> None:
        try:
            fetch_from(sources, entry, target, skipped_sources, watch)
        except OSError:
            # Keeping an unfinished file does not help a full disk.
            target.unlink(missing_ok=True)
            raise
        keep_within(directory, most)

    with _told(directory):
        private_folder(cache_directory(), directory.name)
        path = single_flight(
            _checked(directory / entry.sha256),
            fetch,
            good=lambda path: digest_of(path) == entry.sha256,
            resumable=True,
        )
        used(path)
        return path


def _checked(path: Path) -> Path:
    """The path, where nobody else may change the file that is there; SourceError where somebody may."""
    if os.path.lexists(path):
        check_private(path)
    return path


@contextmanager
def _told(directory: Path) -> Iterator[None]:
    """Turn an error of the cache into a SourceError that names it."""
    try:
        yield
    except OSError as error:
        raise SourceError(
            f"the controller's cache {directory} cannot be used: {error.strerror or error}; XDG_CACHE_HOME names "
            "another place, and ansible-playbook fleet.python.clean_cache empties it"
        ) from error


def _packed_anew(entry: Entry, original: Path, path: Path) -> Archive:
    """The ``.tar.gz`` at ``path``. Its digest is noted when it is made, since a later one would prove nothing."""
    _checked(path)
    note = _checked(path.with_name(path.name + ".sha256"))

    def make(target: Path) -> None:
        pack_anew(original, target, entry.asset.name)
        note.write_text(digest_of(target), encoding="ascii")

    single_flight(
        path, make, good=lambda found: note.is_file() and digest_of(found) == note.read_text(encoding="ascii")
    )
    used(path)
    return Archive(path, note.read_text(encoding="ascii"))
