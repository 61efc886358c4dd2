# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lock says of the deltas that lead to a pinned asset."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry, is_release
from ansible_collections.fleet.python.plugins.plugin_utils._builds.deltas import Delta, leads

# No minor version has had half as many releases of python-build-standalone.
_MOST_DELTAS: Final = 200
# In bytes, as for archives in module_utils/_fetch/download.py.
_MOST_BYTES: Final = 512 << 20
_KEYS: Final = ("asset", "release", "asset_sha256", "sha256", "size")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def delta_lines(deltas: Iterable[Delta]) -> list[str]:
    """The lines of the lock for them, one fact each, without indentation. ``asset`` is what a delta leads from."""
    lines: list[str] = []
    for delta in deltas:
        lines += [
            f"  - asset: {delta.old.asset.name}",
            f'    release: "{delta.old.release}"',
            f'    asset_sha256: "{delta.old.sha256}"',
            f'    sha256: "{delta.sha256}"',
            f"    size: {delta.size}",
        ]
    return ["deltas:", *lines] if lines else []


def parse_deltas(data: object, new: Entry) -> tuple[Delta, ...]:
    """The reverse of `delta_lines` for what YAML has read. Raises ValueError naming what is wrong."""
    if not isinstance(data, list) or not data or len(data) > _MOST_DELTAS:
        raise ValueError(f"expected a list of 1 to {_MOST_DELTAS} deltas")
    deltas = tuple(_delta(each, new) for each in data)
    if len({delta.path for delta in deltas}) != len(deltas):
        raise ValueError("two of them lead from the same build")
    return deltas


def _delta(data: object, new: Entry) -> Delta:
    if not isinstance(data, dict) or set(data) != set(_KEYS):
        raise ValueError(f"expected the keys {', '.join(_KEYS)}, found {str(data)[:60]!r}")
    old = parse_asset(_text(data, "asset"))
    if not is_release(_text(data, "release")):
        raise ValueError(f"release {data['release'][:60]!r} is not the name of a release such as 20250317")
    if not leads(old, new.asset):
        raise ValueError(f"{old.name} is no older patch version of the same minor version, triple and flavor")
    size = data["size"]
    if not isinstance(size, int) or isinstance(size, bool) or not 0 < size <= _MOST_BYTES:
        raise ValueError(f"size {str(size)[:60]!r} is no number of bytes up to {_MOST_BYTES}")
    digests = [_text(data, key) for key in ("asset_sha256", "sha256")]
    for digest in digests:
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"{digest[:80]!r} is not 64 hex digits in lower case")
    return Delta(Entry(data["release"], old, digests[0]), new, digests[1], size)


def _text(data: dict[Any, Any], key: str) -> str:
    value = data[key]
    if not isinstance(value, str):
        raise ValueError(f"{key} {str(value)[:60]!r} is not a text: write it in quotes")
    return value
