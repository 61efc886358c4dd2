# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual machine that runs one shell script: a root directory as its initramfs, the serial console as its output."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from .recipes import Machine
from .record import RecordError

# Seconds; the slowest machine needs two minutes.
_PATIENCE = 600
_BEGIN, _END = "fleet-python-vm-begin", "fleet-python-vm-end"

# Process 1 of the machine. It must not end: the kernel would panic.
_INIT = f"""#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
echo
echo {_BEGIN}
/bin/sh /fleet-python-script
echo {_END}
while :; do sleep 1000; done
"""
# The kernel makes /dev/console before it unpacks: what an image has of that name would stand in its place.
_LEFT_OUT = (
    "./boot", "./dev/*", "./usr/share/doc", "./usr/share/locale", "./usr/share/man", "./var/cache", "./var/lib/apt",
)  # fmt: skip


def boot(machine: Machine, kernel: Path, root: Path, script: str, dtb: Path | None = None) -> str:
    """Boot a machine, run the script by its ``/bin/sh`` as root, and return what it printed, with LF as line ends.

    Raises RecordError where the machine stops before the script has ended.
    """
    with tempfile.TemporaryDirectory() as scratch:
        initrd = Path(scratch, "initrd")
        with initrd.open("wb") as archive:
            _cpio(root, archive)
            own = Path(scratch, "own")
            own.mkdir()
            (own / "init").write_text(_INIT, encoding="utf-8")
            (own / "init").chmod(0o755)
            (own / "fleet-python-script").write_text(script, encoding="utf-8")
            # The kernel unpacks one archive after the other.
            _cpio(own, archive)
        words = f"console={machine.console} quiet loglevel=0 panic=-1 rdinit=/init {machine.append}"
        command = [*machine.command, "-nographic", "-no-reboot", "-nic", "none", "-append", words.strip()]
        command += ["-kernel", str(kernel), "-initrd", str(initrd), *(["-dtb", str(dtb)] if dtb else ())]
        return _watch(command)


def _watch(command: Sequence[str]) -> str:
    seen: list[str] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
        text=True,
        errors="replace",
    ) as machine:
        assert machine.stdout is not None
        too_long = threading.Timer(_PATIENCE, machine.kill)
        too_long.start()
        try:
            for line in machine.stdout:
                seen.append(line.rstrip("\n"))
                if seen[-1] == _END:
                    break
        finally:
            too_long.cancel()
            machine.kill()
    if _BEGIN not in seen or _END not in seen:
        raise RecordError(f"the machine stopped before the script had ended; its last lines: {' | '.join(seen[-15:])}")
    return "\n".join(seen[seen.index(_BEGIN) + 1 : seen.index(_END)]) + "\n"


def _cpio(root: Path, archive: IO[bytes]) -> None:
    left_out = [word for path in _LEFT_OUT for word in ("-path", path, "-prune", "-o")]
    with subprocess.Popen(["find", ".", *left_out, "-print0"], cwd=root, stdout=subprocess.PIPE) as found:
        subprocess.run(
            ["cpio", "--null", "--create", "--format=newc", "--quiet"],
            cwd=root,
            stdin=found.stdout,
            stdout=archive,
            check=True,
        )
