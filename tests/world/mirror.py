# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The release mirror: one directory per release, as upstream lays it out, with sums of our own bytes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from .archives import RECIPE, check_archive, extract_tree, pack_tree, python_json, strip_tree
from .cache import Cache, recipe_hash
from .contents import RULE
from .download import fetch, forget
from .names import asset_name, flavors, latest_release_text, sums_text
from .output import megabytes, say
from .pins import BUILDS, LATEST_RELEASE, MISSING_ON_ALPINE, Build


def build_mirror(cache: Cache, builds: Iterable[Build]) -> None:
    """Make the archives of these builds that are missing or of an older recipe, then the index files."""
    for build in builds:
        wanted = [flavor for flavor in flavors(build) if not _is_current(cache, build, flavor)]
        if wanted:
            _make(cache, build, wanted)
        # The archives are kept, so the wheel need not be.
        forget(build.wheel, cache)
    _prune(cache)
    write_index(cache)


def _product(build: Build, flavor: str) -> str:
    return f"{build.release}/{asset_name(build, flavor)}"


def _recipe(build: Build, flavor: str) -> str:
    missing = MISSING_ON_ALPINE if build.stand_in else None
    return recipe_hash(RECIPE, RULE, missing, build, flavor)


def _is_current(cache: Cache, build: Build, flavor: str) -> bool:
    product = _product(build, flavor)
    return cache.is_current(product, _recipe(build, flavor), cache.mirror / product)


def _make(cache: Cache, build: Build, wanted: list[str]) -> None:
    wheel = fetch(build.wheel, cache)
    with cache.scratch() as scratch:
        tree = scratch / "tree"
        start = time.monotonic()
        extract_tree(wheel, build, tree)
        say(f"extract {build.name} from {build.wheel.project} {build.wheel.version} ({time.monotonic() - start:.1f} s)")
        for flavor in ("install_only", "full", "install_only_stripped"):
            if flavor == "install_only_stripped" and flavor in wanted:
                # In place, so it comes last.
                strip_tree(tree, build.arch)
            if flavor in wanted:
                _make_asset(cache, build, flavor, tree, scratch)


def _make_asset(cache: Cache, build: Build, flavor: str, tree: Path, scratch: Path) -> None:
    start = time.monotonic()
    product = _product(build, flavor)
    made = scratch / asset_name(build, flavor)
    if flavor == "full":
        description = scratch / "PYTHON.json"
        description.write_text(python_json(build))
        pack_tree(tree, "python/install/", made, first=(description, "python/PYTHON.json"))
    else:
        pack_tree(tree, "python/", made)
    seen = check_archive(made, build, scratch)
    stamp = cache.publish(product, _recipe(build, flavor), made, cache.mirror / product)
    say(f"made {product}: {megabytes(stamp.size)}, {seen} ({time.monotonic() - start:.1f} s)")


def _prune(cache: Cache) -> None:
    """Remove archives that no row of the table names any more."""
    named = {_product(build, flavor) for build in BUILDS for flavor in flavors(build)}
    for path in cache.mirror.glob("*/cpython-*"):
        if str(path.relative_to(cache.mirror)) not in named:
            say(f"remove {path.relative_to(cache.mirror)}: not in the table")
            path.unlink()


def write_index(cache: Cache) -> None:
    """Write ``SHA256SUMS`` per release and at the base, and ``latest-release.json``, of the archives that are there."""
    sums: dict[str, str] = {}
    for build in BUILDS:
        for flavor in flavors(build):
            product = _product(build, flavor)
            stamp = cache.stamp(product)
            if stamp is not None and (cache.mirror / product).is_file():
                sums[product] = stamp.sha256
    for release in sorted({product.partition("/")[0] for product in sums}):
        own = {product.partition("/")[2]: sha for product, sha in sums.items() if product.startswith(release + "/")}
        cache.write_text(cache.mirror / release / "SHA256SUMS", sums_text(own))
    cache.write_text(cache.mirror / "SHA256SUMS", sums_text(sums))
    cache.write_text(cache.mirror / "latest-release.json", latest_release_text(LATEST_RELEASE))
