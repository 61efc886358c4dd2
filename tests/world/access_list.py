# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder that hands down an access list: what is made in it is as open as that says, not as the umask does."""

from __future__ import annotations

import os
import struct
from pathlib import Path

# acl(5) in the form of the kernel's attribute (linux/posix_acl_xattr.h): version, then tag, rights and id of each
# entry: owner, group, the group 1234, mask and others, all with every right.
_NOBODY = 0xFFFFFFFF
_ENTRIES = ((0x01, _NOBODY), (0x04, _NOBODY), (0x08, 1234), (0x10, _NOBODY), (0x20, _NOBODY))


def open_to_everyone(folder: Path) -> None:
    """Give the folder a default list with all rights for everyone. Raises OSError where its file system has no such."""
    entries = b"".join(struct.pack("<HHI", tag, 7, who) for tag, who in _ENTRIES)
    os.setxattr(folder, "system.posix_acl_default", struct.pack("<I", 2) + entries)
