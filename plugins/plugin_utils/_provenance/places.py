# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The places that the option ``attestation_source`` names."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from ansible_collections.fleet.python.plugins.module_utils._fetch.web import shown
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.beside import Beside, Place
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.errors import AttestationError
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.github import API, GithubApi, token_of
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.signer import Signer
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import access_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import (
    UPSTREAM,
    HttpSource,
    Source,
    sources_of,
)

# GitHub's own API; with a URL after a colon that of a GitHub Enterprise.
GITHUB: Final = "github"
# The task's sources of archives.
SOURCE: Final = "source"


def places_of(options: Mapping[str, Any], sources: Sequence[Source], signer: Signer) -> tuple[Place, ...]:
    """The places of a task's options, those on the controller first. Raises AttestationError, SourceError."""
    found: list[Place] = []
    access = access_of(options)
    for text in options["attestation_source"]:
        if text == GITHUB or text.startswith(f"{GITHUB}:"):
            base = _api(text.removeprefix(GITHUB).removeprefix(":") or API)
            token = token_of(options["attestation_token"], os.environ, base)
            found.append(GithubApi(base, signer.repository, access, token))
        elif text == SOURCE:
            # Upstream has attestations at the API only.
            found += [Beside(source) for source in sources if source.name not in UPSTREAM]
        else:
            found += map(Beside, sources_of([text], access))
    return tuple(sorted(found, key=lambda place: not place.local))


def _api(url: str) -> str:
    """The API's URL. A token and what is believed are sent by https only, but to this machine itself."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and HttpSource(url).authentic
    except ValueError:
        sound = False
    if not sound:
        raise AttestationError(
            f"attestation_source: after {GITHUB}: stands the https URL of an API, such as "
            f"https://github.example.com/api/v3, and not {shown(url)[:100]!r}"
        )
    return url.rstrip("/")
