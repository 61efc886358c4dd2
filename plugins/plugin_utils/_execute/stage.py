# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage a build on a host without Python: write the sh script, and parse its answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ansible_collections.fleet.python.plugins.module_utils._home.trial import why_not_started
from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import (
    ConcurrentRunError,
    IllegalInstructionError,
    StageError,
    UnreachedError,
)
from ansible_collections.fleet.python.plugins.plugin_utils._host.script import script_text

_SCRIPTS: Final = (
    "_resume/digest.sh",
    "_execute/downloaders.sh",
    "_execute/fetch.sh",
    "_resume/take.sh",
    "_execute/stage.sh",
)
_FAILED: Final = re.compile(r"^fleet-failed (\w+)\n(.*?)\nfleet-end$", re.MULTILINE | re.DOTALL)


def stage_script(
    *,
    root: str,
    stage: str,
    sha256: str,
    top: Sequence[str],
    program: str,
    file: str = "",
    order: str = "",
) -> str:
    """The script that stages a build below ``<root>/.staging/<stage>/tree``.

    ``file`` is the archive on the host, or ``order`` says where to download it, as module_utils/_fetch/pull.py
    describes it. The order may hold secrets, and so the script: run it from a file that nobody else may read.
    """
    values = {
        "FLEET_ROOT": root,
        "FLEET_STAGE": stage,
        "FLEET_SHA256": sha256,
        "FLEET_TOP": "/".join(top),
        "FLEET_PROGRAM": program,
        "FLEET_FILE": file,
        "FLEET_PULL": "yes" if order else "",
    }
    text = script_text(values, *_SCRIPTS)
    return text + (f"fleet-order\n{order}" if order else "")


@dataclass(frozen=True, slots=True)
class Staged:
    """The source that the host downloaded from, empty for a file that was sent, and a line for each before it.

    ``pulled_bytes`` is the size of what it downloaded.
    """

    source: str = ""
    skipped_sources: tuple[str, ...] = ()
    pulled_bytes: int = 0


def parse_stage(answer: str, home: str) -> Staged:
    """What the script says. Raises StageError with the reason where it failed."""
    text = answer.replace("\r", "")
    if re.search(r"^fleet-swept$", text, re.MULTILINE):
        raise ConcurrentRunError(f"stage of {home} failed: other runs on this host have swept it, again and again")
    if failed := _FAILED.search(text):
        if failed[1] == "unreached":
            raise UnreachedError(f"download of {home} failed: {failed[2].strip()}")
        kind = IllegalInstructionError if "illegal instruction" in failed[2] else StageError
        reason = failed[2].strip()
        # A shell's status for what was found and could not be started (POSIX, 2.8.2).
        if failed[1] == "try" and "(exit status 126)" in reason:
            reason += why_not_started(None, reason)
        raise kind(f"{failed[1]} of {home} failed: {reason}")
    if not re.search(r"^fleet-staged$", text, re.MULTILINE):
        raise StageError(f"stage of {home} did not end: {text.strip()[-300:] or 'the host said nothing'}")
    source = re.search(r"^fleet-source (.+)$", text, re.MULTILINE)
    skipped_sources = re.findall(r"^fleet-skipped (.+)$", text, re.MULTILINE)
    pulled = re.search(r"^fleet-pulled ([0-9]{1,12})$", text, re.MULTILINE)
    return Staged(source[1] if source else "", tuple(skipped_sources), int(pulled[1]) if pulled else 0)
