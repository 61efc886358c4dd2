# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a step ends when it does not simply pass."""

from __future__ import annotations


class StepError(Exception):
    """The step failed; the message says why, in one line."""


class StepNotRun(Exception):
    """The step cannot run on this machine; the message says what is missing."""
