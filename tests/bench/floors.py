# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the time of a fresh install goes: what parts of it take by themselves, in whole processes."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from .filesystem import fresh
from .measure import Contender, Result, Sample, sample, side_by_side

_PYTHON = "/usr/bin/python3"
_IMPORTS = """
import sys
sys.dont_write_bytecode = True
sys.path.append(sys.argv[1])
import ansible_collections.fleet.python.plugins.module_utils._home.apply
"""
_READ = """
import sys, {module}
with open(sys.argv[1], "rb") as file:
    {each}
    while data := file.read(1 << 18):
        each(data)
"""
_INFLATE = _READ.format(module="zlib", each="each = zlib.decompressobj(31).decompress")
_HASH = _READ.format(module="hashlib", each="each = hashlib.sha256().update")


def floors(archive: Path, collections: Path, rounds: int) -> dict[str, Result]:
    """By what is done. Debian's Python does it, where it is not GNU tar."""
    contenders: dict[str, Contender] = {
        "Python starts": partial(sample, [_PYTHON, "-I", "-c", ""]),
        "it starts, and imports what the module needs": partial(
            sample, [_PYTHON, "-I", "-c", _IMPORTS, str(collections)]
        ),
        "it starts, and takes the archive's sha256": partial(sample, [_PYTHON, "-I", "-c", _HASH, archive]),
        "it starts, and inflates the archive": partial(sample, [_PYTHON, "-I", "-c", _INFLATE, archive]),
        "tar --gzip": partial(_tar, "--gzip", archive),
    }
    return side_by_side(contenders, rounds)


def _tar(how: str, archive: Path) -> Sample:
    with fresh("tar") as directory:
        return sample(["tar", "--extract", how, "--no-same-owner", "--file", archive, "--directory", directory])
