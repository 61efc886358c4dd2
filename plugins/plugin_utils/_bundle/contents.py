# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List what a bundle holds: the archives of a lock, the lock, and the index of a source. No I/O here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry, format_sums, newest_first
from ansible_collections.fleet.python.plugins.plugin_utils._builds.deltas import Delta
from ansible_collections.fleet.python.plugins.plugin_utils._lock.attestation import SUFFIX
from ansible_collections.fleet.python.plugins.plugin_utils._lock.store import BUNDLED_LOCK
from ansible_collections.fleet.python.plugins.plugin_utils._sources.index import LATEST, SUMS

KEPT: Final = "kept"
ADDED: Final = "added"
REPLACED: Final = "replaced"

_UPSTREAM: Final = "https://github.com/astral-sh/python-build-standalone/releases"


@dataclass(frozen=True, slots=True)
class BundleFile:
    """One file of a bundle."""

    name: str
    """Below the bundle, such as ``20250317/SHA256SUMS``."""
    sha256: str
    content: Entry | Delta | bytes
    """The asset; or the delta to one; or the bytes of a small file."""


def contents(
    lock_text: str,
    entries: Sequence[Entry],
    attestations: Mapping[str, str] | None = None,
    carriers: Mapping[str, bytes] | None = None,
    deltas: Iterable[Delta] = (),
) -> tuple[BundleFile, ...]:
    """Every file of a lock's bundle, in the order of writing.

    The lock comes first, since it says what the rest is to be; SHA256SUMS last, as upstream has it: where it is, all
    that it names is there. ``entries`` are what the lock pins, sorted by path, at least one.
    ``attestations`` are bundles of Sigstore by ``<release>/<asset>``; each lies beside its archive.
    ``carriers`` are those of boot scripts, by their names. ``deltas`` are those that the lock names.
    """
    releases = newest_first({entry.release for entry in entries})
    texts = {
        f"{release}/{SUMS}": format_sums([entry for entry in entries if entry.release == release], with_release=False)
        for release in releases
    }
    texts[LATEST] = _latest_text(releases[0])
    texts[SUMS] = format_sums(entries)
    return (
        _text(BUNDLED_LOCK, lock_text),
        *(BundleFile(entry.path, entry.sha256, entry) for entry in entries),
        *(BundleFile(delta.path, delta.sha256, delta) for delta in deltas),
        *(_text(path + SUFFIX, text) for path, text in sorted((attestations or {}).items())),
        *(_small(name, data) for name, data in sorted((carriers or {}).items())),
        *(_text(name, text) for name, text in texts.items()),
    )


def actions(files: Sequence[BundleFile], found: Mapping[str, str]) -> dict[str, str]:
    """The action for each file, by name. ``found`` has the sha256 of each that is there."""
    return {
        file.name: ADDED if file.name not in found else KEPT if found[file.name] == file.sha256 else REPLACED
        for file in files
    }


def _text(name: str, text: str) -> BundleFile:
    return _small(name, text.encode())


def _small(name: str, content: bytes) -> BundleFile:
    return BundleFile(name, hashlib.sha256(content).hexdigest(), content)


def _latest_text(tag: str) -> str:
    """latest-release.json in upstream's form, with upstream's URLs, as in any copy of that file."""
    fields = {
        "version": 1,
        "tag": tag,
        "release_url": f"{_UPSTREAM}/tag/{tag}",
        "asset_url_prefix": f"{_UPSTREAM}/download/{tag}",
    }
    return json.dumps(fields, indent=2) + "\n"
