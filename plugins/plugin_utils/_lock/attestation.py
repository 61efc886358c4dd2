# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lock says of who built an asset: the record of a verified attestation."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

# What a bundle of Sigstore is called that lies beside its archive.
SUFFIX: Final = ".sigstore.json"

_SHAPES: Final[dict[str, Callable[[Any], bool]]] = {
    "repository": lambda value: _fits(r"https://[\w.:-]+/[\w./-]+", value),
    "workflow": lambda value: _fits(r"[\w./ +-]+@refs/[\w./ +@-]+", value),
    "commit": lambda value: _fits(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", value),
    "run": lambda value: _fits(r"https://[\w.:-]+/[\w./-]+", value),
    "log_index": lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63,
}


@dataclass(frozen=True, slots=True)
class Attestation:
    """Who built an asset, as its signing certificate says it (Fulcio's OIDs 1.3.6.1.4.1.57264.1)."""

    repository: str
    """The URL of the repository."""
    workflow: str
    """The workflow's file and ref, as ``.github/workflows/release.yml@refs/heads/main``."""
    commit: str
    """The repository's commit, in hex digits."""
    run: str
    """The URL of the workflow's run."""
    log_index: int
    """The number of the entry in the transparency log."""

    def __post_init__(self) -> None:
        """Raises ValueError naming the field that is not as Sigstore's are: the lock has no room for other texts."""
        for field in fields(self):
            value = getattr(self, field.name)
            if not _SHAPES[field.name](value):
                raise ValueError(f"{field.name} {str(value)[:60]!r} is none of an attestation")


FIELDS: Final = tuple(field.name for field in fields(Attestation))


def format_attestation(attestation: Attestation) -> list[str]:
    """The lines of the lock for it, one fact each, without indentation."""
    quoted = {name: f'"{value}"' if isinstance(value, str) else value for name, value in asdict(attestation).items()}
    return [f"{name}: {value}" for name, value in quoted.items()]


def _fits(shape: str, value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 300 and re.fullmatch(shape, value, re.ASCII) is not None
