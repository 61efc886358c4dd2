# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of platforms in README.md, written from plugins/plugin_utils/_builds/triples.py."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.triples import TRIPLES, Triple

from .generated import Generated, write_or_check
from .places import REPOSITORY

BEGIN: Final = "<!-- BEGIN platforms: python3 -m tests.gates.platforms writes them from _builds/triples.py -->"
END: Final = "<!-- END platforms -->"
_README: Final = REPOSITORY / "README.md"
_LIBC: Final = {"gnu": "glibc", "musl": "musl"}
_ABI: Final = {"hard": " hard-float", "soft": " soft-float"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table; with ``--check`` write nothing, and return 1 where it would change."""
    generated = Generated(_README, BEGIN, END, table(TRIPLES.values()), "plugins/plugin_utils/_builds/triples.py")
    return write_or_check("platforms", [generated], arguments)


def table(triples: Iterable[Triple]) -> str:
    """The Markdown table of the platforms on Linux: one line for each architecture and libc."""
    lines = ["| Architecture | libc | Releases | Remarks |", "| --- | --- | --- | --- |"]
    rows: dict[tuple[str, str], list[Triple]] = {}
    for triple in triples:
        if triple.system == "linux":
            rows.setdefault((triple.arch + _ABI.get(triple.float_abi or "", ""), triple.libc or ""), []).append(triple)
    return "\n".join(lines + [_row(name, libc, each) for (name, libc), each in rows.items()])


def _row(name: str, libc: str, triples: Sequence[Triple]) -> str:
    base = triples[0]
    floor = f" {'.'.join(map(str, base.floor))} or later" if base.floor else ""
    releases = f"from {base.first}" if base.last is None else f"{base.first} to {base.last}"
    levels = [str(triple.level) for triple in triples if triple.level]
    remarks = [f"a build for each of the levels {', '.join(levels)}"] if len(levels) > 1 else []
    remarks += [base.note] if base.note else []
    return f"| {name} | {_LIBC[libc]}{floor} | {releases} | {'; '.join(remarks)} |"


if __name__ == "__main__":
    sys.exit(main())
