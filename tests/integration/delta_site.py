# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A source with two patch versions that differ in little, so that a delta between them is made in seconds."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

from tests.integration.playbook import Controller
from tests.world.cache import Cache

TRIPLE = "x86_64-unknown-linux-musl"
_KIND = f"{TRIPLE}-install_only_stripped.tar.gz"
OLD = f"20250990/cpython-3.12.5+20250990-{_KIND}"
NEW = f"20250992/cpython-3.12.6+20250992-{_KIND}"
LOCK = "python.lock.yml"
_HERE = {"here": {"ansible_connection": "local"}}


def two_patches(directory: Path, world: Cache) -> Path:
    """The world's 3.12.6 for Alpine, and the same one as 3.12.5: only what it says of its version differs."""
    for name in (OLD, NEW):
        (directory / name).parent.mkdir(parents=True)
    (directory / NEW).hardlink_to(world.mirror / NEW)
    with tarfile.open(directory / NEW) as new, tarfile.open(directory / OLD, "w:gz", compresslevel=1) as old:
        for member in new:
            content = new.extractfile(member).read() if member.isreg() else b""  # type: ignore[union-attr]
            if content.startswith(b"\x7fELF"):
                content = content.replace(b"3.12.6", b"3.12.5")
            old.addfile(member, io.BytesIO(content) if member.isreg() else None)
    sums = [f"{hashlib.sha256((directory / name).read_bytes()).hexdigest()}  {name}\n" for name in (OLD, NEW)]
    (directory / "SHA256SUMS").write_text("".join(sums))
    return directory


def lock_of(path: Path, controller: Controller, source: Path, *arguments: str) -> dict[str, Any]:
    """Write the lock of 3.12 there; the task's result."""
    task = {"path": str(path), "version": "3.12", "triples": [TRIPLE], "source": str(source), "catalogue": "source"}
    ran = controller.play(_HERE, [{"fleet.python.lock": task}], arguments=arguments)
    return ran.outcomes[0].result


def bundle_of(path: Path, controller: Controller, source: str, *arguments: str, **options: Any) -> dict[str, Any]:
    """Write a bundle; the task's result, which must be good."""
    task = {"path": str(path), "source": [source], "catalogue": "source", **options}
    return controller.play(_HERE, [{"fleet.python.bundle": task}], arguments=arguments).outcomes[0].ok()
