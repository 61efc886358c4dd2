# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read from an ELF header which userland a program was built for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# e_machine -> name (System V ABI, "ELF header"; numbers as in elf.h).
_MACHINES = {
    3: "i386",
    4: "m68k",
    8: "mips",
    15: "parisc",
    20: "ppc",
    21: "ppc64",
    22: "s390",
    40: "arm",
    43: "sparc64",
    50: "ia64",
    62: "x86_64",
    183: "aarch64",
    243: "riscv",
    258: "loongarch",
    0x9026: "alpha",
}

# ARM ELF ABI: e_flags of a program with the hard or soft float calling convention (elf.h, EF_ARM_ABI_FLOAT_*).
_ARM_FLOAT = {0x400: "hard", 0x200: "soft"}
# RISC-V ELF psABI: EF_RISCV_FLOAT_ABI, two bits.
_RISCV_FLOAT = {0x0: "soft", 0x2: "single", 0x4: "double", 0x6: "quad"}


@dataclass(frozen=True, slots=True)
class ElfHeader:
    """``machine`` is as in elf.h, ``bits`` is 32 or 64, and ``float_abi`` is None if the header does not say."""

    machine: str
    bits: int
    little_endian: bool
    flags: int
    float_abi: str | None

    @property
    def arm_eabi(self) -> int | None:
        """The version of the ARM EABI (ARM ELF ABI: EF_ARM_EABIMASK): 0 for the old ABI, None if this is not ARM."""
        return self.flags >> 24 if self.machine == "arm" else None


def parse_elf_header(header: str, flags32: str, flags64: str) -> ElfHeader | None:
    """Parse hex digits: the first 20 bytes, and the four bytes where ELF32 (offset 36) and ELF64 (48) have e_flags.

    Returns None if the file is not ELF.
    """
    try:
        raw = bytes.fromhex(header)
        flags_bytes = bytes.fromhex(flags64 if raw[4:5] == b"\x02" else flags32)
    except ValueError:
        return None
    if len(raw) < 20 or len(flags_bytes) != 4 or raw[:4] != b"\x7fELF" or raw[4] not in (1, 2) or raw[5] not in (1, 2):
        return None
    order: Literal["little", "big"] = "little" if raw[5] == 1 else "big"
    number = int.from_bytes(raw[18:20], order)
    flags = int.from_bytes(flags_bytes, order)
    machine = _MACHINES.get(number, f"machine {number}")
    float_abi = None
    if machine == "arm":
        float_abi = _ARM_FLOAT.get(flags & 0x600)
    elif machine == "riscv":
        float_abi = _RISCV_FLOAT[flags & 0x6]
    return ElfHeader(machine, 64 if raw[4] == 2 else 32, raw[5] == 1, flags, float_abi)
