# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read advisories in OSV form from a directory of the controller, and the history of CPython from a clone."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from ansible_collections.fleet.python.plugins.plugin_utils._report.osv import (
    Advisories,
    Advisory,
    AdvisoryError,
    History,
    parse_advisory,
)

# In bytes. The longest of the Python Software Foundation's is 20 kB.
_LONGEST: Final = 4 * 1024 * 1024
# In seconds. git lists all 130,000 commits of CPython in one.
_TIMEOUT: Final = 120


def read_advisories(directory: str, repository: str | None) -> Advisories:
    """The advisories in ``*.json`` below a directory, with the history of a clone of CPython if one is given.

    Raises AdvisoryError naming the file, or what is wrong with the clone.
    """
    folder = Path(directory)
    if not folder.is_dir():
        raise AdvisoryError(f"advisories: {directory} is no directory of the controller")
    found = [advisory for path in sorted(_files(folder)) for advisory in _read(path)]
    return Advisories(directory, tuple(found), _history_of(repository) if repository else _no_history)


def _files(folder: Path) -> Iterable[Path]:
    for above, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(above, name) for name in files if name.endswith(".json") and not name.startswith("."))


def _read(path: Path) -> list[Advisory]:
    try:
        if not path.is_file() or path.stat().st_size > _LONGEST:
            raise AdvisoryError(f"{path} is no advisory: it is no regular file, or has more than {_LONGEST} bytes")
        value: Any = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, AdvisoryError):
            raise
        raise AdvisoryError(f"advisory {path} cannot be read as JSON: {error}") from error
    # A database may also hold one file with a list of advisories.
    values = value if isinstance(value, list) else [value]
    return [found for each in values if (found := parse_advisory(each, origin=str(path)))]


def _no_history(_commit: str) -> frozenset[str] | None:
    return None


def _history_of(repository: str) -> History:
    if not _git(repository, "rev-parse", "--verify", "--quiet", "v3.9.0^{commit}"):
        raise AdvisoryError(
            f"advisories_repository: {repository} is no clone of python/cpython with its tags, or git is not installed"
        )

    @functools.lru_cache(maxsize=64)
    def history(commit: str) -> frozenset[str] | None:
        said = _git(repository, "rev-list", commit, "--") if commit.isalnum() or commit.startswith("v") else ""
        return frozenset(said.split()) or None

    return history


def _git(repository: str, *words: str) -> str:
    """What git says; empty where it fails."""
    # The clone's own settings may name programs to run, which reading commits does not need.
    command = ["git", "-C", repository, "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null", *words]
    environment: Mapping[str, str] = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
