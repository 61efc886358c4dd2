# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ELF headers: class, machine, byte order, ARM's EABI and float ABI, from the bytes as the probe sends them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.fleet.python.plugins.plugin_utils._host.elf import parse_elf_header

NONE = "00000000"


def header(bits: int, order: str, machine: int) -> str:
    """The first 20 bytes of an executable, in hex."""
    data = 1 if order == "little" else 2
    ident = bytes([0x7F, *b"ELF", bits // 32, data, 1, *[0] * 9])
    return (ident + (2).to_bytes(2, order) + machine.to_bytes(2, order)).hex()  # type: ignore[arg-type]


# Numbers: elf.h of glibc.
@pytest.mark.parametrize(
    ("bits", "order", "number", "machine"),
    [
        (64, "little", 62, "x86_64"),
        (32, "little", 62, "x86_64"),
        (32, "little", 3, "i386"),
        (64, "little", 183, "aarch64"),
        (64, "big", 183, "aarch64"),
        (32, "little", 40, "arm"),
        (64, "little", 21, "ppc64"),
        (64, "big", 21, "ppc64"),
        (32, "big", 20, "ppc"),
        (64, "big", 22, "s390"),
        (64, "little", 243, "riscv"),
        (64, "little", 258, "loongarch"),
        (32, "big", 8, "mips"),
        (64, "little", 0x9026, "alpha"),
        (64, "little", 4711, "machine 4711"),
    ],
)
def test_class_machine_and_byte_order(bits: int, order: str, number: int, machine: str) -> None:
    found = parse_elf_header(header(bits, order, number), NONE, NONE)
    assert found is not None
    assert (found.bits, found.machine, found.little_endian) == (bits, machine, order == "little")


# ARM ELF ABI: EF_ARM_EABIMASK 0xff000000, EF_ARM_ABI_FLOAT_SOFT 0x200, EF_ARM_ABI_FLOAT_HARD 0x400.
@pytest.mark.parametrize(
    ("flags", "order", "eabi", "float_abi"),
    [
        ("00040005", "little", 5, "hard"),
        ("00020005", "little", 5, "soft"),
        ("00000005", "little", 5, None),
        ("00000004", "little", 4, None),
        ("02000000", "little", 0, None),
        ("05000400", "big", 5, "hard"),
        ("05800200", "big", 5, "soft"),
    ],
)
def test_arm_flags(flags: str, order: str, eabi: int, float_abi: str | None) -> None:
    found = parse_elf_header(header(32, order, 40), flags, "ffffffff")
    assert found is not None
    assert (found.arm_eabi, found.float_abi) == (eabi, float_abi)


# RISC-V ELF psABI: EF_RISCV_FLOAT_ABI 0x6; bit 0 is EF_RISCV_RVC.
@pytest.mark.parametrize(
    ("flags", "float_abi"), [("05000000", "double"), ("01000000", "soft"), ("03000000", "single"), ("06000000", "quad")]
)
def test_riscv_flags_stand_where_elf64_has_them(flags: str, float_abi: str) -> None:
    found = parse_elf_header(header(64, "little", 243), NONE, flags)
    assert found is not None
    assert found.float_abi == float_abi
    assert found.arm_eabi is None


@pytest.mark.parametrize(
    "words",
    [
        ("", "", ""),
        ("cffaedfe0c000001000000000200000011000000", NONE, NONE),
        ("2321" * 10, NONE, NONE),
        (header(64, "little", 62)[:-2], NONE, NONE),
        (header(64, "little", 62), NONE, "0000"),
        (header(64, "little", 62), NONE, "zz000000"),
        ("7f454c4603" + header(64, "little", 62)[10:], NONE, NONE),
        ("7f454c460203" + header(64, "little", 62)[12:], NONE, NONE),
    ],
    ids=["nothing", "Mach-O", "script", "short", "short flags", "no hex", "class 3", "byte order 3"],
)
def test_what_is_no_elf_header_is_none(words: tuple[str, str, str]) -> None:
    assert parse_elf_header(*words) is None


@given(st.binary(max_size=64))
def test_any_bytes_are_a_header_or_none(raw: bytes) -> None:
    found = parse_elf_header(raw[:20].hex(), raw[36:40].hex(), raw[48:52].hex())
    assert found is None or (raw[:4] == b"\x7fELF" and found.bits in (32, 64))


@given(
    st.binary(min_size=16, max_size=16),
    st.sampled_from([1, 2]),
    st.sampled_from([1, 2]),
    st.binary(min_size=8, max_size=8),
)
def test_any_elf_file_of_a_known_class_and_order_has_a_header(rest: bytes, bits: int, order: int, flags: bytes) -> None:
    raw = b"\x7fELF" + bytes([bits, order]) + rest[:14]
    found = parse_elf_header(raw.hex(), flags[:4].hex(), flags[4:].hex())
    assert found is not None
    assert found.bits == bits * 32


@given(st.text(), st.text(), st.text())
def test_any_text_is_a_header_or_none(header: str, flags32: str, flags64: str) -> None:
    parse_elf_header(header, flags32, flags64)
