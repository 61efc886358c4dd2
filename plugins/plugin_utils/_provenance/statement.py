# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statement that an attestation signs: which files it is of (in-toto's Statement v1). No I/O, no cryptography."""

from __future__ import annotations

import json
from typing import Any, Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.errors import AttestationError

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
# GitHub signs others for the same files too: bills of materials, and that a release is immutable.
PREDICATE_TYPE: Final = "https://slsa.dev/provenance/v1"


def check_statement(payload_type: str, payload: bytes, entry: Entry) -> None:
    """Check that a signed payload says of the asset who built it. Raises AttestationError with the reason."""
    if payload_type != PAYLOAD_TYPE:
        raise AttestationError(f"signs a payload of type {payload_type[:60]!r}, not a statement of in-toto")
    try:
        said = json.loads(payload)
    except (ValueError, RecursionError):
        raise AttestationError("signs a statement that is no JSON") from None
    kinds = (said.get("_type"), said.get("predicateType")) if isinstance(said, dict) else (None, None)
    if kinds != (STATEMENT_TYPE, PREDICATE_TYPE):
        raise AttestationError(f"says {str(kinds[1])[:60]!r}, and not how the asset was built ({PREDICATE_TYPE})")
    subjects = said.get("subject")
    named = {name: digest for name, digest in map(_subject, subjects if isinstance(subjects, list) else ()) if name}
    if entry.asset.name in named:
        if named[entry.asset.name] != entry.sha256:
            raise AttestationError(f"is of other bytes: it says sha256 {str(named[entry.asset.name])[:64]}")
        return
    if entry.sha256 in named.values():
        other = next(name for name, digest in named.items() if digest == entry.sha256)
        raise AttestationError(f"has these bytes under another name: {other[:100]!r}")
    few = ", ".join(repr(name[:100]) for name in list(named)[:3]) or "nothing"
    raise AttestationError(f"is not of this asset, but of {few}{' and others' if len(named) > 3 else ''}")


def _subject(subject: Any) -> tuple[str | None, str | None]:
    """Name and sha256 of a subject; no name where it is none."""
    digests = subject.get("digest") if isinstance(subject, dict) else None
    name = subject.get("name") if isinstance(subject, dict) else None
    if not isinstance(name, str) or not isinstance(digests, dict):
        return None, None
    return name, digests.get("sha256")
