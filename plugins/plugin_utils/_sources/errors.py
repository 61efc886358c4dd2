# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of sources."""

from __future__ import annotations


class SourceError(ValueError):
    """A source does not give what it is asked for."""


class UnreachedError(SourceError):
    """A source does not answer, or with an error of its own: the next asset will hardly come from there either."""


class BrokenOffError(UnreachedError):
    """A download broke off in its middle; it can be resumed."""
