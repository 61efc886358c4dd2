# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things lie: the repository, what is built in it, and the cache that clones share."""

from __future__ import annotations

from pathlib import Path

from tests.world.cache import cache_directory

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = REPOSITORY / ".build"
LOGS = BUILD / "logs"
CACHE = cache_directory()
# ansible-core finds the collection only below a directory of this shape; a link to the repository is enough for it.
COLLECTIONS = BUILD / "collections"
COLLECTION = Path("ansible_collections", "fleet", "python")


def link(path: Path, target: Path) -> None:
    """Make ``path`` a link to ``target``, whatever link it was before."""
    if path.is_symlink() and path.readlink() == target:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(path)
