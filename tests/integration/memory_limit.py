# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A limit that Linux sets to the memory of a process, with all that it has in the cache of files."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

_GROUPS = Path("/sys/fs/cgroup")


@contextmanager
def limited_memory(most: int) -> Iterator[list[str]]:
    """The beginning of a command that runs the rest of it in at most ``most`` bytes; beyond, Linux kills it."""
    one_tree = (_GROUPS / "cgroup.controllers").is_file()
    group = (_GROUPS if one_tree else _GROUPS / "memory") / f"fleet-python-{uuid.uuid4().hex[:12]}"
    try:
        group.mkdir()
        (group / ("memory.max" if one_tree else "memory.limit_in_bytes")).write_text(str(most))
    except OSError as error:
        with suppress(OSError):
            group.rmdir()
        pytest.skip(f"no limits of memory here: {error}")
    # Where memory can be swapped out, that is no way around the limit.
    with suppress(OSError):
        (group / ("memory.swap.max" if one_tree else "memory.memsw.limit_in_bytes")).write_text(
            "0" if one_tree else str(most)
        )
    try:
        yield ["sh", "-c", f'echo $$ >{group}/cgroup.procs && exec "$@"', "sh"]
    finally:
        group.rmdir()
