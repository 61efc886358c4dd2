# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a root cannot be changed as planned."""

from __future__ import annotations


class RootError(Exception):
    """The root cannot be changed as planned."""


class ConcurrentRunError(RootError):
    """Another run has changed the host since the plan was made. The caller must probe and plan again."""
