# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Triples that python-build-standalone builds for, what they need of a host, and why there are no others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LIBC_CHOICES: Final = ("auto", "gnu", "musl")
MAX_LEVEL: Final = 4

Floor = tuple[int, int]
# Builds of install_only archives: (first release, build), oldest first.
Builds = tuple[tuple[str, str], ...]

# Sources: python-build-standalone src/validation.rs (versions of GLIBC symbols allowed).
_GLIBC: Final[Floor] = (2, 17)
_GLIBC_RISCV: Final[Floor] = (2, 28)
# The dynamic musl builds are linked against musl 1.2 (python-build-standalone docs/running.rst).
_MUSL: Final[Floor] = (1, 2)

# Source: python-build-standalone src/release.rs, install_only_suffix, and the names of the full archives beside.
_PGO_LTO: Final[Builds] = (("", "pgo+lto"),)
_PGO_THEN_LTO: Final[Builds] = (("", "pgo"), ("20210327", "pgo+lto"))
_LTO: Final[Builds] = (("", "lto"),)
_LTO_THEN_PGO: Final[Builds] = (("", "lto"), ("20250702", "pgo+lto"))
_PGO: Final[Builds] = (("", "pgo"),)


@dataclass(frozen=True, slots=True)
class Triple:
    """One target of python-build-standalone, and what it needs of a host."""

    name: str
    arch: str
    """The architecture without a level: ``x86_64``, ``armv7``."""
    system: str
    """``linux``, ``macos`` or ``windows``."""
    libc: str | None
    """``gnu`` or ``musl``; None where the system is not Linux."""
    floor: Floor | None
    """Oldest version of that libc that works."""
    first: str
    """First release that has it."""
    last: str | None
    """Last release that has it; None where it is still built."""
    install_only: Builds
    """Which build the install_only archives were made of, by first release."""
    level: int | None = None
    """x86-64 microarchitecture level that it needs; None but on x86-64."""
    float_abi: str | None = None
    """``hard`` or ``soft``; None but on 32-bit ARM."""
    note: str = ""


# First and last releases: from the names of all assets known (see digests/), but where a note says otherwise.
_ROWS: Final = (
    Triple("x86_64-unknown-linux-gnu", "x86_64", "linux", "gnu", _GLIBC, "20181218", None, _PGO_THEN_LTO, 1),
    Triple("x86_64_v2-unknown-linux-gnu", "x86_64", "linux", "gnu", _GLIBC, "20220227", None, _PGO_LTO, 2),
    Triple("x86_64_v3-unknown-linux-gnu", "x86_64", "linux", "gnu", _GLIBC, "20220227", None, _PGO_LTO, 3),
    Triple(
        "x86_64_v4-unknown-linux-gnu", "x86_64", "linux", "gnu", _GLIBC, "20220227", None, _PGO_LTO, 4,
        note="python-build-standalone advises against it in production (docs/running.rst)",
    ),
    Triple(
        "x86_64-unknown-linux-musl", "x86_64", "linux", "musl", _MUSL, "20181218", None, _LTO, 1,
        note="static before 20250311",
    ),
    Triple(
        "x86_64_v2-unknown-linux-musl", "x86_64", "linux", "musl", _MUSL, "20220227", None, _LTO, 2,
        note="static before 20250311",
    ),
    Triple(
        "x86_64_v3-unknown-linux-musl", "x86_64", "linux", "musl", _MUSL, "20220227", None, _LTO, 3,
        note="static before 20250311",
    ),
    Triple(
        "x86_64_v4-unknown-linux-musl", "x86_64", "linux", "musl", _MUSL, "20220227", None, _LTO, 4,
        note="static before 20250311; python-build-standalone advises against it in production (docs/running.rst)",
    ),
    Triple("aarch64-unknown-linux-gnu", "aarch64", "linux", "gnu", _GLIBC, "20210724", None, _LTO_THEN_PGO),
    Triple("aarch64-unknown-linux-musl", "aarch64", "linux", "musl", _MUSL, "20250828", None, _LTO),
    Triple(
        "armv7-unknown-linux-gnueabihf", "armv7", "linux", "gnu", _GLIBC, "20240415", None, _LTO, float_abi="hard",
        note="ARMv7-A with VFPv3",
    ),
    Triple(
        "armv7-unknown-linux-gnueabi", "armv7", "linux", "gnu", _GLIBC, "20240415", None, _LTO, float_abi="soft",
    ),
    Triple("ppc64le-unknown-linux-gnu", "ppc64le", "linux", "gnu", _GLIBC, "20230507", None, _LTO),
    Triple(
        "s390x-unknown-linux-gnu", "s390x", "linux", "gnu", _GLIBC, "20230726", None, _LTO,
        note="built for the z10 and later",
    ),
    Triple(
        "riscv64-unknown-linux-gnu", "riscv64", "linux", "gnu", _GLIBC_RISCV, "20250115", None, _LTO,
        note="may need libatomic.so.1",
    ),
    Triple("i686-unknown-linux-gnu", "i686", "linux", "gnu", _GLIBC, "20210327", "20230826", _PGO_LTO),
    Triple("x86_64-apple-darwin", "x86_64", "macos", None, None, "20190617", None, _PGO_THEN_LTO, 1),
    Triple("aarch64-apple-darwin", "aarch64", "macos", None, None, "20210327", None, _PGO_LTO),
    Triple("x86_64-pc-windows-msvc", "x86_64", "windows", None, None, "20190617", None, _PGO, 1),
    Triple("i686-pc-windows-msvc", "i686", "windows", None, None, "20190617", None, _PGO),
    Triple("aarch64-pc-windows-msvc", "aarch64", "windows", None, None, "20250702", None, _PGO),
)  # fmt: skip

TRIPLES: Final[dict[str, Triple]] = {row.name: row for row in _ROWS}


@dataclass(frozen=True, slots=True)
class NotBuilt:
    """Why python-build-standalone has nothing for a platform; None stands for any."""

    arch: str | None
    system: str | None
    libc: str | None
    reason: str


# The first matching row says why.
NOT_BUILT: Final = (
    NotBuilt(None, "freebsd", None, "python-build-standalone builds for Linux, macOS and Windows, never for FreeBSD"),
    NotBuilt(None, "openbsd", None, "python-build-standalone builds for Linux, macOS and Windows, never for OpenBSD"),
    NotBuilt(None, "netbsd", None, "python-build-standalone builds for Linux, macOS and Windows, never for NetBSD"),
    NotBuilt(None, "sunos", None, "python-build-standalone builds for Linux, macOS and Windows, never for Solaris"),
    NotBuilt(None, "aix", None, "python-build-standalone builds for Linux, macOS and Windows, never for AIX"),
    NotBuilt("armv4", "linux", None, "ARMv7 is the oldest ARM that python-build-standalone builds for"),
    NotBuilt("armv5", "linux", None, "ARMv7 is the oldest ARM that python-build-standalone builds for"),
    NotBuilt(
        "armv6", "linux", None,
        "ARMv6 (Raspberry Pi 1 and Zero) is not built: the armv7 builds die there with an illegal instruction",
    ),
    NotBuilt("armv7", "linux", "musl", "musl on 32-bit ARM is not built: glibc is (Debian, Raspberry Pi OS)"),
    NotBuilt("aarch64_be", None, None, "big-endian ARM is not built"),
    NotBuilt("armv7b", None, None, "big-endian ARM is not built"),
    NotBuilt("ppc", "linux", None, "32-bit PowerPC is not built: only ppc64le is"),
    NotBuilt("ppc64", "linux", None, "big-endian ppc64 is not built: only ppc64le is"),
    NotBuilt("ppc64le", "linux", "musl", "musl on ppc64le is not built: glibc is"),
    NotBuilt("s390", "linux", None, "31-bit s390 is not built: only s390x is"),
    NotBuilt("s390x", "linux", "musl", "musl on s390x is not built: glibc is"),
    NotBuilt("riscv32", "linux", None, "32-bit RISC-V is not built: only riscv64 is"),
    NotBuilt("riscv64", "linux", "musl", "musl on riscv64 is not built: glibc is"),
    NotBuilt("i686", "linux", "musl", "musl on i686 is not built; glibc on i686 ended with release 20230826"),
    NotBuilt(
        "x32", "linux", None, "the x32 ABI is not built: an x86-64 userland (64-bit pointers) is what the builds need"
    ),
    NotBuilt("mips", "linux", None, "MIPS is not built"),
    NotBuilt("mipsel", "linux", None, "MIPS is not built"),
    NotBuilt("mips64", "linux", None, "MIPS is not built"),
    NotBuilt("mips64el", "linux", None, "MIPS is not built"),
    NotBuilt("loongarch64", "linux", None, "LoongArch is not built"),
    NotBuilt("sparc64", "linux", None, "SPARC is not built"),
    NotBuilt("alpha", "linux", None, "Alpha is not built"),
    NotBuilt("m68k", "linux", None, "m68k is not built"),
    NotBuilt("parisc", "linux", None, "PA-RISC is not built"),
    NotBuilt("ia64", "linux", None, "Itanium is not built"),
    NotBuilt("i686", "macos", None, "32-bit macOS is not built"),
    NotBuilt("ppc", "macos", None, "PowerPC macOS is not built"),
    NotBuilt("armv7", "windows", None, "32-bit ARM Windows is not built"),
)  # fmt: skip


def runs(name: str) -> tuple[str, ...]:
    """The triples that a host of this triple runs, best first: itself, and the x86-64 levels below its own."""
    mine = TRIPLES[name]
    alike = [
        each
        for each in TRIPLES.values()
        if (each.arch, each.system, each.libc, each.float_abi) == (mine.arch, mine.system, mine.libc, mine.float_abi)
        and (each.level or 0) <= (mine.level or 0)
    ]
    return tuple(each.name for each in sorted(alike, key=lambda each: each.level or 0, reverse=True))


def why_not_built(arch: str, system: str, libc: str | None = None) -> str | None:
    """Why there is no build for a platform, or None where there is one (or was).

    ``arch`` is as in `Triple.arch`, or as the kernel names it; ``system`` as in `Triple.system`, or ``uname -s``
    in lower case; ``libc`` is ``gnu``, ``musl`` or None.
    """
    for row in NOT_BUILT:
        if row.arch in (None, arch) and row.system in (None, system) and row.libc in (None, libc):
            return row.reason
    for triple in TRIPLES.values():
        if triple.arch == arch and triple.system == system and libc in (None, triple.libc):
            return None
    where = f"{arch} {system}" if libc is None else f"{arch} {system} with {libc}"
    return f"python-build-standalone has never built for {where}"


def why_no_triple(name: str) -> str:
    """Why a triple that is not in `TRIPLES` cannot be had, for a person."""
    arch, _dash, rest = name.partition("-")
    system = next((word for sign, word in _SYSTEM_SIGNS.items() if sign in rest), None)
    if system:
        libc = None if system != "linux" else "musl" if "musl" in rest else "gnu"
        reason = why_not_built(arch, system, libc)
        if reason:
            return reason
    return f"python-build-standalone has no such triple; it has {', '.join(TRIPLES)}"


_SYSTEM_SIGNS: Final = {
    "linux": "linux", "darwin": "macos", "windows": "windows", "freebsd": "freebsd", "openbsd": "openbsd",
    "netbsd": "netbsd", "solaris": "sunos", "aix": "aix",
}  # fmt: skip


def install_only_build(triple: Triple, date: str) -> str:
    """Which build the install_only archives of a release were made of; ``date`` is that release's real day."""
    return [build for since, build in triple.install_only if since <= date][-1]
