# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one cache directory: where things lie in it, what is finished, and who may write."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .output import say


def cache_directory(environ: Mapping[str, str] | None = None) -> Path:
    """Return the cache directory: FLEET_PYTHON_CACHE, else fleet-python below the user's cache directory."""
    environ = os.environ if environ is None else environ
    if chosen := environ.get("FLEET_PYTHON_CACHE"):
        return Path(chosen).absolute()
    base = environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "fleet-python"


def recipe_hash(*parts: object) -> str:
    """Return a short hash of everything that decides what a product becomes."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=repr).encode()).hexdigest()[:16]


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Stamp:
    """A finished product: the hash of its recipe, and its file's size in bytes and sha256."""

    recipe: str
    size: int
    sha256: str


class Cache:
    """The cache directory's layout, and the stamps that say what in it is finished."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or cache_directory()
        self.mirror = self.root / "mirror"
        self.images = self.root / "images"
        self.collections = self.root / "collections"
        self.downloads = self.root / "downloads"
        self.podman = self.root / "podman"
        self._stamps = self.root / "stamps"
        self._scratch = self.root / "tmp"
        self._lock = self.root / "lock"

    def _stamp_path(self, product: str) -> Path:
        return self._stamps / (product.replace("/", "=") + ".json")

    def stamp(self, product: str) -> Stamp | None:
        """Return the stamp of a product, or None where it was never finished."""
        try:
            return Stamp(**json.loads(self._stamp_path(product).read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def is_current(self, product: str, recipe: str, path: Path) -> bool:
        """Say whether the product was made by this recipe and its file still has its size."""
        stamp = self.stamp(product)
        if stamp is None or stamp.recipe != recipe:
            return False
        try:
            return path.stat().st_size == stamp.size
        except FileNotFoundError:
            return False

    def publish(self, product: str, recipe: str, made: Path, path: Path) -> Stamp:
        """Rename a finished file to its place, then stamp it; a kill in between costs a rebuild, nothing else."""
        stamp = Stamp(recipe, made.stat().st_size, file_sha256(made))
        self._stamp_path(product).unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        made.rename(path)
        self.write_text(self._stamp_path(product), json.dumps(vars(stamp)) + "\n")
        return stamp

    def write_text(self, path: Path, text: str) -> None:
        """Write a small file by rename; leave it alone where it has this text already."""
        if path.is_file() and path.read_text() == text:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(text)
        temporary.rename(path)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give an empty directory in the cache's file system, for the block only."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        directory = Path(tempfile.mkdtemp(dir=self._scratch))
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def remove(self) -> list[Path]:
        """Remove what the test world put into the cache directory, and the directory; return what of others stays."""
        ours = (self.mirror, self.images, self.collections, self.downloads, self.podman, self._stamps, self._scratch)
        for directory in ours:
            if directory.is_dir():
                shutil.rmtree(directory)
        self._lock.unlink(missing_ok=True)
        others = sorted(self.root.iterdir())
        if not others:
            self.root.rmdir()
        return others

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Let one builder at a time into the cache; what a killed one left in scratch is removed."""
        self.root.mkdir(parents=True, exist_ok=True)
        with self._lock.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"another build is using {self.root}: waiting for it")
                fcntl.flock(file, fcntl.LOCK_EX)
            shutil.rmtree(self._scratch, ignore_errors=True)
            yield
