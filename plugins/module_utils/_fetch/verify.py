# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify an archive that has arrived on the host: only the right bytes may be used."""

from __future__ import annotations

import os

from ansible_collections.fleet.python.plugins.module_utils._digest import digest_of

_CHUNK = 1 << 18
# How many of a file's first bytes tell what it is.
BEGINNING = 512
WEB_PAGE = ": that is a web page, of a login or a proxy perhaps"
# Buckets do so with objects that have this metadata (Google Cloud Storage, "Transcoding of gzip-compressed files").
UNPACKED = (
    "it sends the archive unpacked, not as it was published: its server, or a proxy, unpacks on the way; "
    "remove the metadata Content-Encoding from the object"
)


class FetchError(Exception):
    """No source gave the bytes with the expected digest."""


class UnreachedError(FetchError):
    """No source gave any bytes, right or wrong. Another machine may reach one."""


class UnpackedError(UnreachedError):
    """A source gave what is in the archive in place of the archive. Whoever accepts gzip may get the archive."""


def copy_checked(source: str, target: str, sha256: str) -> None:
    """Copy a file of this host. Raises FetchError for another digest, and OSError.

    Hashes the copy, since the owner of the original may change that one meanwhile.
    """
    with open(source, "rb") as original, open(target, "xb") as copy:
        for data in iter(lambda: original.read(_CHUNK), b""):
            copy.write(data)
    check_digest(target, digest_of(target), sha256, "the file that the controller sent")


def check_digest(path: str, found: str, sha256: str, origin: str) -> None:
    """Remove the file if its digest is not the expected one. Raises FetchError then, UnpackedError for a tar."""
    if found != sha256:
        with open(path, "rb") as file:
            beginning = file.read(BEGINNING)
        size = os.path.getsize(path)
        os.unlink(path)
        if is_unpacked(beginning) and origin.startswith("http"):
            raise UnpackedError(f"{origin}: {UNPACKED}, or set transfer to push")
        why = WEB_PAGE if is_page(beginning) else ""
        raise FetchError(f"{origin} has sha256 {found} ({size} bytes), not {sha256}{why}")


def is_unpacked(beginning: bytes) -> bool:
    """Whether a file that should be packed is the plain tar that was in it, by its first bytes (POSIX, ustar)."""
    return beginning[257:262] == b"ustar"


def is_page(beginning: bytes) -> bool:
    """Whether a file is a web page, by its first bytes."""
    return beginning[:200].lstrip().startswith(b"<")
