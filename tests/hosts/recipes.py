# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How each recorded host is made: what it is unpacked from, and where it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """A virtual machine: qemu's command, the kernel's name of its console, and Debian's metapackage of its kernel.

    ``kernel`` is ``alpine`` for the one in the Alpine wheel; ``dtb``: file name of its device tree, if one is needed.
    """

    command: tuple[str, ...]
    console: str
    kernel: str
    dtb: str = ""
    append: str = ""
    """More words of the kernel's command line."""


@dataclass(frozen=True)
class Recipe:
    """One host. ``suite`` is Debian's, or ``alpine``; ``arch`` is Debian's word; ``script`` is run in its root first.

    Without ``machine`` it runs in a chroot of this machine, emulated by qemu-user where it has to be (/proc is this
    machine's there, so it is not mounted).
    """

    name: str
    suite: str
    arch: str
    packages: tuple[str, ...] = ()
    script: str = ""
    machine: Machine | None = None
    shell: str = "/bin/sh"
    """What reads the probe in the chroot."""
    kernel_arch: str = ""
    """The kernel's architecture, where it is not that of the programs."""


def _pc(cpu: str, kernel: str = "linux-image-amd64") -> Machine:
    return Machine(("qemu-system-x86_64", "-accel", "tcg", "-cpu", cpu, "-m", "1024"), "ttyS0", kernel)


_ARM64 = Machine(
    ("qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72", "-m", "1024"), "ttyAMA0", "linux-image-arm64"
)
_ARM64_ALPINE = Machine(_ARM64.command, "ttyAMA0", "alpine")
_ARMHF = Machine(("qemu-system-arm", "-M", "virt", "-cpu", "cortex-a15", "-m", "1024"), "ttyAMA0", "linux-image-armmp")
# The power driver of Linux 6.1 dies on the machine as qemu 7.2 has it.
_PI_ZERO = Machine(
    ("qemu-system-arm", "-M", "raspi0"), "ttyAMA0", "linux-image-rpi", dtb="bcm2835-rpi-zero.dtb",
    append="initcall_blacklist=bcm2835_power_driver_init",
)  # fmt: skip
_I386 = Machine(("qemu-system-i386", "-accel", "tcg", "-cpu", "pentium3", "-m", "1024"), "ttyS0", "linux-image-686")
_PPC64EL = Machine(
    ("qemu-system-ppc64", "-M", "pseries", "-cpu", "power9", "-m", "1024"), "hvc0", "linux-image-powerpc64le"
)
_S390X = Machine(("qemu-system-s390x", "-M", "s390-ccw-virtio", "-m", "1024"), "ttysclp0", "linux-image-s390x")
_RISCV64 = Machine(("qemu-system-riscv64", "-M", "virt", "-m", "1024"), "ttyS0", "linux-image-riscv64")

# BusyBox alone; its own commands as links to it.
_BUSYBOX_ONLY = """
rm -rf ./* && mkdir bin proc sys dev tmp
package busybox-static
rm -rf usr/share usr/lib
[ -e bin/busybox ] || mv usr/bin/busybox bin/
for name in sh ls cat id uname od sed grep dd df readlink tar gzip sha256sum wget mount sleep; do
  ln -sf busybox bin/$name
done
"""

RECIPES = (
    Recipe("debian-12-amd64", "bookworm", "amd64", ("gzip", "zstd", "curl", "python3-minimal"), machine=_pc("Haswell")),
    Recipe("debian-12-amd64-level1", "bookworm", "amd64", machine=_pc("qemu64")),
    Recipe("debian-12-amd64-level2", "bookworm", "amd64", machine=_pc("Nehalem")),
    # Levels as above with one flag hidden, as hypervisors do.
    Recipe("debian-12-amd64-no-movbe", "bookworm", "amd64", machine=_pc("Haswell,-movbe")),
    Recipe("debian-12-i386", "bookworm", "i386", machine=_I386),
    Recipe("debian-12-i386-on-amd64", "bookworm", "i386", machine=_pc("Haswell"), kernel_arch="amd64"),
    Recipe("debian-12-arm64", "bookworm", "arm64", machine=_ARM64),
    Recipe("debian-12-armhf", "bookworm", "armhf", machine=_ARMHF),
    Recipe("debian-12-armhf-on-arm64", "bookworm", "armhf", machine=_ARM64, kernel_arch="arm64"),
    Recipe("debian-12-armel", "bookworm", "armel", machine=_ARMHF, kernel_arch="armhf"),
    Recipe("debian-12-armel-pi-zero", "bookworm", "armel", machine=_PI_ZERO),
    Recipe("debian-12-ppc64el", "bookworm", "ppc64el", machine=_PPC64EL),
    Recipe("debian-12-s390x", "bookworm", "s390x", machine=_S390X),
    Recipe("debian-13-riscv64", "trixie", "riscv64", machine=_RISCV64),
    Recipe("debian-13-amd64", "trixie", "amd64", machine=_pc("Haswell")),
    Recipe("debian-11-amd64", "bullseye", "amd64", machine=_pc("Haswell")),
    # Needs LSX of the emulator: qemu-user 10 of Debian 13.
    Recipe("debian-sid-loong64", "sid", "loong64"),
    Recipe("debian-12-mipsel", "bookworm", "mipsel"),
    Recipe("debian-12-mips64el", "bookworm", "mips64el"),
    Recipe("debian-12-amd64-musl-beside", "bookworm", "amd64", ("musl",), machine=_pc("Haswell")),
    Recipe("debian-12-amd64-no-od", "bookworm", "amd64", script="rm -f usr/bin/od usr/bin/hexdump usr/bin/xxd",
           machine=_pc("Haswell")),
    Recipe("debian-12-amd64-no-ldd", "bookworm", "amd64", script="rm -f usr/bin/ldd usr/bin/getconf usr/bin/readlink",
           machine=_pc("Haswell")),
    Recipe("debian-12-amd64-no-proc", "bookworm", "amd64"),
    # A shell as on NixOS: its loader in the store, and none where other systems have it.
    Recipe("debian-12-amd64-like-nixos", "bookworm", "amd64", script="""
store=/nix/store/0000000000000000000000000000000-glibc-2.36/lib
mkdir -p .$store && cp -a usr/lib/x86_64-linux-gnu/. .$store/ && rm -f lib64/ld-linux-x86-64.so.2
for program in $(find usr/bin usr/sbin -type f); do
  patchelf --set-interpreter $store/ld-linux-x86-64.so.2 --set-rpath $store $program 2>/dev/null || :
done
""", machine=_pc("Haswell")),
    Recipe("busybox-static", "bookworm", "amd64", script=_BUSYBOX_ONLY, machine=_pc("Haswell")),
    Recipe("busybox-static-musl", "bookworm", "amd64", script=_BUSYBOX_ONLY + """
package musl
""", machine=_pc("Haswell")),
    Recipe("busybox-static-glibc", "bookworm", "amd64", script=_BUSYBOX_ONLY + """
package libc6
mkdir -p lib64 && [ -e lib64/ld-linux-x86-64.so.2 ] || ln -s ../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 lib64/
""", machine=_pc("Haswell")),
    Recipe("busybox-static-both", "bookworm", "amd64", script=_BUSYBOX_ONLY + """
package musl
package libc6
mkdir -p lib64 && [ -e lib64/ld-linux-x86-64.so.2 ] || ln -s ../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 lib64/
""", machine=_pc("Haswell")),
    Recipe("alpine-3.23-amd64-level1", "alpine", "amd64", machine=_pc("qemu64", "alpine")),
    Recipe("alpine-3.23-amd64-level2", "alpine", "amd64", machine=_pc("Nehalem", "alpine")),
    Recipe("alpine-3.23-amd64-level3", "alpine", "amd64", machine=_pc("Haswell", "alpine")),
    Recipe("alpine-3.23-arm64", "alpine", "arm64", machine=_ARM64_ALPINE),
    # The nearest to an x32 userland that packages give: /bin/sh is an x32 program without use, dash reads the probe.
    Recipe("debian-12-x32-stub", "bookworm", "amd64", ("libc6-x32",), shell="/bin/dash", script="""
echo "int main(void) { return 0; }" > stub.c && gcc -mx32 stub.c -o stub && rm stub.c && mv -f stub usr/bin/sh
"""),
)  # fmt: skip
