# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Debian's packages come from: what this machine's apt uses, nothing written here."""

from __future__ import annotations

import os
import subprocess

from .errors import WorldError


def debian_mirror() -> str:
    """Return the base URI of a mirror of Debian's main archive.

    FLEET_PYTHON_DEBIAN_MIRROR where set, else what apt is configured with.
    Raises WorldError where apt knows no Debian archive (on Ubuntu for example).
    """
    if chosen := os.environ.get("FLEET_PYTHON_DEBIAN_MIRROR"):
        return chosen
    try:
        done = subprocess.run(
            [
                "apt-get",
                "indextargets",
                "--format",
                "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)",
                "Created-By: Packages",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise WorldError(
            f"apt cannot be asked for Debian's mirror ({error}); set FLEET_PYTHON_DEBIAN_MIRROR"
        ) from error
    mirror = main_archive(done.stdout)
    if mirror is None:
        raise WorldError("apt has no Debian archive configured here; set FLEET_PYTHON_DEBIAN_MIRROR to the URI of one")
    return mirror


def main_archive(targets: str) -> str | None:
    """Return the URI of Debian's main archive in apt's index targets, or None.

    ``targets``: lines ``origin|label|component|uri``; the security archive has the label Debian-Security.
    """
    for line in targets.splitlines():
        origin, label, component, uri = line.split("|", 3)
        if (origin, label, component) == ("Debian", "Debian", "main"):
            return uri
    return None
