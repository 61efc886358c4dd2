# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real attestations of GitHub, with the files that they are of: a package on the index has them in its tests."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from .cache import Cache
from .download import pip_command
from .errors import WorldError

_PROJECT, _VERSION = "pypi-attestations", "0.0.30"
_SHA256 = "14ff13c76bbef02a483c2b77532da02bfd746b5141b881f355e06b9807434423"
_ASSETS = f"pypi_attestations-{_VERSION}/test/assets/"


def real_attestations(cache: Cache) -> Path:
    """Return the directory with the files, made where it is not there.

    Raises WorldError where the package cannot be downloaded, or is another one.
    """
    kept = cache.downloads / f"{_SHA256}.assets"
    cache.downloads.mkdir(parents=True, exist_ok=True)
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.is_dir():
            with cache.scratch() as scratch:
                _unpack(_download(scratch), scratch / "assets")
                (scratch / "assets").rename(kept)
    return kept


def as_bundle(attestation: Path) -> dict[str, Any]:
    """Return one of PyPI's attestations (PEP 740) as the bundle of Sigstore that it was made of."""
    said = json.loads(attestation.read_text(encoding="utf-8"))
    material, envelope = said["verification_material"], said["envelope"]
    return {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": material["certificate"]},
            "tlogEntries": material["transparency_entries"],
        },
        "dsseEnvelope": {
            "payload": envelope["statement"],
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": envelope["signature"]}],
        },
    }


def _download(scratch: Path) -> Path:
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"{_PROJECT}=={_VERSION} --hash=sha256:{_SHA256}\n")
    command = [
        *pip_command(), "download", "--disable-pip-version-check", "--no-cache-dir", "--no-deps", "--require-hashes",
        "--no-binary=:all:", f"--requirement={requirements}", f"--dest={scratch}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = list(scratch.glob("*.tar.gz"))
    if done.returncode != 0 or len(found) != 1:
        raise WorldError(f"pip could not download {_PROJECT} {_VERSION}: {done.stderr.strip()[-500:]}")
    if hashlib.sha256(found[0].read_bytes()).hexdigest() != _SHA256:
        raise WorldError(f"{found[0].name} is not the file that is pinned")
    return found[0]


def _unpack(archive: Path, target: Path) -> None:
    target.mkdir()
    with tarfile.open(archive) as tar:
        for member in tar:
            name = member.name.removeprefix(_ASSETS)
            if member.isreg() and name != member.name and "/" not in name:
                with tar.extractfile(member) as content, (target / name).open("wb") as out:  # type: ignore[union-attr]
                    shutil.copyfileobj(content, out)
