# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attestations that a lock keeps: files beside it, by which it can be verified again without network."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from ansible_collections.fleet.python.plugins.plugin_utils._lock.attestation import SUFFIX
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import DirectorySource, Source, TarSource


def folder_of(path: Path) -> Path:
    """The folder beside a lock: for ``python.lock.yml`` it is ``python.lock.attestations``."""
    stem = path.name.removesuffix(".yaml").removesuffix(".yml")
    return path.with_name(f"{stem}.attestations")


def kept_by(path: Path) -> Source | None:
    """Where the attestations of a lock, or of a bundle with a lock inside, are kept. None: there is no bundle yet."""
    if path.suffix == ".tar":
        return TarSource(path) if path.is_file() else None
    return DirectorySource(path if path.is_dir() else folder_of(path))


def keep(path: Path, texts: Mapping[str, str], before: Iterable[str], after: Iterable[str]) -> None:
    """Write attestations, and remove those of assets that the lock no longer pins. Raises OSError.

    ``texts`` are bundles of Sigstore by ``<release>/<asset>``; ``before`` and ``after`` are what the lock pins.
    """
    folder = folder_of(path)
    for name, text in texts.items():
        target = folder / (name + SUFFIX)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        part.write_text(text, encoding="utf-8")
        os.replace(part, target)
    for name in set(before) - set(after):
        target = folder / (name + SUFFIX)
        target.unlink(missing_ok=True)
        for each in (target.parent, folder):
            with suppress(OSError):  # others are in it, or it was never there
                each.rmdir()


def differing(path: Path, texts: Mapping[str, str]) -> dict[str, str]:
    """Those of the attestations that are not kept so yet. Raises SourceError."""
    kept = DirectorySource(folder_of(path))
    return {name: text for name, text in texts.items() if kept.read_text(name + SUFFIX) != text}
