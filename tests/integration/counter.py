# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes by which a connection reaches a host, counted."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.integration.target import Target


class Counter:
    """Stands before the programs by which connections reach hosts, and notes each start with its first argument."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._log = directory / "starts"
        directory.mkdir()

    def before(self, target: Target) -> Target:
        """The same host, reached through this counter."""
        programs = {f"ansible_{name}_executable": self._stand_in(name) for name in ("podman", "ssh", "sftp", "scp")}
        return Target(target.name, target.container, {**target.variables, **programs})

    def _stand_in(self, name: str) -> str:
        program = self._directory / name
        program.write_text(
            f'#!/bin/sh\nprintf "%s %s\\n" {name} "$1" >>"{self._log}"\nexec {shutil.which(name)} "$@"\n'
        )
        program.chmod(0o755)
        return str(program)

    def starts(self) -> list[str]:
        """What was started since the last call."""
        found = self._log.read_text().splitlines() if self._log.exists() else []
        self._log.unlink(missing_ok=True)
        return found
