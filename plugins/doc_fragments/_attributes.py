# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the attributes that modules of this collection have."""

from __future__ import annotations


class ModuleDocFragment:
    """The attributes. A module itself says how far it supports each one that is open here."""

    DOCUMENTATION = r"""
options: {}
attributes:
  action:
    description: Has an action plugin of the same name that runs on the controller.
    support: full
  action_group:
    description: Use C(group/fleet.python.python) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - fleet.python.python
  async:
    description: Supports being run with C(async).
    support: none
    details: Part of the work is done on the controller, through the connection.
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff
      mode.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
      - This assumes that the system controlled or queried by the module has not changed in a relevant way.
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: posix
"""

    # For modules that only look at a host or a catalogue.
    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    details: This action does not modify state.
  diff_mode:
    support: N/A
    details: This action does not modify state.
  idempotent:
    support: full
    details: This action does not modify state.
"""
