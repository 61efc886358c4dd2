# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mirrors of builds that differ from the real ones in one thing, with sums of their own."""

from __future__ import annotations

import hashlib
import io
import shutil
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

# Takes a member and its bytes (empty but for files); returns the new ones, None to leave the member out.
Change = Callable[[tarfile.TarInfo, bytes], "tuple[tarfile.TarInfo, bytes] | None"]


class Mirror:
    """A directory that is to be served, with the layout of the release mirror."""

    def __init__(self, directory: Path, world: Path) -> None:
        self.directory = directory
        self._world = world
        self._sums: dict[str, str] = {}

    def add(self, asset: str, name: str | None = None) -> Mirror:
        """Add an asset (``<release>/<file>``) as it is, under another such name where ``name`` says so."""
        target = self._target(asset, name)
        shutil.copyfile(self._world / asset, target)
        return self._added(target)

    def add_changed(self, asset: str, change: Change, name: str | None = None) -> Mirror:
        """Add an asset with ``change`` applied to each of its members."""
        target = self._target(asset, name)
        with tarfile.open(self._world / asset) as real, tarfile.open(target, "w:gz", compresslevel=1) as made:
            for member in real:
                file = real.extractfile(member) if member.isreg() else None
                changed = change(member, file.read() if file else b"")
                if changed is None:
                    continue
                member, data = changed
                member.size = len(data) if member.isreg() else 0
                made.addfile(member, io.BytesIO(data) if member.isreg() else None)
        return self._added(target)

    def _target(self, asset: str, name: str | None) -> Path:
        target = self.directory / (name or asset)
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _added(self, target: Path) -> Mirror:
        with target.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._sums[str(target.relative_to(self.directory))] = digest
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(self._sums.items()))
        (self.directory / "SHA256SUMS").write_text(lines)
        return self


def without(*names: str) -> Change:
    """Leave out the members of these names, and what is below them (``lib/python3.13/ssl.py``)."""
    paths = tuple(f"python/{name}" for name in names)

    def change(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes] | None:
        gone = member.name in paths or member.name.startswith(tuple(f"{path}/" for path in paths))
        return None if gone else (member, data)

    return change


def executable_stack(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    """Let libpython (64 bits, little-endian) ask for an executable stack. In such releases libpython3.so does not."""
    if "/lib/libpython3." in member.name and not member.name.endswith("libpython3.so") and data:
        changed = bytearray(data)
        (offset,) = struct.unpack_from("<Q", data, 32)
        size, count = struct.unpack_from("<HH", data, 54)
        for start in range(offset, offset + size * count, size):
            if struct.unpack_from("<I", data, start) == (0x6474E551,):
                struct.pack_into("<I", changed, start + 4, 7)
        data = bytes(changed)
    return member, data


def script_in_place_of(name: str, text: str) -> Change:
    """Put a shell script where the interpreter (``bin/python3.13``) was."""

    def change(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes] | None:
        return (member, text.encode()) if member.name == f"python/{name}" else (member, data)

    return change
