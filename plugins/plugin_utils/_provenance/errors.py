# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error of attestations."""

from __future__ import annotations


class AttestationError(ValueError):
    """An attestation is missing where it must be there, or does not prove what it should."""
