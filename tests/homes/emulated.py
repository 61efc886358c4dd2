# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose processor is emulated, and lower than its /proc/cpuinfo says: a hypervisor that hides too little.

qemu's user mode runs each of its programs: the kernel is told so for the host's own user namespace (binfmt_misc is
mounted there, which Linux 6.7 and later allow), and what the host reads below /proc is this machine's, unless a test
gives other flags of the CPU. Debian 11 or Alpine, because their C libraries do not look at the processor themselves
when they are asked.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# A byte of the ELF header that the kernel does not look at: the emulator bears it, so that it is not emulated itself.
_PADDING = 15
_HEADER = bytes([0x7F, *b"ELF", 2, 1, 1, 0, *bytes(8), 0, 0, 62, 0])
_MASK = bytes([*[255] * 7, 0, *[255] * 8, 0, 255, 255, 255])
# The kernel passes no arguments of ours, and the trial starts its programs with an environment of its own.
_EMULATOR = """
#include <unistd.h>
int main(int count, char **given) {
  char *arguments[count + 3];
  arguments[0] = "qemu"; arguments[1] = "-cpu"; arguments[2] = "CPU";
  for (int i = 1; i <= count; i++) arguments[i + 2] = given[i];
  execv("QEMU", arguments);
  return 126;
}
"""
# $1 is the root, $2 a directory that has the same path there and here, $3 the line that registers the emulator. If the
# directory has a cpuinfo, that is the host's.
_INIT = """
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount --bind "$2" "$1$2"
[ ! -e "$2/cpuinfo" ] || mount --bind "$2/cpuinfo" "$1/proc/cpuinfo"
mount -t binfmt_misc binfmt /proc/sys/fs/binfmt_misc
exec 3>/proc/sys/fs/binfmt_misc/register
cd "$1"
printf "%s" "$3" >&3
exec 3>&-
exec chroot . /bin/sh -c "echo up; exec sleep infinity"
"""


def lacking() -> str:
    """Why there can be no such host here, empty where there can."""
    for tool in ("qemu-x86_64-static", "gcc", "unshare", "nsenter"):
        if not shutil.which(tool):
            return f"no {tool}"
    mount = "mount -t binfmt_misc binfmt /proc/sys/fs/binfmt_misc"
    tried = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount], check=False)
    return "" if tried.returncode == 0 else "no binfmt_misc in a user namespace"


@contextmanager
def emulated_host(
    directory: Path, image: Path, cpu: str, flags: str | None = None
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The root of a host out of a host image's archive, with a processor of qemu's name ``cpu``; and its variables.

    ``flags`` are those that its /proc/cpuinfo shows. None: this machine's.
    """
    root, shared = directory / "root", directory / "shared"
    for folder in (root, shared):
        folder.mkdir(parents=True)
    subprocess.run(["tar", "--zstd", "-xf", image, "-C", root, "--exclude=./dev/*"], check=True)
    (root / shared.relative_to("/")).mkdir(parents=True)
    if flags is not None:
        (shared / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
    line = f":emulated:M::{_escaped(_HEADER)}:{_escaped(_MASK)}:{_emulator(shared, cpu)}:OCF"
    apart = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    command = [*apart, "sh", "-euc", _INIT, "sh", str(root), str(shared), line]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as outside:
        try:
            assert outside.stdout
            assert outside.stdout.readline() == "up\n"
            inside = int(Path(f"/proc/{outside.pid}/task/{outside.pid}/children").read_text())
            enter = f"nsenter --target {inside} --user --mount --pid --root --wd"
            shell = shared / "sh"
            # Ansible names the shell once more in what it gives to the shell: that is read inside.
            shell.write_text(
                f'#!/bin/sh\nif [ -d {root} ]; then exec {enter} /bin/sh "$@"; else exec /bin/sh "$@"; fi\n'
            )
            shell.chmod(0o755)
            # What Ansible sends goes through the shared directory.
            yield (
                root,
                {
                    "ansible_connection": "local",
                    "ansible_shell_executable": str(shell),
                    "ansible_remote_tmp": str(shared / "ansible"),
                },
            )
        finally:
            outside.kill()


def _emulator(directory: Path, cpu: str) -> Path:
    qemu = directory / "qemu"
    found = shutil.which("qemu-x86_64-static")
    assert found
    qemu.write_bytes(_marked(Path(found).read_bytes()))
    emulator = directory / "emulator"
    source = _EMULATOR.replace("CPU", cpu).replace("QEMU", str(qemu))
    subprocess.run(["gcc", "-static", "-x", "c", "-", "-o", emulator], input=source, text=True, check=True)
    emulator.write_bytes(_marked(emulator.read_bytes()))
    qemu.chmod(0o755)
    return emulator


def _marked(program: bytes) -> bytes:
    return program[:_PADDING] + b"\1" + program[_PADDING + 1 :]


def _escaped(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)
