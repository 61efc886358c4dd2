# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources that were skipped for another. A run names each once, however many hosts and forks it has."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import UnreachedError


class SkippedSources:
    """Collects ``notes``, which a task shows as its warnings.

    ``run_directory`` is one that the processes of a run share; without it, nothing is known of the others.
    """

    def __init__(self, run_directory: Path | None = None) -> None:
        self.notes: list[str] = []
        self._directory = run_directory / "fleet.python" if run_directory else None

    def add(self, name: str, error: Exception | str) -> None:
        """Note why the source ``name`` was skipped, unless this run has said so before."""
        if isinstance(error, UnreachedError):
            self.mark_down(name)
        if self.first("passed-over", name):
            self.notes.append(f"{error}; skipped for the next source")

    def is_down(self, name: str) -> bool:
        """Whether this run has found that the source does not answer."""
        return self._directory is not None and self._mark(self._directory, "down", name).exists()

    def mark_down(self, name: str) -> None:
        """Remember that the source does not answer: this run asks it last."""
        self.first("down", name)

    def first(self, kind: str, name: str) -> bool:
        """Whether this run comes to a thing of that kind for the first time, in any of its processes."""
        if self._directory is None:
            return True
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._mark(self._directory, kind, name).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _mark(self, directory: Path, kind: str, name: str) -> Path:
        return directory / f"{kind}-{hashlib.sha256(name.encode()).hexdigest()}"
