# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root file systems to run the probe in: Debian's packages unpacked, or the Alpine of the test world."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.world.cache import Cache
from tests.world.debian import debian_mirror
from tests.world.download import fetch, forget
from tests.world.pins import ALPINE

from .record import RecordError

# What a minimal Debian has of what the probe looks at. Unpacked only: no maintainer script runs, so no emulation.
_PACKAGES = (
    "base-files", "coreutils", "dash", "debianutils", "findutils", "grep", "gzip", "libc-bin", "libc6", "mount",
    "procps", "sed", "tar",
)  # fmt: skip
# Debian's word for an architecture -> the name in binfmt_misc, for those that run in no machine here.
_EMULATORS = {"loong64": "qemu-loongarch64", "mipsel": "qemu-mipsel", "mips64el": "qemu-mips64el"}
_MERGED_USR = "/usr/share/mmdebstrap/hooks/merged-usr"

# Fetch the kernel that a metapackage depends on, and unpack the image and the device trees only.
_KERNEL = """
cd "$DIRECTORY"
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG
export APT_CONFIG
name=$(apt-cache depends "$PACKAGE" | sed -n 's/.*Depends: \\(linux-image-[^ ]*\\)/\\1/p' | head -n 1)
apt-get -qq download "$name"
dpkg-deb --fsys-tarfile ./*.deb | tar -x --wildcards './boot/vmlinu*' '*.dtb' || [ -n "$(ls boot)" ]
"""


def debian(root: Path, suite: str, arch: str, packages: Sequence[str] = ()) -> None:
    """Unpack a Debian of a suite and architecture into a directory."""
    include = f"--include={','.join((*_PACKAGES, *packages))}"
    _mmdebstrap(root, suite, arch, ["--variant=extract", include, f"--hook-dir={_MERGED_USR}"])


def debian_kernel(suite: str, arch: str, package: str, directory: Path) -> None:
    """Put the kernel of a metapackage such as ``linux-image-arm64`` into a directory, and its device trees."""
    with tempfile.TemporaryDirectory() as scratch:
        hook = f"--customize-hook={_KERNEL}"
        own = {"PACKAGE": package, "DIRECTORY": str(directory)}
        _mmdebstrap(Path(scratch, "root"), suite, arch, ["--variant=custom", hook], own)


def _mmdebstrap(
    root: Path, suite: str, arch: str, options: Sequence[str], own: Mapping[str, str] | None = None
) -> None:
    # A mirror may be a copy of some day; the signature is checked all the same.
    common = ["--quiet", "--mode=root", "--aptopt=Acquire::Check-Valid-Until false"]
    command = ["mmdebstrap", *common, f"--architectures={arch}", *options]
    _run([*command, suite, str(root), f"deb {debian_mirror()} {suite} main"], {**os.environ, **(own or {})})


def alpine(root: Path, arch: str) -> None:
    """Unpack the test world's Alpine; ``arch`` is Debian's word."""
    name = "alpine" if arch == "amd64" else f"alpine-{arch}"
    archive = Cache().images / f"{name}.tar.zst"
    if not archive.is_file():
        raise RecordError(f"the test world has no {name} yet: run python3 -m tests.world build --only {name}")
    root.mkdir()
    _run(["tar", "-C", str(root), "--zstd", "-xf", str(archive)])


def alpine_kernel(arch: str, kernel_directory: Path) -> None:
    """Put the kernel of the Alpine wheel into a directory."""
    cache = Cache()
    with cache.lock():
        wheel = fetch(ALPINE[arch], cache)
        with zipfile.ZipFile(wheel) as zipped:
            [member] = [name for name in zipped.namelist() if name.endswith(".kernel")]
            (kernel_directory / "vmlinuz-alpine").write_bytes(bootable(zipped.read(member)))
        forget(ALPINE[arch], cache)


def bootable(kernel: bytes) -> bytes:
    """The kernel inside of an EFI zboot image (Linux, libstub/zboot-header.S), which qemu 7 cannot boot."""
    if kernel[4:8] != b"zimg":
        return kernel
    start, size = struct.unpack_from("<II", kernel, 8)
    return zlib.decompress(kernel[start : start + size], wbits=31)


def shape(root: Path, script: str, suite: str, arch: str) -> None:
    """Change a root by a shell script that runs in it, outside of its userland.

    It has every command of this machine, and ``package NAME [ARCH]``, which unpacks one package without what it needs.
    """
    with tempfile.TemporaryDirectory() as scratch:
        prelude = f"""set -eu
package() {{
  PACKAGE=$1 mmdebstrap --quiet --variant=custom --mode=root --architectures="${{2:-{arch}}}" \\
    --customize-hook='cd "$DOWNLOAD" && APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -qq download "$PACKAGE"' \\
    {suite} "$DOWNLOAD/root" "deb {debian_mirror()} {suite} main"
  dpkg-deb --fsys-tarfile "$DOWNLOAD"/*.deb | tar -x --keep-directory-symlink
  rm -rf "$DOWNLOAD"/*
}}
"""
        _run(["sh", "-c", prelude + script], {**os.environ, "DOWNLOAD": scratch}, cwd=root)


def emulate(arch: str) -> None:
    """Let this machine run programs of an architecture, where qemu-user is needed for them."""
    emulator = _EMULATORS.get(arch)
    if emulator and not Path("/proc/sys/fs/binfmt_misc", emulator).exists():
        _run(["update-binfmts", "--enable", emulator])


def remove(directory: Path) -> None:
    """Remove a root; refused where something is still mounted below it."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    if below := [mount for mount in mounts if mount.startswith(f"{directory}/")]:
        raise RecordError(f"{' and '.join(below)} is still mounted; unmount it, then remove {directory}")
    shutil.rmtree(directory)


def _run(command: Sequence[str], environment: dict[str, str] | None = None, cwd: Path | None = None) -> None:
    done = subprocess.run(
        command, env=environment, cwd=cwd, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        raise RecordError(f"{command[0]} failed (exit {done.returncode}): {done.stderr.strip()[-800:]}")
