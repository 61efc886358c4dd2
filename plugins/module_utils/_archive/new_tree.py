# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree that is being made, by descriptors of directories that we made ourselves, so that no name leads out of it."""

from __future__ import annotations

import os
from collections import OrderedDict
from contextlib import suppress

from ansible_collections.fleet.python.plugins.module_utils._archive.manifest import Contents

NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
# At least twice the depth, since the folders of both names of a hard link are open at once.
_OPEN_DIRECTORIES = 64
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class NewTree:
    """The tree being made, with its contents so far. Keeps the directories used last open by descriptor."""

    def __init__(self, destination: str) -> None:
        self.contents = Contents({}, set())
        self._root = os.open(destination, _FOLDER)
        self._open: OrderedDict[tuple[str, ...], int] = OrderedDict()

    def close(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)
        os.close(self._root)

    def directory(self, path: tuple[str, ...]) -> int:
        """A descriptor of the directory, made with mode 0755 if it is missing."""
        if not path:
            return self._root
        if path in self._open:
            self._open.move_to_end(path)
            return self._open[path]
        parent = self.directory(path[:-1])
        # It may have been made before. If it is no directory, the open below fails.
        with suppress(FileExistsError):
            os.mkdir(path[-1], 0o755, dir_fd=parent)
        descriptor = os.open(path[-1], _FOLDER, dir_fd=parent)
        self._open[path] = descriptor
        if len(self._open) > _OPEN_DIRECTORIES:
            os.close(self._open.popitem(last=False)[1])
        return descriptor
