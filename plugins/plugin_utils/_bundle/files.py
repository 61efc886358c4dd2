# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bundle on the controller's disk, a directory or a plain tar: read it, compare it, write it whole."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._builds.deltas import Delta
from ansible_collections.fleet.python.plugins.plugin_utils._bundle.contents import KEPT, BundleFile
from ansible_collections.fleet.python.plugins.plugin_utils._lock.attestation import SUFFIX
from ansible_collections.fleet.python.plugins.plugin_utils._lock.store import BUNDLED_LOCK, read_lock, read_lock_text
from ansible_collections.fleet.python.plugins.plugin_utils._sources import tar as _tar
from ansible_collections.fleet.python.plugins.plugin_utils._sources.digest import digest_of

_CHUNK: Final = 1 << 20
# 2024-01-01, as upstream has it in its archives: the same bundle has the same bytes.
_MTIME: Final = 1704067200
_PACKED: Final = (".gz", ".tgz", ".xz", ".txz", ".bz2", ".zst", ".zip")

# Gets an asset, or a delta, to the controller. Returns its path there, with the sha256 checked.
Get = Callable[[Entry | Delta], Path]


class BundleError(ValueError):
    """A bundle cannot be written."""


class Bundle(Protocol):
    """A bundle at a path, existing or new."""

    @property
    def path(self) -> Path:
        """The directory or the tar file."""

    def lock_text(self) -> str | None:
        """The text of the lock inside; None where there is no bundle yet. Raises BundleError, LockError, TarError."""

    def digests(self, names: Sequence[str]) -> dict[str, str]:
        """The sha256 of each of these files that is there. Raises TarError, OSError."""

    def stale(self, files: Sequence[BundleFile]) -> tuple[str, ...]:
        """Files there that do not belong to the bundle. Raises LockError, TarError, OSError."""

    def write(self, files: Sequence[BundleFile], actions: Mapping[str, str], stale: Sequence[str], get: Get) -> None:
        """Write these files. Raises BundleError, OSError, and what ``get`` raises."""


def bundle_at(path: Path) -> Bundle:
    """A directory, or where the name ends in ``.tar`` a tar. Raises BundleError for what can be neither."""
    if path.suffix in _PACKED:
        raise BundleError(f"{path}: a bundle is a directory or a plain .tar, since its archives are compressed already")
    if path.suffix == ".tar":
        return TarBundle(path)
    if path.exists() and not path.is_dir():
        raise BundleError(f"{path} is a file: name a directory, or a file whose name ends in .tar")
    return DirectoryBundle(path)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Write one at a time, since the hosts of a play and other runs write the same bundle. Raises BundleError."""
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise BundleError(f"{path.parent}, where the bundle is to be, cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


@dataclass(frozen=True)
class DirectoryBundle:
    """A bundle with each file for itself: what is finished stays, and the next run resumes one that was cut off."""

    path: Path

    def lock_text(self) -> str | None:
        if not self.path.exists() or not any(self.path.iterdir()):
            return None
        if not (self.path / BUNDLED_LOCK).is_file():
            raise BundleError(
                f"{self.path} holds other things and no {BUNDLED_LOCK}, so it is no bundle: name an empty directory, "
                "or one that is not there yet"
            )
        return read_lock_text(self.path)

    def digests(self, names: Sequence[str]) -> dict[str, str]:
        return {name: digest_of(self.path / name) for name in names if (self.path / name).is_file()}

    def stale(self, files: Sequence[BundleFile]) -> tuple[str, ...]:
        """Files that the lock named before, and their attestations. Other files are left alone."""
        if self.lock_text() is None:
            return ()
        wanted = {file.name for file in files}
        lock = read_lock(self.path)
        paths = [entry.path for entry in lock.entries()]
        former = [name for path in paths for name in (path, path + SUFFIX) if path not in wanted]
        former += [path for path in lock.deltas() if path not in wanted]
        return tuple(name for name in former if (self.path / name).is_file())

    def write(self, files: Sequence[BundleFile], actions: Mapping[str, str], stale: Sequence[str], get: Get) -> None:
        self.path.mkdir(exist_ok=True)
        for file in files:
            if actions[file.name] != KEPT:
                (self.path / file.name).parent.mkdir(exist_ok=True)
                with _opened(file, get) as content:
                    _write_file(self.path / file.name, file, content)
        for name in stale:
            (self.path / name).unlink()
            sums = (self.path / name).with_name("SHA256SUMS")
            if str(sums.relative_to(self.path)) not in actions:
                sums.unlink(missing_ok=True)
            with suppress(OSError):  # others of the release are there
                sums.parent.rmdir()


@dataclass(frozen=True)
class TarBundle:
    """A bundle in one file, always written whole. Archives come from the controller's cache the next time."""

    path: Path

    def lock_text(self) -> str | None:
        return read_lock_text(self.path) if self.path.exists() else None

    def digests(self, names: Sequence[str]) -> dict[str, str]:
        there = self._members()
        return {name: _digest(_tar.pieces(self.path, there[name])) for name in names if name in there}

    def stale(self, files: Sequence[BundleFile]) -> tuple[str, ...]:
        return tuple(sorted(self._members().keys() - {file.name for file in files}))

    def write(self, files: Sequence[BundleFile], actions: Mapping[str, str], stale: Sequence[str], get: Get) -> None:
        there = self._members()
        # All share one name, since only one writes at a time. The file of a killed run is overwritten.
        part = self.path.with_name(self.path.name + ".part")
        try:
            with tarfile.open(part, "w:", format=tarfile.PAX_FORMAT) as tar:
                for file in files:
                    if actions[file.name] == KEPT:
                        with open(self.path, "rb") as content:
                            content.seek(there[file.name].offset)
                            _add(tar, file, content, there[file.name].size)
                    else:
                        with _opened(file, get) as content:
                            size = content.seek(0, os.SEEK_END)
                            content.seek(0)
                            _add(tar, file, content, size)
            _to_disk(part)
            part.rename(self.path)
        finally:
            part.unlink(missing_ok=True)

    def _members(self) -> Mapping[str, _tar.Member]:
        return _tar.members(self.path) if self.path.exists() else {}


class _Hashed:
    """A file whose bytes are hashed as they are read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def read(self, size: int) -> bytes:
        piece = self._file.read(size)
        self._hash.update(piece)
        return piece

    def refuse_other_than(self, file: BundleFile) -> None:
        if self._hash.hexdigest() != file.sha256:
            raise BundleError(f"{file.name} was changed while it was copied: run again")


@contextmanager
def _opened(file: BundleFile, get: Get) -> Iterator[BinaryIO]:
    content = io.BytesIO(file.content) if isinstance(file.content, bytes) else open(get(file.content), "rb")  # noqa: SIM115
    with content:
        yield content


def _write_file(target: Path, file: BundleFile, content: BinaryIO) -> None:
    part = target.with_name(f".{target.name}.part")
    hashed = _Hashed(content)
    try:
        with open(part, "wb") as out:
            while piece := hashed.read(_CHUNK):
                out.write(piece)
        hashed.refuse_other_than(file)
        _to_disk(part)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def _add(tar: tarfile.TarFile, file: BundleFile, content: BinaryIO, size: int) -> None:
    member = tarfile.TarInfo(file.name)
    member.size = size
    member.mtime = _MTIME
    member.mode = 0o644
    hashed = _Hashed(content)
    tar.addfile(member, hashed)  # type: ignore[arg-type] # it reads, and nothing else
    hashed.refuse_other_than(file)


def _to_disk(path: Path) -> None:
    """Sync to the disk, since a stick may be pulled out soon."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def _digest(pieces: Iterator[bytes]) -> str:
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
    return found.hexdigest()
