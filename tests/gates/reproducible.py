# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same files give the same archive, byte for byte: ``ansible-galaxy`` alone writes times and the disk's order."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from .places import REPOSITORY

_FILES, _MANIFEST = "FILES.json", "MANIFEST.json"


def source_date() -> int:
    """Return the archive's time in seconds: SOURCE_DATE_EPOCH (reproducible-builds.org), or the last commit's."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    command = ["git", "log", "-1", "--format=%ct"]
    return int(subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout)


def pack_again(archive: Path, when: int) -> None:
    """Replace an archive of ``ansible-galaxy`` by the same one in a fixed order, with one time for everything."""
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        contents = {each.name: _content(tar, each) for each in members}
    files = json.loads(contents[_FILES])
    files["files"].sort(key=lambda each: str(each["name"]))
    contents[_FILES] = _dumped(files)
    manifest = json.loads(contents[_MANIFEST])
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(contents[_FILES]).hexdigest()
    contents[_MANIFEST] = _dumped(manifest)
    first = {_MANIFEST: 0, _FILES: 1}
    part = archive.with_name(archive.name + ".part")
    with (
        part.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=when) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for member in sorted(members, key=lambda each: (first.get(each.name, 2), each.name)):
            member.mtime, member.pax_headers = when, {}
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.size = len(contents[member.name])
            tar.addfile(member, io.BytesIO(contents[member.name]) if member.isreg() else None)
    part.replace(archive)


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member) if member.isreg() else None
    return file.read() if file else b""


def _dumped(value: Any) -> bytes:
    """The form that ansible-galaxy gives both files."""
    return json.dumps(value, indent=True).encode()
