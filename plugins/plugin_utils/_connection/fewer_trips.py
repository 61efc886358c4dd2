# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leave out round trips that Ansible makes for modules of other kinds than ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from ansible.plugins.action import ActionBase

# A name that a shell does not take for anything else (POSIX, 3.426 User Name).
_USER: Final = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*")


class FewerTrips(ActionBase):
    """An action whose files reach the host with fewer commands."""

    def _remote_expand_user(self, path: str, sudoable: bool = True, pathsep: str | None = None) -> str:
        """The path of Ansible's temporary directories, for the command that makes one: its shell expands ``~user``."""
        of_ansible: Any = self
        user = str(of_ansible._get_remote_user() or "")
        if not sudoable and path.startswith("~/") and _USER.fullmatch(user):
            return f"~{user}{path[1:]}"
        plain: Any = super()
        return str(plain._remote_expand_user(path, sudoable, pathsep))

    def _fixup_perms2(self, remote_paths: Sequence[str], remote_user: Any = None, execute: bool = True) -> Any:
        """Let an unprivileged user that the task becomes read the files. Nobody executes them: Python reads modules."""
        plain: Any = super()
        return plain._fixup_perms2(remote_paths, remote_user, execute=False)
