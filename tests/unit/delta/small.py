# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two small builds that differ in every way that a delta knows, and what is made of them."""

from __future__ import annotations

import hashlib
import os
import random
import struct
from collections.abc import Mapping
from pathlib import Path

from ansible_collections.fleet.python.plugins.module_utils._archive.manifest import Contents, write_manifest
from ansible_collections.fleet.python.plugins.plugin_utils._delta.make import Tree, write_delta
from ansible_collections.fleet.python.plugins.plugin_utils._delta.split import RECORD

OLD, NEW = "0" * 64, "1" * 64
Files = Mapping[str, bytes]


def noise(seed: int, size: int) -> bytes:
    """Bytes that no packer makes smaller, the same each time."""
    return random.Random(seed).randbytes(size)


def object_file(shift: int, records: int = 2000) -> bytes:
    """An ELF file whose relocations have all moved by ``shift``."""
    table = b"".join(struct.pack("<QQq", 8 * n + shift, n % 7, shift + 40 * n) for n in range(records))
    header = struct.pack(
        "<4s2B10xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 62, 1, 0, 0, 64 + len(table), 0, 64, 0, 0, 64, 2, 0
    )
    sections = bytes(64) + struct.pack("<IIQQQQIIQQ", 0, 4, 0, 0, 64, len(table), 0, 0, 8, RECORD)
    return header + table + sections


OLD_FILES: Files = {
    "bin/python3.12": noise(1, 70_000) + b"2" * 10 + noise(2, 70_000),
    "lib/libpython3.12.so.1.0": object_file(0) + noise(3, 90_000),
    "lib/python3.12/os.py": b"import sys\n" * 900,
    "lib/python3.12/same.py": b"same = 1\n" * 50,
    "lib/python3.12/gone.py": noise(4, 5000),
    "lib/python3.12/moved.py": noise(5, 5000),
    "lib/python3.12/ssl.py": b"# it is rewritten on hosts\n" * 40,
}
NEW_FILES: Files = {
    "bin/python3.12": noise(1, 70_000) + b"6" * 30 + noise(2, 70_000),
    "lib/libpython3.12.so.1.0": object_file(160) + noise(3, 90_000),
    "lib/python3.12/os.py": b"import sys\n" * 900 + b"import stat\n",
    "lib/python3.12/same.py": b"same = 1\n" * 50,
    "lib/python3.12/new.py": noise(4, 4000) + b"new",
    "lib/python3.12/empty.py": b"",
    "lib/python3.12/below/moved.py": noise(5, 5000),
    "lib/python3.12/ssl.py": b"# it is rewritten on hosts\n" * 40,
}


def made(path: Path, files: Files) -> Path:
    """A tree of files, with a link, a hard link and an empty folder."""
    for name, content in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(0o755 if name.startswith("bin/") else 0o644)
    (path / "bin/python3").symlink_to("python3.12")
    (path / "empty").mkdir()
    os.link(path / "lib/python3.12/os.py", path / "lib/python3.12/twin.py")
    return path


def digests(tree: Path) -> dict[str, str]:
    """The sha256 of each file, by path."""
    files = [path for path in tree.rglob("*") if path.is_file() and not path.is_symlink()]
    return {str(path.relative_to(tree)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def home(path: Path, files: Files | None = None) -> Path:
    """A home with its manifest, and with the file that hosts rewrite."""
    made(path, files or OLD_FILES)
    (path / "lib/python3.12/ssl.py").write_bytes(b"rewritten")
    write_manifest(str(path), Contents(digests(path), {"bin/python3"}))
    return path


def delta(folder: Path, old: Files | None = None, new: Files | None = None) -> Path:
    """The delta from one build to the other."""
    trees = []
    for name, sha256, files in (("from", OLD, old or OLD_FILES), ("to", NEW, new or NEW_FILES)):
        path = made(folder / name, files)
        trees.append(Tree(path, sha256, digests(path)))
    write_delta(trees[0], trees[1], folder / "delta")
    return folder / "delta"


def listed(tree: Path) -> list[tuple[str, int, bytes | str]]:
    """All that a tree holds: path, mode, and content or where a link leads."""
    found: list[tuple[str, int, bytes | str]] = []
    for path in sorted(tree.rglob("*")):
        what = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else ""
        found.append((str(path.relative_to(tree)), path.lstat().st_mode, what))
    return found
