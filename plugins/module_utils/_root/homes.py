# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The homes of a root: each comes and goes by one rename."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from typing import Any, Callable

from ansible_collections.fleet.python.plugins.module_utils._root.errors import RootError
from ansible_collections.fleet.python.plugins.module_utils._root.links import sync_directory
from ansible_collections.fleet.python.plugins.module_utils._root.lock import LOCK, remove_lock
from ansible_collections.fleet.python.plugins.module_utils._root.records import (
    CARRIER,
    LEVEL,
    RECEIPT,
    read_receipt,
    remove_file,
    write_synced,
)
from ansible_collections.fleet.python.plugins.module_utils._root.staging import staged, staging_of


def stands(root: str, home: str, sha256: str) -> bool:
    """Whether this home already has a receipt for the archive with this digest."""
    standing = read_receipt(os.path.join(root, home))
    return standing is not None and standing.get("sha256") == sha256


def place(root: str, tree: str, home: str, receipt: dict[str, Any], sync: Callable[[], None]) -> None:
    """Rename a tree to its home after its trial. ``sync`` returns once all of the tree is on the disk."""
    target = os.path.join(root, home)
    if os.path.lexists(target):
        raise RootError(f"{target} is in the way and has no receipt of ours: move it away, then run again")
    write_synced(os.path.join(tree, RECEIPT), json.dumps(receipt, sort_keys=True) + "\n")
    # Put everything on the disk before the rename, or a power cut could leave empty files in the home.
    sync()
    os.rename(tree, target)
    try:
        sync_directory(root)
        failure = _restore_labels(target)
        if failure:
            raise RootError(failure)
    except (OSError, RootError):
        os.rename(target, tree)
        raise


def _restore_labels(home: str) -> str:
    """Give a home the SELinux labels of its place, since rename(2) kept those of the staging.

    Returns why that failed, or an empty text.
    """
    restorecon = shutil.which("restorecon", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if restorecon and os.path.exists("/sys/fs/selinux/enforce"):
        # AnsibleModule is not available here.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            [restorecon, "-RF", home], capture_output=True, text=True, check=False
        )
        if done.returncode:
            return f"restorecon fails for {home}: {done.stderr.strip()[-300:]}"
    return ""


def leave_if_empty(root: str, keep_root: bool) -> None:
    """Remove our lock and staging if nothing else is left in the root. Also remove the root, unless ``keep_root``.

    Called with the lock held.
    """
    if set(os.listdir(root)) - {LOCK, os.path.basename(staging_of(root)), LEVEL, CARRIER} or staged(root):
        return
    if not keep_root:
        remove_file(os.path.join(root, LEVEL))
        remove_file(os.path.join(root, CARRIER))
    try:
        os.rmdir(staging_of(root))
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
        return  # the sh of another run has just begun to stage
    remove_lock(root)
    if keep_root:
        return
    try:
        os.rmdir(root)
    except OSError as error:
        # rmdir fails for a mount point, for a link to a folder, and for a root that another process has begun to fill.
        if error.errno not in (errno.EBUSY, errno.ENOTDIR, errno.ENOTEMPTY, errno.EACCES, errno.EPERM):
            raise
