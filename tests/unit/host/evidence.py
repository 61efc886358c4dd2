# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts made up of a few lines of evidence, for what no recorded host shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._host.platform import Platform, platform_of
from ansible_collections.fleet.python.plugins.plugin_utils._host.probe import parse_probe

# The start of an ELF header: class, byte order, e_machine; then e_flags of ELF32 and of ELF64.
HEADERS = {
    "x86_64": "7f454c4602010100000000000000000003003e00 00000000 00000000",
    "x32": "7f454c4601010100000000000000000003003e00 00000000 00000000",
    "i686": "7f454c4601010100000000000000000003000300 00000000 00000000",
    "aarch64": "7f454c460201010000000000000000000300b700 00000000 00000000",
    "arm hard": "7f454c4601010100000000000000000003002800 00040005 00000000",
    "arm soft": "7f454c4601010100000000000000000003002800 00020005 00000000",
    "arm unsaid": "7f454c4601010100000000000000000003002800 00000005 00000000",
    "arm old ABI": "7f454c4601010161000000000000000002002800 02000000 00000000",
    "arm big-endian": "7f454c4601020100000000000000000000020028 05800400 00000000",
    "ppc64le": "7f454c4602010100000000000000000003001500 00000000 02000000",
    "ppc64": "7f454c4602020100000000000000000000020015 00000000 00000001",
    "ppc": "7f454c4601020100000000000000000000020014 00000000 00000000",
    "s390x": "7f454c4602020100000000000000000000030016 00000000 00000000",
    "s390": "7f454c4601020100000000000000000000020016 00000000 00000000",
    "riscv64": "7f454c460201010000000000000000000300f300 00000000 05000000",
    "riscv64 soft": "7f454c460201010000000000000000000300f300 00000000 01000000",
    "loongarch64": "7f454c4602010100000000000000000003000201 00000000 43000000",
    "mips": "7f454c4601020100000000000000000000030008 70001007 00000000",
    "unknown": "7f454c4602010100000000000000000003006712 00000000 00000000",
}
GLIBC = ("ld.so (GNU libc) stable release version {}.", "Copyright (C) 2022 Free Software Foundation, Inc.")
MUSL = ("musl libc (x86_64)", "Version {}")


@dataclass(frozen=True)
class Evidence:
    """A host's evidence; ``loaders`` are paths, or ``path -> target``."""

    header: str = "x86_64"
    interp: str | None = "/lib64/ld-linux-x86-64.so.2"
    loaders: tuple[str, ...] | None = None
    """What is on the disk; None for the interp alone."""
    asked: str | None = None
    """The loader that told its version; None for the interp."""
    says: tuple[str, ...] = (GLIBC[0].format("2.36"), GLIBC[1])
    kernel: str = "Linux 6.1.0 x86_64"
    more: tuple[str, ...] = field(default=("cpu flags : sse2",))

    def observation(self) -> Observation:
        """What the probe would find."""
        on_disk = [self.interp] if self.loaders is None and self.interp else self.loaders or ()
        asked = self.asked if self.asked is not None else self.interp
        lines = [
            "fleet-probe 1",
            f"kernel {self.kernel}",
            f"elf /bin/sh {HEADERS[self.header]}",
            *([f"interp /bin/sh {self.interp}"] if self.interp else ()),
            *(f"loader lrwxrwxrwx 1 0 0 9 Jan  1  2024 {path}" for path in on_disk),
            *([f"loader-asked {asked}"] if asked else ()),
            *(f"loader-says {line}" for line in self.says),
            *self.more,
            "fleet-probe-end",
        ]
        return parse_probe("\n".join(lines), "/opt/python")

    def platform(self) -> Platform:
        """The platform that it shows."""
        return platform_of(self.observation())
