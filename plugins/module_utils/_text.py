# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clean the text of hosts, servers and files as soon as it arrives, before it is parsed or shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# What moves a terminal's cursor, changes colours, ends lines or reverses text: C0 without tab and line feed, DEL, C1,
# the separators of lines and paragraphs, and the controls of direction (Unicode TR 36, "Bidirectional Text Spoofing").
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
# Bytes that are not UTF-8, in the form of Python's surrogateescape. No terminal and no file accepts them.
_NO_CHARACTER = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """``text`` for a terminal. Control characters become ``\\x1b`` or ``\\u202e``, invalid characters become U+FFFD.

    Removes a carriage return before a line feed, since the line feed alone ends the line.
    """
    return _CONTROL.sub(_escaped, _NO_CHARACTER.sub("\ufffd", text.replace("\r\n", "\n")))


def clean_values(value: Any) -> Any:
    """A JSON value in which every text is clean, including the keys of dictionaries."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(key) if isinstance(key, str) else key: clean_values(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean_values(each) for each in value]
    return value


def _escaped(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
