# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that does nothing: what any module costs."""

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: noop
short_description: Do nothing
description: It says that nothing has changed.
author: the fleet.python contributors
"""
EXAMPLES = "- noop:"
RETURN = ""

if __name__ == "__main__":
    AnsibleModule({}).exit_json(changed=False)
