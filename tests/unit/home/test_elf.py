# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stack that a library asks for, in files of each class and byte order, and in what is none."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.fleet.python.plugins.module_utils._elf import executable_stacks, stack_flags

STACK, LOAD = 0x6474E551, 1


def elf(bits: int, order: str, headers: list[tuple[int, int]], size: int | None = None) -> bytes:
    """An ELF file with these program headers, each its type and its flags."""
    ident = b"\x7fELF" + bytes([1 if bits == 32 else 2, 1 if order == "<" else 2, 1]) + bytes(9)
    if bits == 32:
        entries = [struct.pack(order + "8I", kind, 0, 0, 0, 0, 0, flags, 0) for kind, flags in headers]
        form, start = "HHIIIIIHHHHHH", 52
    else:
        entries = [struct.pack(order + "2I6Q", kind, flags, 0, 0, 0, 0, 0, 0) for kind, flags in headers]
        form, start = "HHIQQQIHHHHHH", 64
    length = size if size is not None else len(entries[0])
    header = struct.pack(order + form, 3, 62, 1, 0, start, 0, 0, start, length, len(entries), 0, 0, 0)
    return ident + header + b"".join(entries) + bytes(64)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_flags_of_the_stack(bits: int, order: str) -> None:
    assert stack_flags(elf(bits, order, [(LOAD, 5), (STACK, 6)])) == 6
    assert stack_flags(elf(bits, order, [(LOAD, 5), (STACK, 7)])) == 7
    assert stack_flags(elf(bits, order, [(LOAD, 5)])) is None


def test_what_is_no_such_file() -> None:
    whole = elf(64, "<", [(LOAD, 5), (STACK, 7)])
    for bad in (b"", b"#!/bin/sh\n", whole[:40], whole[:70], elf(64, "<", [(STACK, 7)], size=0)[:100]):
        assert stack_flags(bad) in (None, 0)


@given(st.binary(max_size=200), st.integers(0, 300))
def test_nothing_that_a_file_says_raises(noise: bytes, cut: int) -> None:
    whole = elf(64, "<", [(LOAD, 5), (STACK, 7)])
    stack_flags((whole[:20] + noise)[:cut])
    stack_flags(whole[:cut] + noise)


def test_a_real_library_with_an_executable_stack(tmp_path: Path) -> None:
    library = tmp_path / "lib"
    library.mkdir()
    for name, option in (("libpython3.13.so.1.0", "execstack"), ("libpython3.so", "noexecstack")):
        command = ["gcc", "-shared", "-nostdlib", "-x", "c", "/dev/null", f"-Wl,-z,{option}", "-o", str(library / name)]
        subprocess.run(command, check=True, capture_output=True)
    (library / "libpython3.13.so").symlink_to("libpython3.13.so.1.0")
    assert executable_stacks(str(tmp_path)) == ["libpython3.13.so.1.0"]
