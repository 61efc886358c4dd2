# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress of a download by the host. Ansible shows nothing before a command ends, so a second command looks."""

from __future__ import annotations

import re
import shlex
from typing import Final

_SIZE: Final = re.compile(r"^-\S+ +\d+ +\d+ +\d+ +(\d+) ", re.MULTILINE)
_LENGTH: Final = re.compile(r"^ *content-length: *(\d+)", re.MULTILINE | re.IGNORECASE)
_RANGE: Final = re.compile(r"^ *content-range: *bytes \d+-\d+/(\d+)", re.MULTILINE | re.IGNORECASE)


def far_script(root: str, stages: str) -> str:
    """A command that shows the archive that is on its way in a stage, and what the source says of its length.

    ``stages`` is a stage's name, or a pattern of such.
    """
    archive = f"{shlex.quote(root)}/.staging/{stages}/archive"
    return (
        f'for archive in {archive}; do LC_ALL=C ls -ln "$archive"; '
        'grep -iE "^ *content-(length|range):" "$archive.headers"; done 2>/dev/null; :'
    )


def parse_far(answer: str) -> tuple[int, int | None] | None:
    """The bytes there, and of how many (None where the source does not say); None where nothing is on its way."""
    text = answer.replace("\r", "")
    sizes = _SIZE.findall(text)
    if not sizes:
        return None
    have = int(sizes[-1])
    # Of several answers, redirects perhaps, the last one is the archive's; what is asked for its rest says a range.
    totals = _RANGE.findall(text) or _LENGTH.findall(text)
    total = int(totals[-1]) if totals else None
    if total is not None and have >= total:
        return None
    return have, total
