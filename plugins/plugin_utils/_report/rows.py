# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as CSV: a line for each home, and one for each host that has none or was not looked at."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ansible_collections.fleet.python.plugins.module_utils._libraries import LIBRARIES
from ansible_collections.fleet.python.plugins.plugin_utils._report.gather import BYTES

_HOST: Final = ("host", "state", "reason")
_PLATFORM: Final = ("system", "arch", "libc", "libc_version", "level")
_HOME: Final = (
    "home", "version", "minor", "release", "triple", "flavor", "build", "asset", "sha256", "source", "installed",
    "linked_by", "previous_of", "processes", "size", "damage", "starts", "newest", "behind", "lock", "advisories",
    "attestation",
)  # fmt: skip
_SUPPORT: Final = ("state", "until", "ends")
HEADER: Final = (
    *_HOST, "findings", "drift", *(f"host_{name}" for name in (*_PLATFORM, *BYTES)), *_HOME,
    *(f"support_{name}" for name in _SUPPORT), *LIBRARIES,
)  # fmt: skip
# A spreadsheet takes a cell that begins so for a formula, and runs it.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_text(report: Mapping[str, Any]) -> str:
    """The text of the file, with a header."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(_rows(report))
    return file.getvalue()


def _rows(report: Mapping[str, Any]) -> Iterable[list[Any]]:
    for host in report["hosts"]:
        platform = host["platform"] or {}
        about = [*(host[name] for name in _HOST), host["findings"], host["drift"]]
        about += [platform.get(name) for name in _PLATFORM]
        about += [host.get("transfers", {}).get(name) for name in BYTES]
        for home in host["homes"] or [None]:
            yield [_cell(value) for value in (*about, *_home(home))]


def _home(home: Mapping[str, Any] | None) -> list[Any]:
    if home is None:
        return [None] * (len(_HOME) + len(_SUPPORT) + len(LIBRARIES))
    proof = home["attestation"]
    values = [home[name] for name in _HOME[:-1]] + [proof["run"] if proof else None]
    return [
        *values,
        *(home["support"][name] for name in _SUPPORT),
        *(home["libraries"].get(name) for name in LIBRARIES),
    ]


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "; ".join(value) if isinstance(value, list) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(_FORMULA) else text
