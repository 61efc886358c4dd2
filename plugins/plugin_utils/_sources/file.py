# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a source is asked for."""

from __future__ import annotations

from typing import Protocol


class SourceFile(Protocol):
    """An archive, or a delta that lies beside it. Its name and its digest are known before it is asked for."""

    @property
    def path(self) -> str:
        """Below a source that is a directory: ``<release>/<name>``."""

    @property
    def url_path(self) -> str:
        """Below a source that is a URL: the same with ``+`` as ``%2B``."""

    @property
    def sha256(self) -> str:
        """64 hex digits in lower case."""
