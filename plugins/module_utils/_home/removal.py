# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove homes. A note is written before the links move, so that the next run finishes a removal that was cut off.

Without the note, such a home would look like one that is kept for a rollback. One that is in use is noted too: the next
run removes it, or leaves it for good.
"""

from __future__ import annotations

import errno
import glob
import json
import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._home.users import users_of
from ansible_collections.fleet.python.plugins.module_utils._root.foreign import read_foreign
from ansible_collections.fleet.python.plugins.module_utils._root.links import links_to
from ansible_collections.fleet.python.plugins.module_utils._root.records import RECEIPT, read_receipt, write_synced
from ansible_collections.fleet.python.plugins.module_utils._root.staging import OURS, new_stage, staging_of

# Notes in the staging: homes that are to be removed, and homes that are being deleted where they are.
_GOING, _DELETING = "going", "deleting"


@contextmanager
def noted_removal(
    root: str, homes: Sequence[str], venv_roots: Sequence[str], left: Mapping[str, str]
) -> Iterator[None]:
    """Note the homes that are to be removed, while the block moves the links. See `finish_removals`.

    The note stays if the block fails after a link has moved, for example on a full disk, and if at its end ``left``
    has homes in it that could not be removed, or were in use.
    """
    if not homes:
        yield
        return
    stage = _note(root, _GOING, homes, venv_roots)
    links = [links_to(root, home) for home in homes]
    done = False
    try:
        yield
        done = not left
    finally:
        if done or links == [links_to(root, home) for home in homes]:
            shutil.rmtree(stage, ignore_errors=True)


def finish_removals(root: str, needed: Collection[str]) -> list[str]:
    """Finish the removals of earlier runs. Homes that are now needed, linked or in use stay.

    Called with the lock held, before the staging is swept. Returns the homes that were removed.
    """
    removed = []
    for path in glob.glob(os.path.join(glob.escape(staging_of(root)), OURS + "*", "*ing")):
        begun = os.path.basename(path) == _DELETING
        for home, venv_roots in _read(path):
            place = os.path.join(root, home)
            # The name comes from a file, so check that it is one of our homes. One that was being deleted has lost its
            # receipt first.
            ours = re.fullmatch(r"cpython-[^/]+", home) and (begun or read_receipt(place) is not None)
            if not ours or home in needed or links_to(root, home) or not os.path.isdir(place) or os.path.islink(place):
                continue
            if not begun and users_of([place], venv_roots):
                continue
            # Continue with the others if one cannot be removed.
            with suppress(OSError):
                remove_home(root, home)
                removed.append(home)
    return removed


def remove_home(root: str, home: str) -> str:
    """Hide a home by one rename, then delete it. Returns why not all of it could be deleted, or an empty text.

    Raises OSError if the home is still there.
    """
    place = os.path.join(root, home)
    stage = new_stage(root)
    away = os.path.join(stage, "gone")
    try:
        os.rename(place, away)
    except FileNotFoundError:
        pass
    except OSError as error:
        shutil.rmtree(stage, ignore_errors=True)
        # overlayfs renames no folder that comes from a lower layer, as homes of an image do (Documentation/filesystems/
        # overlayfs.rst, "Renaming directories").
        if error.errno != errno.EXDEV:
            raise
        return _delete_in_place(root, home)
    return _delete(stage)


def _delete_in_place(root: str, home: str) -> str:
    """Delete a home that cannot be renamed, its receipt first, so that what is left of it never passes for a home."""
    stage = _note(root, _DELETING, [home], ())
    place = os.path.join(root, home)
    try:
        os.unlink(os.path.join(place, RECEIPT))
    except FileNotFoundError:
        pass
    except OSError:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    left = _delete(place)
    if not left:
        shutil.rmtree(stage, ignore_errors=True)
    return left


def _delete(folder: str) -> str:
    """Delete all of a folder that can be deleted. Returns the first thing that cannot, and why."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        pass
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    return ""


def _note(root: str, name: str, homes: Sequence[str], venv_roots: Sequence[str]) -> str:
    """Write a note into a stage of its own. Returns that stage."""
    stage = new_stage(root)
    try:
        write_synced(os.path.join(stage, name), json.dumps({"homes": list(homes), "venv_roots": list(venv_roots)}))
    except OSError:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    return stage


def _read(path: str) -> Iterator[Any]:
    # After a power cut the file may be incomplete.
    with suppress(ValueError, KeyError, TypeError, RecursionError):
        found = json.loads(read_foreign(path) or "")
        for home in found["homes"]:
            yield str(home), found["venv_roots"]
