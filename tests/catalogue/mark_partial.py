# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say in each bundled list which triples of its release it lacks: ``python -m tests.catalogue.mark_partial``.

Upstream's own SHA256SUMS lacks none. Lists that were put together from the names of known assets may.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import release_date
from ansible_collections.fleet.python.plugins.plugin_utils._builds.bundled import SUFFIX, bundled_catalogue
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import PARTIAL, parse_sums
from ansible_collections.fleet.python.plugins.plugin_utils._builds.triples import TRIPLES


def missing(release: str, there: Iterable[str]) -> list[str]:
    """The triples that upstream built in a release, but for those ``there``, sorted."""
    date = release_date(release)
    built = {name for name, triple in TRIPLES.items() if triple.first <= date and (triple.last or date) >= date}
    return sorted(built.difference(there))


def marked(text: str, release: str) -> str:
    """A list with its mark, which it may have already."""
    entries = parse_sums(text, origin=release, release=release).entries
    lacks = missing(release, {entry.asset.normal_triple for entry in entries})
    lines = [line for line in text.splitlines() if not line.startswith(PARTIAL)]
    return "\n".join([*([f"{PARTIAL} {' '.join(lacks)}"] if lacks else []), *lines]) + "\n"


def main() -> None:
    """Mark every list."""
    directory: Path = bundled_catalogue().directory
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        text = path.read_text(encoding="utf-8")
        path.write_text(marked(text, path.name.removesuffix(SUFFIX)), encoding="utf-8")


if __name__ == "__main__":
    main()
