# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small archives made by the standard library's tarfile, sound and hostile, and what lies on a disk afterwards."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
from pathlib import Path
from typing import Final, Literal

Format = Literal[0, 1, 2]
USTAR: Final = tarfile.USTAR_FORMAT
GNU: Final = tarfile.GNU_FORMAT
PAX: Final = tarfile.PAX_FORMAT
FORMATS: Final[dict[str, Format]] = {"ustar": USTAR, "gnu": GNU, "pax": PAX}

BLOCK = 512

Item = tuple[tarfile.TarInfo, bytes]


def file(name: str, content: bytes = b"", mode: int = 0o644, kind: bytes = tarfile.REGTYPE) -> Item:
    info = tarfile.TarInfo(name)
    info.mode = mode
    info.size = len(content)
    info.type = kind
    return info, content


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE, mode: int = 0o777) -> Item:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    info.mode = mode
    return info, b""


def hard_link(name: str, target: str) -> Item:
    return link(name, target, tarfile.LNKTYPE, 0o644)


def folder(name: str, mode: int = 0o755) -> Item:
    return file(name, b"", mode, tarfile.DIRTYPE)


def tar(*items: Item, form: Format = GNU, pax: dict[str, str] | None = None) -> bytes:
    """An uncompressed archive; ``pax`` are global headers."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form, pax_headers=pax, errors="surrogateescape") as archive:
        for info, content in items:
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def packed(path: Path, data: bytes) -> str:
    """``data`` as a gzip file at ``path``."""
    path.write_bytes(gzip.compress(data, 1, mtime=0))
    return str(path)


def with_checksum(header: bytes) -> bytes:
    """A header block with the checksum that fits it (POSIX.1-1988 ustar: the field itself counts as blanks)."""
    total = sum(header[:148]) + sum(header[156:]) + 8 * 0x20
    return header[:148] + b"%06o\0 " % total + header[156:]


def contents(directory: Path) -> dict[str, tuple[str, object, int]]:
    """What lies below a directory: kind, content or target, mode."""
    found: dict[str, tuple[str, object, int]] = {}
    for base, folders, files in os.walk(directory):
        for name in folders + files:
            path = Path(base, name)
            status = path.lstat()
            mode = stat.S_IMODE(status.st_mode)
            shown = str(path.relative_to(directory))
            if path.is_symlink():
                found[shown] = ("link", os.readlink(path), 0)
            elif path.is_dir():
                found[shown] = ("folder", None, mode)
            else:
                found[shown] = ("file", path.read_bytes(), mode)
    return found
