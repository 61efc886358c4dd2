# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attestations that lie beside their archives, as ``<release>/<asset>.sigstore.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol

from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._lock.attestation import SUFFIX
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.errors import AttestationError
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.github import MOST_BUNDLES
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import HttpSource, Source


class Place(Protocol):
    """Where attestations come from."""

    @property
    def name(self) -> str:
        """Its name in messages, without secrets."""

    @property
    def local(self) -> bool:
        """Whether it is on the controller itself."""

    def bundles(self, entry: Entry) -> list[str] | None:
        """The bundles of an asset, each as JSON; None where it has none. Raises AttestationError, SourceError."""


@dataclass(frozen=True)
class Beside:
    """A source of archives that has their attestations too."""

    source: Source

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def local(self) -> bool:
        return not isinstance(self.source, HttpSource)

    def bundles(self, entry: Entry) -> list[str] | None:
        text = self.source.read_text((entry.path if self.local else entry.url_path) + SUFFIX)
        return None if text is None else parse_bundles(text, origin=f"{self.name}: {entry.path}{SUFFIX}")


def parse_bundles(text: str, *, origin: str) -> list[str]:
    """The bundles of a file: one as JSON, or one on each line, as ``gh attestation download`` writes them.

    Raises AttestationError naming ``origin``.
    """
    for texts in ([text], text.splitlines()):
        filled = [each for each in texts if each.strip()]
        if filled and all(map(_is_object, filled)):
            if len(filled) > MOST_BUNDLES:
                raise AttestationError(f"{origin} has {len(filled)} bundles; {MOST_BUNDLES} are read")
            return filled
    raise AttestationError(f"{origin} is no bundle of Sigstore in JSON: {text.strip()[:60]!r}")


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
