# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that reach a host in parts: their names there, the next part, and when to give up. No I/O here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from ansible_collections.fleet.python.plugins.module_utils._root.staging import PART, PULL, key_of
from ansible_collections.fleet.python.plugins.plugin_utils._host.script import Command, command_of

# In bytes: what is sent at once after a push broke off. It takes a minute at 64 kB/s.
PIECE: Final = 4 << 20
# In bytes: the least that is sent at once, where connections hold for less than that. What was under way is lost then.
SMALLEST: Final = 1 << 18
# In bytes: an attempt that brings less brings nothing. So the attempts are bounded by the size of the file.
LEAST: Final = 1 << 16
# How many attempts in a row may bring nothing.
TRIES: Final = 4

_VALUES: Final = ("FLEET_ROOT", "FLEET_KEY", "FLEET_SIZE", "FLEET_FROM", "FLEET_AT")
_SCRIPTS: Final = ("_resume/digest.sh", "_resume/take.sh", "_resume/append.sh")
_PART: Final = re.compile(r"^fleet-part (\d{1,18}) ([0-9a-f]{64}|none)$", re.MULTILINE)
_REFUSED: Final = re.compile(r"^fleet-refused (.*?)\nfleet-end$", re.MULTILINE | re.DOTALL)


class PartError(Exception):
    """A host takes no parts of a file."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a host has of a file: so many bytes from its beginning, and their sha256."""

    size: int
    sha256: str


def begun(names: Iterable[str], sha256: str) -> bool:
    """Whether these names in the staging of a host say that a part of the file with this digest is there."""
    key = key_of(sha256)
    return any(name == PART + key or name.startswith(f"{PULL}{key}-") for name in names)


def part_path(root: str, sha256: str) -> str:
    """Where a host has the file, once all parts are there."""
    return f"{root}/.staging/{PART}{key_of(sha256)}/archive"


def append_command(root: str, sha256: str, size: int, *, file: str = "", at: int | None = 0) -> str:
    """The command that adds ``file`` of the host to what is there, where that has ``at`` bytes; without one it looks.

    ``at`` None drops what is there. ``size`` is that of the whole file, in bytes.
    """
    return _append().text(
        {
            "FLEET_ROOT": root,
            "FLEET_KEY": key_of(sha256),
            "FLEET_SIZE": str(size),
            "FLEET_FROM": file,
            "FLEET_AT": "anew" if at is None else str(at),
        }
    )


@cache
def _append() -> Command:
    return command_of(_VALUES, *_SCRIPTS)


def parse_part(answer: str, size: int) -> Kept:
    """What the command says is there. Raises PartError with its reason."""
    text = answer.replace("\r", "")
    if refused := _REFUSED.search(text):
        raise PartError(refused[1].strip() or "the host does not say why")
    found = _PART.search(text)
    if not found:
        raise PartError(text.strip()[-300:] or "the host said nothing")
    if int(found[1]) > size:
        raise PartError(f"the host says that it has {found[1]} bytes of {size}")
    return Kept(int(found[1]), found[2])


@dataclass(slots=True)
class Patience:
    """Counts attempts that bring nothing."""

    best: int = 0
    idle: int = 0

    def came(self, kept: int) -> bool:
        """Note how many bytes are there after an attempt. Whether another one may follow."""
        if kept - self.best >= LEAST:
            self.best, self.idle = kept, 0
        else:
            self.idle += 1
        return self.idle <= TRIES
