# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the program headers of an ELF file say (System V ABI, "Program Header"; PT_GNU_STACK: elf.h of glibc)."""

from __future__ import annotations

import glob
import os
import struct

_PT_GNU_STACK = 0x6474E551
_PF_X = 1
# In bytes. Program headers follow the file's header.
_READ = 8192
# By class: where e_phoff stands and its form, where e_phentsize stands, and where p_flags stands in an entry.
_LAYOUTS = {1: (28, "I", 42, 24), 2: (32, "Q", 54, 4)}


def stack_flags(data: bytes) -> int | None:
    """The flags of PT_GNU_STACK in the beginning of an ELF file. None if it has no such header, or is no ELF file."""
    if data[:4] != b"\x7fELF" or len(data) < 64 or data[4] not in _LAYOUTS or data[5] not in (1, 2):
        return None
    order = "<" if data[5] == 1 else ">"
    offset_at, form, size_at, flags_at = _LAYOUTS[data[4]]
    (offset,) = struct.unpack_from(order + form, data, offset_at)
    size, count = struct.unpack_from(order + "HH", data, size_at)
    for number in range(count):
        start = offset + number * size
        if size < flags_at + 4 or start + size > len(data):
            return None
        (kind,) = struct.unpack_from(order + "I", data, start)
        if kind == _PT_GNU_STACK:
            (flags,) = struct.unpack_from(order + "I", data, start + flags_at)
            return int(flags)
    return None


def executable_stacks(tree: str) -> list[str]:
    """The names of the libpythons in ``tree/lib`` that ask for an executable stack, sorted. Raises OSError."""
    found = []
    for path in sorted(glob.glob(os.path.join(glob.escape(tree), "lib", "libpython3*.so*"))):
        if os.path.isfile(path) and not os.path.islink(path):
            with open(path, "rb") as file:
                flags = stack_flags(file.read(_READ))
            if flags is not None and flags & _PF_X:
                found.append(os.path.basename(path))
    return found
