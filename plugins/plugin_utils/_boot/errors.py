# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of boot scripts."""

from __future__ import annotations


class BootError(ValueError):
    """No boot script can be made of these options, or it cannot be written."""
