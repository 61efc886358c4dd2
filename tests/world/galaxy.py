# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collections that the tests use, out of the ``ansible`` wheel: Galaxy is not asked."""

from __future__ import annotations

import shutil
import time
import zipfile
from pathlib import Path, PurePosixPath

from .cache import Cache, recipe_hash
from .download import fetch, forget
from .errors import WorldError
from .output import say
from .pins import ANSIBLE, COLLECTIONS


def build_collections(cache: Cache) -> None:
    """Extract the collections below ``<cache>/collections``; that directory is an ANSIBLE_COLLECTIONS_PATH."""
    for collection in COLLECTIONS:
        product = f"collection/{collection}"
        recipe = recipe_hash(ANSIBLE, collection)
        home = cache.collections / "ansible_collections" / collection
        if not cache.is_current(product, recipe, home / "MANIFEST.json"):
            start = time.monotonic()
            with cache.scratch() as scratch:
                count = _extract(cache, collection, scratch)
                shutil.rmtree(home, ignore_errors=True)
                home.parent.mkdir(parents=True, exist_ok=True)
                extracted = scratch / "ansible_collections" / collection
                manifest = extracted / "MANIFEST.json"
                made = manifest.rename(scratch / "MANIFEST.json")
                extracted.rename(home)
                cache.publish(product, recipe, made, home / "MANIFEST.json")
            say(f"made collection {collection.replace('/', '.')}: {count} files ({time.monotonic() - start:.1f} s)")
    forget(ANSIBLE, cache)


def _extract(cache: Cache, collection: str, directory: Path) -> int:
    prefix = f"ansible_collections/{collection}/"
    with zipfile.ZipFile(fetch(ANSIBLE, cache)) as zipped:
        members = [name for name in zipped.namelist() if name.startswith(prefix)]
        if not members or any(".." in PurePosixPath(name).parts for name in members):
            raise WorldError(f"{ANSIBLE.project} {ANSIBLE.version} does not hold {collection} as expected")
        zipped.extractall(directory, members)
    return len(members)
