# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SELinux labels, where SELinux is on."""

from __future__ import annotations

import os
import shutil
import subprocess


def restore_labels(home: str) -> str:
    """Give a home the labels that the policy has for its place; rename(2) kept those of the staging.

    Returns what has gone wrong, empty where nothing has.
    """
    restorecon = shutil.which("restorecon", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if restorecon and os.path.exists("/sys/fs/selinux/enforce"):
        # There is no AnsibleModule this deep.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            [restorecon, "-RF", home], capture_output=True, text=True, check=False
        )
        if done.returncode:
            return f"restorecon fails for {home}: {done.stderr.strip()[-300:]}"
    return ""
