# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exception of the test world."""

from __future__ import annotations


class WorldError(Exception):
    """The test world cannot do what was asked; the text says why and what to do."""
