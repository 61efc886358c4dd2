# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trust in a root: what others than root and the user who runs this may change is neither run nor believed."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Listing, Observation
from ansible_collections.fleet.python.plugins.plugin_utils._plan.model import PlanError

# What we keep in the root beside homes and minor links.
_OURS = (".boot", ".level", ".links", ".lock", ".staging")
_WAY_OUT = "become that user, set root to another directory, or give it to root alone (chown root, chmod go-w)"


def refuse_untrusted(observed: Observation) -> tuple[str, ...]:
    """Warnings of folders above the root that a group may write. Folders of extra links are not judged.

    Raises PlanError where somebody else owns the root, what we keep there or a folder above, or may write it. A sticky
    folder above, such as /tmp, is fine: what is below it is looked at too.
    """
    root = observed.root
    trusted = {0, observed.uid}
    for folder in root.above:
        open_to_all = _others_write(folder) and not _sticky(folder)
        if not folder.is_link and open_to_all:
            raise PlanError(_refusal(observed, folder, folder.path, "anybody may write it"))
        if folder.uid not in trusted:
            raise PlanError(_refusal(observed, folder, folder.path, f"it belongs to uid {folder.uid}"))
    for path, found in _own(observed):
        if found.uid not in trusted:
            raise PlanError(_refusal(observed, found, path, f"it belongs to uid {found.uid}"))
        if not found.is_link and _others_write(found):
            raise PlanError(_refusal(observed, found, path, "anybody may write it"))
        if not found.is_link and _foreign_group_writes(found):
            raise PlanError(_refusal(observed, found, path, f"the group {found.gid} may write it"))
    return tuple(
        f"{folder.path} may be written by the group {folder.gid} ({folder.mode}): its members can change what is "
        f"run from {root.path}"
        for folder in root.above
        if not folder.is_link and _foreign_group_writes(folder)
    )


def _own(observed: Observation) -> Iterator[tuple[str, Listing]]:
    """The root itself, where it is there, and what is ours in it, each with its path."""
    root = observed.root
    if root.at is not None and root.at.path == root.path:
        yield root.path, root.at
    names = {home.name for home in observed.homes} | observed.minor_links.keys()
    for entry in root.entries:
        if entry.path in names or entry.path in _OURS or entry.path.endswith(".previous"):
            yield f"{root.path}/{entry.path}", entry
    for receipt in root.receipts:
        yield f"{root.path}/{receipt.path}", receipt


def _refusal(observed: Observation, found: Listing, path: str, why: str) -> str:
    return (
        f"{path} cannot be trusted by uid {observed.uid}: {why} (owner {found.uid}, mode {found.mode}), who could "
        f"change what is run from {observed.root.path}: {_WAY_OUT}"
    )


def _others_write(found: Listing) -> bool:
    return found.mode[8] == "w"


def _sticky(found: Listing) -> bool:
    return found.mode[9] in "tT"


def _foreign_group_writes(found: Listing) -> bool:
    """Whether others than the owner may write as members of a group. A user's own group has the user's number."""
    return found.mode[5] == "w" and found.gid not in (0, found.uid)
