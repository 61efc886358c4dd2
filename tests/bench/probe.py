# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe alone: its CPU time on the host, by shell, by what is installed, and by how it looks for damage."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ansible_collections.fleet.python.plugins.plugin_utils._host.probe import probe_script

from .measure import Result, sample, side_by_side


def probes(root: Path, rounds: int) -> dict[str, Result]:
    """By shell and what is installed; each process counts with all that it starts."""
    shells = {"dash": ["dash"], "BusyBox": ["busybox", "sh"]}
    places = {"one home": str(root), "nothing installed": "/nonexistent/python"}
    return side_by_side(
        {
            f"{shell}, {what}": partial(sample, [*command, "-c", probe_script(place)])
            for shell, command in shells.items()
            for what, place in places.items()
        },
        rounds,
    )


def verifying(root: Path, rounds: int) -> dict[str, Result]:
    """By the option ``verify``: one home, under dash."""
    return side_by_side(
        {
            word: partial(sample, ["dash", "-c", probe_script(str(root), verify=word)])
            for word in ("quick", "files", "deep")
        },
        rounds,
    )
