# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the files of a report on the controller: each one whole, or as it was."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import quote


class ReportError(ValueError):
    """A report cannot be made or written."""


def write_all(texts: Mapping[Path, str]) -> None:
    """Write every text to its path. Nothing is replaced before all of them are on the disk.

    Raises ReportError naming the path.
    """
    with ExitStack() as stack:
        ready = [(_written(path, text, stack), path) for path, text in texts.items()]
        for temporary, path in ready:
            try:
                os.replace(temporary, path)
            except OSError as error:
                raise ReportError(f"{path} cannot be written: {error.strerror or error}") from error


def _written(path: Path, text: str, stack: ExitStack) -> str:
    """A new file beside ``path``, which is removed if it is not renamed."""
    try:
        if path.is_dir():
            raise ReportError(f"{path} is a directory: name a file in it")
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        stack.callback(_remove, name)
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.write(text)
            file.flush()
            # What hosts have is for those who may read the directory, unless the file has had another mode.
            mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
    except OSError as error:
        raise ReportError(f"{path} cannot be written: {error.strerror or error}; nothing was written") from error
    return name


def _umask() -> int:
    """This process's umask, from the kernel: to ask by os.umask would change it for other threads."""
    with suppress(OSError, ValueError), open("/proc/self/status", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    return 0o022


def _remove(name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name)


def file_name(host: str) -> str:
    """The name of a file for a host. No two hosts share one, and none leads elsewhere."""
    name = quote(host, safe=" @:+,=")
    return f"%2E{name[1:]}" if name.startswith(".") else name
