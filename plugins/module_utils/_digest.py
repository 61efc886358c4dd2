# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compute the sha256 of a file on the host."""

from __future__ import annotations

import hashlib

_CHUNK = 1 << 18


def digest_of(path: str) -> str:
    """The sha256 of a file in hex. hashlib.file_digest exists only since Python 3.11. Raises OSError."""
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while True:
            data = file.read(_CHUNK)
            if not data:
                return digest.hexdigest()
            digest.update(data)
