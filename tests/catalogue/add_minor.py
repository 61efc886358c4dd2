# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add a minor version of CPython to the support dates, or correct one: ``python -m tests.catalogue.add_minor``.

For example: ``python -m tests.catalogue.add_minor 3.16 PEP 2027-10-05 2029-10-05 2032-10-31``. The PEP with the
schedule says the first release. Bugfix releases end two years later, and the devguide has the end of life.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from ansible_collections.fleet.python.plugins.plugin_utils._report import support

_ROW = re.compile(r'^    Cycle\("(\d+)\.(\d+)", .*\),\n', re.MULTILINE)


def with_minor(text: str, minor: str, pep: int, released: date, bugfix_until: date, ends: date) -> str:
    """The text of support.py with a row for a minor version, which replaces one that is there. Raises ValueError."""
    if not re.fullmatch(r"\d+\.\d+", minor):
        raise ValueError(f"{minor!r} is no minor version such as 3.16")
    if not released < bugfix_until <= ends:
        raise ValueError("the first release, the last bugfix release and the end of life must follow each other")
    rows = {(int(found[1]), int(found[2])): found[0] for found in _ROW.finditer(text)}
    major, number = map(int, minor.split("."))
    rows[major, number] = f'    Cycle("{minor}", {pep}, "{released}", "{bugfix_until}", "{ends}"),\n'
    places = [found.span() for found in _ROW.finditer(text)]
    return text[: places[0][0]] + "".join(rows[key] for key in sorted(rows)) + text[places[-1][1] :]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the row into support.py."""
    parser = argparse.ArgumentParser(prog="python -m tests.catalogue.add_minor", description=__doc__)
    parser.add_argument("minor")
    parser.add_argument("pep", type=int)
    for name in ("released", "bugfix_until", "ends"):
        parser.add_argument(name, type=date.fromisoformat)
    given = parser.parse_args(arguments)
    path = Path(str(support.__file__))
    text = path.read_text(encoding="utf-8")
    path.write_text(with_minor(text, **vars(given)), encoding="utf-8")


if __name__ == "__main__":
    main()
