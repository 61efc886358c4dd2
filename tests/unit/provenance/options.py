# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of attestations, with their defaults."""

from __future__ import annotations

from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._options import asset_options
from ansible_collections.fleet.python.plugins.plugin_utils._options import checked_options

OPTIONS: dict[str, Any] = checked_options({"version": "3.13"}, asset_options())
