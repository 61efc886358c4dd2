# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources on the controller itself: directories, and tar files, with PBS's layout."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._sources.digest import check_digest
from ansible_collections.fleet.python.plugins.plugin_utils._sources.download import Watch, unwatched
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError
from ansible_collections.fleet.python.plugins.plugin_utils._sources.file import SourceFile
from ansible_collections.fleet.python.plugins.plugin_utils._sources.http_source import LARGEST_TEXT
from ansible_collections.fleet.python.plugins.plugin_utils._sources.tar import Member, TarError, members, pieces

_CHUNK: Final = 1 << 20


@dataclass(frozen=True)
class DirectorySource:
    """A directory of the controller."""

    path: Path
    pullable: bool = False
    authentic: bool = True

    @property
    def name(self) -> str:
        return str(self.path)

    def read_text(self, relative: str) -> str | None:
        try:
            # read_text() would change line ends, which are evidence.
            return (self.path / relative).read_bytes().decode("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(f"{self.path / relative} cannot be read: {error}") from error

    def url(self, file: SourceFile) -> str:
        return str(self.path / file.path)

    def size(self, file: SourceFile) -> int | None:
        path = self.path / file.path
        return path.stat().st_size if path.is_file() else None

    def fetch(self, file: SourceFile, target: Path, watch: Watch = unwatched) -> None:
        try:
            original = open(self.path / file.path, "rb")  # noqa: SIM115 (closed below)
        except FileNotFoundError:
            raise SourceError(f"{self.path}: has no {file.path}") from None
        except OSError as error:
            raise SourceError(f"{self.path / file.path} cannot be read: {error.strerror}") from error
        with original, open(target, "wb") as copy:
            shutil.copyfileobj(original, copy, _CHUNK)
        check_digest(target, file.sha256, str(self.path / file.path))


@dataclass(frozen=True)
class TarSource:
    """A plain .tar of the controller, such as M(fleet.python.bundle) writes."""

    path: Path
    pullable: bool = False
    authentic: bool = True

    @property
    def name(self) -> str:
        return str(self.path)

    def read_text(self, relative: str) -> str | None:
        member = self._member(relative)
        if member is None:
            return None
        if member.size > LARGEST_TEXT:
            raise SourceError(f"{self.path}: {relative} has {member.size} bytes: that is no such text")
        try:
            return b"".join(pieces(self.path, member)).decode("utf-8")
        except (OSError, TarError, UnicodeDecodeError) as error:
            raise SourceError(f"{self.path}: {relative} cannot be read: {error}") from error

    def url(self, file: SourceFile) -> str:
        return f"{self.path}:{file.path}"

    def size(self, file: SourceFile) -> int | None:
        member = self._member(file.path)
        return member.size if member else None

    def fetch(self, file: SourceFile, target: Path, watch: Watch = unwatched) -> None:
        member = self._member(file.path)
        if member is None:
            raise SourceError(f"{self.path}: has no {file.path}")
        with open(target, "wb") as copy:
            try:
                copy.writelines(pieces(self.path, member))
            except TarError as error:
                raise SourceError(str(error)) from error
        check_digest(target, file.sha256, self.url(file))

    def _member(self, name: str) -> Member | None:
        try:
            return members(self.path).get(name)
        except TarError as error:
            raise SourceError(str(error)) from error
        except OSError as error:
            raise SourceError(f"{self.path} cannot be read: {error.strerror}") from error


def local_source(text: str) -> DirectorySource | TarSource:
    """A directory, or a tar file. Raises SourceError where the path is neither."""
    path = Path(os.path.expanduser(text)).absolute()
    if text and path.is_dir():
        return DirectorySource(path)
    if not text or not path.is_file():
        raise SourceError(f"source {text!r} is no directory or .tar of the controller, and no http(s) URL either")
    if path.suffix != ".tar":
        raise SourceError(
            f"source {text!r} is a file: name the directory below which archives lie as <release>/<asset>, "
            "or a plain .tar of it, as fleet.python.bundle writes it"
        )
    return TarSource(path)
