# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify an archive that has arrived on the host: only the right bytes may be used."""

from __future__ import annotations

import os

from ansible_collections.fleet.python.plugins.module_utils._digest import digest_of

_CHUNK = 1 << 18


class FetchError(Exception):
    """No source gave the bytes with the expected digest."""


class UnreachedError(FetchError):
    """No source gave any bytes, right or wrong. Another machine may reach one."""


def copy_checked(source: str, target: str, sha256: str) -> None:
    """Copy a file of this host. Raises FetchError for another digest, and OSError.

    Hashes the copy, since the owner of the original may change that one meanwhile.
    """
    with open(source, "rb") as original, open(target, "xb") as copy:
        for data in iter(lambda: original.read(_CHUNK), b""):
            copy.write(data)
    check_digest(target, digest_of(target), sha256, "the file that the controller sent")


def check_digest(path: str, found: str, sha256: str, origin: str) -> None:
    """Remove the file if its digest is not the expected one. Raises FetchError then."""
    if found != sha256:
        with open(path, "rb") as file:
            page = file.read(200).lstrip().startswith(b"<")
        size = os.path.getsize(path)
        os.unlink(path)
        why = ": that is a web page, of a login or a proxy perhaps" if page else ""
        raise FetchError(f"{origin} has sha256 {found} ({size} bytes), not {sha256}{why}")
