# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the probe through a command that gives a shell of a host, and keep what it prints."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.fleet.python.plugins.plugin_utils._host.probe import ProbeError, parse_probe, probe_script

ROOT = "/opt/python"
RECORDED = Path(__file__).parents[1] / "unit" / "hosts"


class RecordError(Exception):
    """No evidence came of it; the message says why."""


def record(name: str, command: Sequence[str], *, argument: bool = False) -> Path:
    """Record a host under a name, replacing what was recorded before; return the file.

    ``command`` starts a shell that reads the probe from its standard input or, with ``argument``, as its last argument.
    Only a whole answer of the probe is kept.
    """
    script = probe_script(ROOT)
    full = [*command, script] if argument else list(command)
    done = subprocess.run(full, input=None if argument else script.encode(), capture_output=True, check=False)
    said = done.stderr.decode(errors="replace").strip()
    try:
        text = done.stdout.decode()
        parse_probe(text, ROOT)
    except (ProbeError, UnicodeDecodeError) as error:
        raise RecordError(f"{name}: {error} (exit status {done.returncode}){': ' + said if said else ''}") from error
    file = RECORDED / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="")
    return file
