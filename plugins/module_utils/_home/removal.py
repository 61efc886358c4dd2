# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove homes. A note is written before the links move, so that the next run finishes a removal that was cut off.

Without the note, such a home would look like one that is kept for a rollback.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._home import root as _root
from ansible_collections.fleet.python.plugins.module_utils._home.foreign import read_foreign
from ansible_collections.fleet.python.plugins.module_utils._home.users import users_of

_GOING = "going"


@contextmanager
def noted_removal(root: str, homes: Sequence[str], venv_roots: Sequence[str]) -> Iterator[None]:
    """Note the homes that are to be removed, while the block moves the links. See `finish_removals`.

    The note stays if the block fails after a link has moved, for example on a full disk.
    """
    if not homes:
        yield
        return
    stage = _root.new_stage(root)
    links = [_root.links_to(root, home) for home in homes]
    done = False
    try:
        text = json.dumps({"homes": list(homes), "venv_roots": list(venv_roots)})
        _root.write_synced(os.path.join(stage, _GOING), text)
        yield
        done = True
    finally:
        if done or links == [_root.links_to(root, home) for home in homes]:
            shutil.rmtree(stage, ignore_errors=True)


def finish_removals(root: str, needed: Collection[str]) -> None:
    """Finish the removals of runs that were cut off. Homes that are now needed, linked or in use stay.

    Called with the lock held, before the staging is swept.
    """
    for path in glob.glob(os.path.join(glob.escape(_root.staging_of(root)), _root.OURS + "*", _GOING)):
        for home, venv_roots in _read(path):
            place = os.path.join(root, home)
            # The name comes from a file, so check that it is one of our homes.
            ours = os.path.basename(home) == home and _root.read_receipt(place) is not None
            if not ours or home in needed or _root.links_to(root, home) or users_of([place], venv_roots):
                continue
            # Continue with the others if one cannot be removed.
            with suppress(OSError):
                _root.remove_home(root, home)


def _read(path: str) -> Iterator[Any]:
    # After a power cut the file may be incomplete.
    with suppress(ValueError, KeyError, TypeError, RecursionError):
        found = json.loads(read_foreign(path) or "")
        for home in found["homes"]:
            yield str(home), found["venv_roots"]
