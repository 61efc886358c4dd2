# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of sources."""

from __future__ import annotations


class SourceError(ValueError):
    """A source does not give what it was asked for."""


class UnreachedError(SourceError):
    """A source does not answer, or answers with a server error. The next asset is unlikely to come from there."""


class BrokenOffError(UnreachedError):
    """A download broke off, and can be resumed."""
