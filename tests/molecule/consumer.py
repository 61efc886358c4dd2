# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample infra repo of tests/consumer, used as its README says: a copy of it, the built archive, its own Molecule.

What is the test world's and not its user's comes in from outside: a stand-in for Galaxy, the containers' image by
``MOLECULE_IMAGE``, and the release mirror by one file of variables.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.gates.artifact import archive_path
from tests.gates.commands import logged
from tests.gates.environments import Environment, environment
from tests.gates.legs import main_leg
from tests.gates.outcome import StepError, StepNotRun
from tests.gates.places import BUILD, CACHE, REPOSITORY
from tests.gates.suites import world_variables
from tests.world.hosts import image_named
from tests.world.images import reference
from tests.world.podman import bridge_address, unavailable
from tests.world.server import MirrorServer

from .galaxy import galaxy

_SAMPLE = REPOSITORY / "tests" / "consumer"
_PLACE = BUILD / "consumer"
_MUST = ("converge", "idempotence", "verify")


def run() -> str:
    """Install the sample's requirements and run its scenario; return what Molecule says of it.

    Raises StepError where it fails, StepNotRun where there can be no containers.
    """
    if reason := unavailable():
        raise StepNotRun(f"no containers here: {reason}")
    main = environment(main_leg())
    shutil.rmtree(_PLACE, ignore_errors=True)
    repository = _PLACE / "infra"
    shutil.copytree(_SAMPLE, repository)
    # As its user's is. Molecule would take settings from a repository that it lies in.
    subprocess.run(["git", "init", "--quiet"], cwd=repository, check=True)
    archives = [archive_path(), podman_collection(main)]
    with galaxy(_PLACE / "galaxy", archives) as server, MirrorServer(CACHE / "mirror", bridge_address()) as mirror:
        variables = {
            **main.variables(),
            **world_variables(main),
            "ANSIBLE_HOME": str(_PLACE / "ansible"),
            "ANSIBLE_GALAXY_SERVER": server,
            "MOLECULE_EPHEMERAL_DIRECTORY": str(_PLACE / "molecule"),
            "MOLECULE_IMAGE": reference(image_named("debian12")),
            "NO_COLOR": "1",
            "no_proxy": "*",
        }
        # Nothing of the checkout, nor of what the other scenarios use.
        for name in ("PYTHONPATH", "ANSIBLE_COLLECTIONS_PATH"):
            del variables[name]
        (repository / "group_vars" / "all.yml").write_text(yaml.safe_dump(settings_for(mirror.url)))
        programs = main.path / "bin"
        install: list[str | Path] = [programs / "ansible-galaxy", "collection", "install", "-r", "requirements.yml"]
        logged(install, variables, "consumer-galaxy", cwd=repository)
        written = logged([programs / "molecule", "test"], variables, "consumer", cwd=repository)
    if missing := [step for step in _MUST if not re.search(rf"default > {step}: Executed: Successful", written)]:
        raise StepError(f"not done: {', '.join(missing)}")
    return f"{', '.join(_MUST)} of {archives[0].name}"


def settings_for(mirror: str) -> dict[str, Any]:
    """Return the role's variables for the test world's mirror, whose builds have digests of its own."""
    return {"interpreter_source": [mirror], "interpreter_catalogue": "source", "interpreter_insecure_source": True}


def podman_collection(main: Environment) -> Path:
    """Pack the test world's containers.podman for Galaxy's stand-in; return the archive."""
    source = _PLACE / "podman"
    shutil.copytree(CACHE / "collections" / "ansible_collections" / "containers" / "podman", source)
    # Its wheel left out what its list of files names, so that it is packed anew.
    manifest = json.loads((source / "MANIFEST.json").read_text())["collection_info"]
    (source / "galaxy.yml").write_text(yaml.safe_dump({key: value for key, value in manifest.items() if value}))
    command: list[str | Path] = [main.path / "bin" / "ansible-galaxy", "collection", "build", source]
    logged([*command, "--output-path", _PLACE], main.variables(), "consumer-podman")
    [archive] = _PLACE.glob("containers-podman-*.tar.gz")
    return archive
