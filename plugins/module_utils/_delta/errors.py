# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error of deltas. Apart from the rest, since a host's Python may have no lzma."""

from __future__ import annotations


class DeltaError(Exception):
    """A delta is damaged or hostile, or does not fit the old home. Nothing of what it made may be used."""
