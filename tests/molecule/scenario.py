# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One scenario: Molecule against the test world, with a release mirror that its hosts reach."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.gates.artifact import archive_path
from tests.gates.commands import logged
from tests.gates.environments import environment
from tests.gates.legs import main_leg
from tests.gates.outcome import StepError, StepNotRun
from tests.gates.places import BUILD, CACHE
from tests.gates.suites import world_variables
from tests.world.podman import bridge_address, unavailable
from tests.world.server import MirrorServer

# Those that make test runs.
NATIVE = ("debian", "alpine", "no_python", "old_python", "i386", "upgrade", "many", "role", "site")
# Those that make test-all runs besides.
EMULATED = ("arm64", "armhf")


def run(name: str, command: str = "test") -> str:
    """Run a Molecule command for a scenario, by default its whole course; return what there is to say of it.

    Only ``test`` begins anew; other commands go on with the hosts that are there.
    Raises StepError where it fails, StepNotRun where there can be no containers.
    """
    if reason := unavailable():
        raise StepNotRun(f"no containers here: {reason}")
    main = environment(main_leg())
    state = BUILD / "molecule" / name
    if command == "test":
        shutil.rmtree(state, ignore_errors=True)
    with MirrorServer(CACHE / "mirror", bridge_address()) as mirror:
        variables = {
            **main.variables(),
            **world_variables(main),
            "ANSIBLE_HOME": str(BUILD / "ansible"),
            "FLEET_PYTHON_ARCHIVE": str(archive_path()),
            "FLEET_PYTHON_MIRROR": mirror.url,
            "MOLECULE_EPHEMERAL_DIRECTORY": str(state),
            "NO_COLOR": "1",
            # Nothing is fetched from beyond this machine, and no proxy leads to the mirror.
            "no_proxy": "*",
        }
        molecule: list[str | Path] = [main.path / "bin" / "molecule", command, "--scenario-name", name]
        written = logged(molecule, variables, f"molecule-{name}")
    said = verified(written)
    if command == "test" and not said:
        raise StepError("nothing was verified")
    return said


def verified(written: str) -> str:
    """Return what pytest says at the end of each verification, for example ``4 passed; 2 passed``."""
    return "; ".join(re.findall(r"^=+ (?:.*, )?(\d+ passed)[^=]* =+$", written, re.MULTILINE))
