# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add a release to the bundled catalogue: its SHA256SUMS, as the source has it.

    PYTHONPATH=<directory that holds ansible_collections> python -m tests.catalogue.add_release RELEASE [SOURCE...]

RELEASE is a tag or ``latest``; a SOURCE is a base URL or a directory, by default upstream's own. A digest that changed
for an asset that the catalogue knows is refused: tags have been re-uploaded (20230507, astral-sh/rye#161).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.fleet.python.plugins.plugin_utils._builds.bundled import SUFFIX, bundled_catalogue
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import (
    CatalogueError,
    changed_digests,
    parse_sums,
)
from ansible_collections.fleet.python.plugins.plugin_utils._sources.index import LATEST_WORD, SUMS, latest_catalogue
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import (
    UPSTREAM,
    Source,
    SourceError,
    sources_of,
)


def add_release(source: Source, release: str, directory: Path) -> str:
    """Write ``<release>.sha256sums``; say what was done. Raises CatalogueError and SourceError, and writes nothing."""
    if release == LATEST_WORD:
        release = latest_catalogue(source.read_text, origin=source.name).releases()[0]
    text = source.read_text(f"{release}/{SUMS}")
    if text is None:
        raise CatalogueError(f"{source.name} has no {release}/{SUMS}: the release is not there, or not finished")
    sums = parse_sums(text, origin=f"{source.name}: {release}/{SUMS}", release=release)
    if not sums.entries:
        raise CatalogueError(f"{source.name}: {release}/{SUMS} lists no CPython asset")
    path = directory / f"{release}{SUFFIX}"
    known = parse_sums(path.read_text(encoding="utf-8"), origin=str(path), release=release) if path.exists() else None
    if known:
        changed = changed_digests(known.entries, sums.entries)
        if changed:
            raise CatalogueError(
                f"{source.name} has other bytes than the catalogue for:\n  "
                + "\n  ".join(map(str, changed))
                + "\nThe release was uploaded again, or the source is not upstream's: find out which"
            )
        gone = {entry.path for entry in known.entries} - {entry.path for entry in sums.entries}
        if gone:
            raise CatalogueError(f"{source.name} no longer lists, of {release}:\n  " + "\n  ".join(sorted(gone)))
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.rename(path)
    said = f"{path.name}: {len(sums.entries)} assets, {len(known.entries) if known else 0} of them known before"
    return "\n  ".join([said, *(f"not a CPython asset: {name}" for name in sums.ignored)])


def main(arguments: Sequence[str]) -> int:
    """Run the command; its exit status."""
    parser = argparse.ArgumentParser(description="Add a release to the bundled catalogue.")
    parser.add_argument("release", metavar="RELEASE", help="a tag such as 20250317, or latest")
    parser.add_argument("sources", metavar="SOURCE", nargs="*", default=UPSTREAM, help="base URL or directory")
    options = parser.parse_args(arguments)
    failures = []
    try:
        for source in sources_of(options.sources):
            try:
                print(add_release(source, options.release, bundled_catalogue().directory))
            except SourceError as error:  # the next source may be reachable
                failures.append(str(error))
            else:
                return 0
    except (CatalogueError, SourceError) as error:
        failures.append(str(error))
    print("\n".join(failures), file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
