# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work out what a host can run. The evidence is its userland, and never uname alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.triples import TRIPLES, Triple, why_not_built
from ansible_collections.fleet.python.plugins.plugin_utils._host.elf import ElfHeader, parse_elf_header
from ansible_collections.fleet.python.plugins.plugin_utils._host.level import level_of
from ansible_collections.fleet.python.plugins.plugin_utils._host.loader import LOADERS, libc_of, libc_version, libcs_for
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation

# (machine, bits, little-endian) of an ELF header -> the architecture as triples name it.
_ARCHITECTURES: Final = {
    ("x86_64", 64, True): "x86_64",
    ("x86_64", 32, True): "x32",
    ("i386", 32, True): "i686",
    ("aarch64", 64, True): "aarch64",
    ("aarch64", 64, False): "aarch64_be",
    ("arm", 32, True): "armv7",
    ("arm", 32, False): "armv7b",
    ("ppc64", 64, True): "ppc64le",
    ("ppc64", 64, False): "ppc64",
    ("ppc", 32, False): "ppc",
    ("s390", 64, False): "s390x",
    ("s390", 32, False): "s390",
    ("riscv", 64, True): "riscv64",
    ("riscv", 32, True): "riscv32",
    ("loongarch", 64, True): "loongarch64",
    ("mips", 32, False): "mips",
    ("mips", 32, True): "mipsel",
    ("mips", 64, False): "mips64",
    ("mips", 64, True): "mips64el",
    ("sparc64", 64, False): "sparc64",
    ("alpha", 64, True): "alpha",
    ("m68k", 32, False): "m68k",
    ("parisc", 32, False): "parisc",
    ("ia64", 64, True): "ia64",
}

# Matches cpuinfo's "model name" or "Processor", and uname: "ARMv6-compatible processor rev 7 (v6l)", "armv6l".
_OLD_ARM: Final = re.compile(r"\(v([456])|ARMv([456])|^armv([456])")
# Programs of an older version have a different ABI (ARM ELF ABI: GNU EABI is 4, released as 5).
_ARM_EABI: Final = 4

_LIBC_NAMES: Final = {"gnu": "glibc", "musl": "musl", "uclibc": "uClibc", "bionic": "Bionic"}
_SYSTEM_NAMES: Final = {"linux": "Linux", "macos": "macOS"}
# uname -s of Unix shells on Windows: CYGWIN_NT-10.0, MSYS_NT-10.0, MINGW64_NT-10.0.
_WINDOWS: Final = re.compile(r"CYGWIN|MSYS|MINGW", re.IGNORECASE)
# uname -m of a Mac that is neither x86_64 nor arm64.
_MAC_ARCHITECTURES: Final = {"arm64": "aarch64", "i386": "i686", "Power Macintosh": "ppc"}


class PlatformError(ValueError):
    """No build runs on this host. The message says why, and suggests what to do."""


@dataclass(frozen=True, slots=True)
class Platform:
    """What a host is. Only x86-64 has a ``level``, and only 32-bit ARM and RISC-V have a ``float_abi``; else None."""

    system: str
    kernel_arch: str
    arch: str
    bits: int
    float_abi: str | None
    libc: str | None
    libc_version: str | None
    level: int | None
    notes: tuple[str, ...] = ()
    libcs: tuple[str, ...] = ()
    """Every libc whose builds find their loader on this host."""

    def describe(self) -> str:
        """The platform in a few words for messages: ``aarch64 Linux with glibc 2.36``."""
        libc = (
            f" with {_LIBC_NAMES.get(self.libc, self.libc)} {self.libc_version or '(version unknown)'}"
            if self.libc
            else ""
        )
        return f"{self.arch} {_SYSTEM_NAMES.get(self.system, self.system)}{libc}"

    def result(self, triples: tuple[str, ...]) -> dict[str, Any]:
        """The platform as modules return it."""
        return {
            "system": self.system,
            "kernel_arch": self.kernel_arch,
            "arch": self.arch,
            "bits": self.bits,
            "float_abi": self.float_abi,
            "libc": self.libc,
            "libc_version": self.libc_version,
            "level": self.level,
            "triples": list(triples),
            "notes": list(self.notes),
        }


def platform_of(observed: Observation) -> Platform:
    """The platform that the observation shows. Raises PlatformError if it shows none."""
    if observed.system == "Darwin":
        return _macos(observed)
    if _WINDOWS.match(observed.system):
        raise PlatformError(
            "this host is Windows: nothing is installed there, though asset_info resolves builds for it"
        )
    if observed.system != "Linux":
        raise PlatformError(
            why_not_built(observed.kernel_arch, observed.system.lower()) or f"{observed.system} is unknown"
        )
    header, interp = _userland(observed)
    arch = _arch(header, observed)
    float_abi = header.float_abi or _float_by_loader(header, interp or observed.loader_asked)
    libcs = libcs_for(observed, arch, float_abi, interp)
    # If the shell is static, use the only loader on the disk.
    libc = libc_of(interp) if interp else libcs[0] if len(libcs) == 1 else None
    notes = []
    if not interp:
        shown = " and ".join(loader.path for loader in observed.loaders) or "none"
        notes.append(f"/bin/sh and the other programs looked at are static; loaders found: {shown}")
    level = None
    if arch == "x86_64":
        level, note = level_of(observed)
        notes += [note] if note else []
    notes += _ended(arch)
    return Platform(
        system="linux",
        kernel_arch=observed.kernel_arch,
        arch=arch,
        bits=header.bits,
        float_abi=float_abi,
        libc=libc,
        libc_version=libc_version(observed, libc),
        level=level,
        notes=tuple(notes),
        libcs=libcs,
    )


def triples_of(platform: Platform, libc: str = "auto", max_level: int = 3, *, static: bool = False) -> tuple[str, ...]:
    """The triples that the host can run, best first. Raises PlatformError with the reason if there is none.

    ``static`` is for static builds only, which need neither a libc nor a loader of the host.
    """
    wanted = platform.libc if libc == "auto" else libc
    if static and platform.system == "linux":
        fitting = _static_triples(platform)
    else:
        reason = why_not_built(platform.arch, platform.system, wanted)
        if reason:
            raise PlatformError(f"this host is {platform.describe()}: {reason}")
        if platform.system == "linux":
            wanted = _startable(platform, wanted)
        fitting = [triple for triple in TRIPLES.values() if _fits(triple, platform, wanted)]
        version = platform.libc_version if wanted == platform.libc else None
        new_enough = [triple for triple in fitting if _floor_met(triple, version)]
        if fitting and not new_enough:
            raise PlatformError(_too_old(platform, fitting[0]))
        fitting = new_enough
    levels = [triple for triple in fitting if (triple.level or 1) <= min(platform.level or 1, max_level)]
    if not levels:
        raise PlatformError(f"this host is {platform.describe()}: no triple of python-build-standalone fits it")
    return tuple(triple.name for triple in sorted(levels, key=lambda triple: -(triple.level or 0)))


def level_below(triples: Iterable[str], highest: int) -> int | None:
    """The x86-64 level to try after a build for one of ``triples`` has crashed with an illegal instruction.

    None if there is no lower level, since then the level is not the cause.
    """
    tried = max((TRIPLES[name].level or 1 for name in triples if name in TRIPLES), default=1)
    lower = min(tried, highest) - 1
    return lower if lower >= 1 else None


def _userland(observed: Observation) -> tuple[ElfHeader, str | None]:
    """Header and PT_INTERP of the first program with a loader, or of the first one if all are static."""
    if not observed.programs:
        raise PlatformError("neither /bin/sh nor any other program of this host could be read")
    for program in sorted(observed.programs, key=lambda program: program.interp is None):
        header = parse_elf_header(program.header, program.flags32, program.flags64)
        if header:
            return header, program.interp
    if not any(program.header for program in observed.programs):
        raise PlatformError(
            "none of od, hexdump and xxd is on this host, so nothing tells what its programs are built for: "
            "install one of them (BusyBox has all three)"
        )
    raise PlatformError("/bin/sh of this host is no ELF program, so nothing tells what this host can run")


def _arch(header: ElfHeader, observed: Observation) -> str:
    arch = _ARCHITECTURES.get((header.machine, header.bits, header.little_endian))
    if arch is None:
        order = "little" if header.little_endian else "big"
        raise PlatformError(
            f"/bin/sh is a {header.bits}-bit {order}-endian program for {header.machine}: nothing is built for that"
        )
    if arch != "armv7":
        return arch
    if (header.arm_eabi or 0) < _ARM_EABI:
        raise PlatformError(
            "this host's programs are for ARM's old ABI, from before the EABI: nothing is built for that"
        )
    # ARM11 claims "CPU architecture: 7" in cpuinfo. Only uname and the model's name distinguish armv6 from armv7.
    for says in (observed.kernel_arch, observed.cpu.get("model name", ""), observed.cpu.get("Processor", "")):
        if found := _OLD_ARM.search(says):
            return f"armv{next(filter(None, found.groups()))}"
    return arch


def _float_by_loader(header: ElfHeader, loader: str) -> str | None:
    # Debian armhf builds some programs without the flag. The loader's name is part of the ABI (ArmHardFloatPort).
    if header.machine != "arm" or not loader:
        return None
    return "hard" if "armhf" in loader else "soft"


def _ended(arch: str) -> list[str]:
    """A note if upstream has stopped building for an architecture."""
    mine = [triple for triple in TRIPLES.values() if triple.arch == arch and triple.system == "linux"]
    return [
        f"{triple.name} ended with release {triple.last}: only that and older releases have it"
        for triple in mine
        if triple.last
    ]


def _macos(observed: Observation) -> Platform:
    translated = observed.darwin.get("darwin-translated") == "1"
    arm = translated or observed.darwin.get("darwin-arm64") == "1"
    arch = "aarch64" if arm else _MAC_ARCHITECTURES.get(observed.kernel_arch, observed.kernel_arch)
    note = "this connection runs under Rosetta: the machine is aarch64" if translated else None
    return Platform(
        system="macos",
        kernel_arch=observed.kernel_arch,
        arch=arch,
        bits=32 if arch in ("i686", "ppc") else 64,
        float_abi=None,
        libc=None,
        libc_version=observed.darwin.get("darwin"),
        level=1 if arch == "x86_64" else None,
        notes=(note,) if note else (),
    )


def _startable(platform: Platform, wanted: str | None) -> str:
    """The libc to choose builds for. Raises PlatformError if no build for it can start on the host."""
    if wanted in platform.libcs:
        return wanted
    what = f"this host is {platform.describe()}"
    if wanted is None and len(platform.libcs) > 1:
        both = " and ".join(_LIBC_NAMES[each] for each in platform.libcs)
        raise PlatformError(
            f"{what} with the loaders of {both}, and its /bin/sh is static, so nothing tells which one to use: "
            "set libc to gnu or musl"
        )
    paths = [
        path
        for (arch, libc, float_abi), path in LOADERS.items()
        if (arch, libc) == (platform.arch, wanted or libc) and float_abi in (None, platform.float_abi)
    ]
    name = _LIBC_NAMES[wanted] if wanted else "the libc"
    reason = f"the builds start with the loader {' or '.join(paths)}, and this host has none there that is {name}'s own"
    if wanted not in (None, platform.libc):
        raise PlatformError(f"{what}: {reason}. Set libc to auto")
    nix = " (on NixOS, programs.nix-ld.enable puts one there)" if wanted == "gnu" else ""
    raise PlatformError(f"{what}: {reason}{nix}.{_way_out(platform)}")


def _static_triples(platform: Platform) -> list[Triple]:
    """The triples of static builds, which are those linked with musl."""
    found = [
        triple
        for triple in TRIPLES.values()
        if (triple.arch, triple.system, triple.libc) == (platform.arch, "linux", "musl")
    ]
    if not found:
        raise PlatformError(f"this host is {platform.describe()}: static builds exist for x86_64 and aarch64 only")
    return found


def _fits(triple: Triple, platform: Platform, libc: str | None) -> bool:
    return (triple.arch, triple.system, triple.libc) == (platform.arch, platform.system, libc) and triple.float_abi in (
        None,
        platform.float_abi,
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _floor_met(triple: Triple, version: str | None) -> bool:
    return triple.floor is None or version is None or _numbers(version) >= triple.floor


def _too_old(platform: Platform, triple: Triple) -> str:
    floor = ".".join(map(str, triple.floor or ()))
    needs = f"the builds need {_LIBC_NAMES[triple.libc or 'gnu']} {floor} or newer."
    return f"this host is {platform.describe()}: {needs}{_way_out(platform)}"


def _way_out(platform: Platform) -> str:
    if platform.arch not in ("x86_64", "aarch64"):
        return ""
    return (
        " The way out is a static musl build (version: 3.13+static, and catalogue: source, since the bundled list has "
        "none): it needs no libc of the host, but loads no extension module, so no compiled wheel works with it"
    )
