# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose processor is emulated, and lower than its /proc/cpuinfo says: a hypervisor that hides too little.

qemu's user mode runs each of its programs, by proot, which also gives them a root of their own. What they read below
/proc is this machine's. Debian 11, because its C library does not look at the processor itself when it is asked.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

_OUTSIDE = """#!/bin/sh
export PROOT_FORCE_FOREIGN_BINARY=1
exec proot -q "qemu-x86_64-static -cpu {cpu}" -r {root} -b /proc -b /dev -b {shared} -b {inside}:{outside} -w / \\
  /bin/sh "$@"
"""
_INSIDE = '#!/bin/sh\nexec /bin/sh "$@"\n'


class EmulatedHost:
    """A root file system in ``directory``, out of a host image's archive, with a processor of qemu's name ``cpu``."""

    def __init__(self, directory: Path, image: Path, cpu: str) -> None:
        self.root = directory / "root"
        shared, outside, inside = directory / "shared", directory / "sh", directory / "inner-sh"
        for folder in (self.root, shared):
            folder.mkdir(parents=True)
        subprocess.run(["tar", "--zstd", "-xf", image, "-C", self.root, "--exclude=./dev/*"], check=True)
        places = {"root": self.root, "shared": shared, "outside": outside, "inside": inside}
        outside.write_text(_OUTSIDE.format(cpu=cpu, **places))
        inside.write_text(_INSIDE)
        for script in (outside, inside):
            script.chmod(0o755)
        # What Ansible sends goes through a directory that has the same path on both sides.
        self.variables: dict[str, Any] = {
            "ansible_connection": "local",
            "ansible_shell_executable": str(outside),
            "ansible_remote_tmp": str(shared),
        }
