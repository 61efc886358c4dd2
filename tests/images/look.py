# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold of an image, whichever tool has made it."""

from __future__ import annotations

import tarfile
from collections.abc import Sequence

ROOT = "opt/python"
HOME = f"{ROOT}/cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu"
# What podman and buildah mount over in a container that runs; they leave them as empty files.
MOUNTED_OVER = {"etc/hosts", "etc/mtab", "run/.containerenv"}


def assert_only_the_build(members: Sequence[tarfile.TarInfo]) -> None:
    """The layer holds one build and its link; nothing temporary, no archive, and nothing anywhere else."""
    files = {member.name: member for member in members if not member.isdir()}
    elsewhere = {name: member for name, member in files.items() if not name.startswith(f"{HOME}/")}
    assert elsewhere.pop(f"{ROOT}/3.13").linkname == HOME.rpartition("/")[2]
    assert elsewhere.pop(f"{ROOT}/.lock").size == 0
    assert elsewhere.keys() <= MOUNTED_OVER
    assert not any(member.size for member in elsewhere.values())
    directories = {member.name for member in members if member.isdir() and not member.name.startswith(f"{HOME}/")}
    assert directories <= {"etc", "opt", "run", "tmp", ROOT, f"{ROOT}/.staging", HOME}
    # Nothing was built here, and nothing is kept to install from.
    programs = {name.rpartition("/")[2] for name in files if "/bin/" in name}
    assert not programs & {"cc", "gcc", "clang", "ld", "make", "curl", "uv"}
    assert not [name for name in files if name.endswith((".tar", ".gz", ".zst", ".part"))]
