# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive for Galaxy: built, looked into, and put through Galaxy's own importer."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterable
from pathlib import Path

from .commands import logged, show
from .environments import environment
from .legs import main_leg
from .outcome import StepError
from .places import BUILD, CACHE, COLLECTION, REPOSITORY
from .reproducible import pack_again, source_date
from .tree import copy_to

# Everything that a user's copy holds; the rest of the repository is for those who work on it.
_TOP = frozenset({"FILES.json", "MANIFEST.json", "CHANGELOG.md", "LICENSE", "README.md", "ee-requirements.txt"})
_FOLDERS = ("docs/", "meta/", "playbooks/", "plugins/", "roles/")
_SINGLE = frozenset({"changelogs/changelog.yaml"})
_NEEDED = frozenset({*_TOP, "meta/runtime.yml", "plugins/modules/interpreter.py", "playbooks/site.yml"})
_LITTER = re.compile(r"(^|/)(\.[^/]*|__pycache__|[^/]*\.(pyc|orig|rej|swp|tar\.\w+))(/|$)")
# Galaxy takes ten times as much; what is downloaded to every controller had better be small.
_LARGEST = 2 * 1024 * 1024


def build() -> str:
    """Build the archive and its bill of materials, and check what is in it."""
    main = environment(main_leg())
    source = BUILD / "artifact" / COLLECTION
    copy_to(source)
    for old in (BUILD / "dist").glob("*.tar.gz"):
        old.unlink()
    galaxy = main.path / "bin" / "ansible-galaxy"
    command: list[str | Path] = [galaxy, "collection", "build", source, "--output-path", BUILD / "dist"]
    logged(command, main.variables(), "build")
    archive = archive_path()
    pack_again(archive, source_date())
    logged([main.python, "-m", "tests.gates.collection_sbom", archive], main.variables(), "build-sbom")
    with tarfile.open(archive) as tar:
        problems = unwanted(member.name for member in tar if not member.isdir())
    if archive.stat().st_size > _LARGEST:
        problems.append(f"{archive.stat().st_size} bytes are more than it should have ({_LARGEST})")
    if problems:
        show("\n".join(problems))
        raise StepError(f"{archive.name} is not as it should be")
    return f"{archive.relative_to(REPOSITORY)}, {archive.stat().st_size // 1024} KiB"


def galaxy_importer() -> str:
    """Run Galaxy's importer on the archive. Raises StepError at its first warning."""
    main = environment(main_leg())
    variables = {
        **main.variables(),
        # Only what the archive holds counts, not the work tree.
        "ANSIBLE_COLLECTIONS_PATH": str(CACHE / "collections"),
        "PYTHONPATH": "",
        "GALAXY_IMPORTER_ANSIBLE_LOCAL_TMP": str(BUILD / "importer"),
        "GALAXY_IMPORTER_CHECK_REQUIRED_TAGS": "true",
    }
    command: list[str | Path] = [main.python, "-m", "galaxy_importer.main", archive_path()]
    written = logged(command, variables, "galaxy-importer", cwd=BUILD)
    if complaints := [line for line in written.splitlines() if line.startswith(("ERROR", "WARNING", "CRITICAL"))]:
        show("\n".join(complaints))
        raise StepError(f"{len(complaints)} complaints")
    if "Importer processing completed successfully" not in written:
        show(written)
        raise StepError("galaxy-importer did not come to its end")
    return ""


def archive_path() -> Path:
    """Return the one archive that was built."""
    found = list((BUILD / "dist").glob("fleet-python-*.tar.gz"))
    if len(found) != 1:
        raise StepError("no archive in .build/dist: run make build")
    return found[0]


def unwanted(names: Iterable[str]) -> list[str]:
    """Return a sentence for each file that should not be in the archive, and for each that should and is not."""
    there = set(names)
    problems = [f"{name} has no place in it" for name in sorted(there) if not _belongs(name)]
    problems += [f"{name} is missing" for name in sorted(_NEEDED - there)]
    return problems


def _belongs(name: str) -> bool:
    if _LITTER.search(name):
        return False
    return name in _TOP or name in _SINGLE or name.startswith(_FOLDERS)
