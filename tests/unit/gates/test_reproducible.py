# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive of the collection: the same files give the same bytes, with a bill of materials that is valid."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.gates.collection_sbom import bill
from tests.gates.places import REPOSITORY
from tests.gates.reproducible import pack_again
from tests.gates.tree import files

WHEN = 1_764_547_200


def built(folder: Path, *, backwards: bool, umask: int) -> Path:
    """An archive of this repository, from a copy whose files have other times, and another order on the disk."""
    source = folder / "fleet" / "python"
    for number, path in enumerate(sorted(files(), reverse=backwards)):
        target = source / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / path, target)
        target.chmod((0o755 if os.access(REPOSITORY / path, os.X_OK) else 0o644) & ~umask)
        os.utime(target, (number, number))
    galaxy = [
        sys.executable,
        "-m",
        "ansible",
        "galaxy",
        "collection",
        "build",
        str(source),
        "--output-path",
        str(folder),
    ]
    subprocess.run(galaxy, check=True, capture_output=True)
    (archive,) = folder.glob("*.tar.gz")
    pack_again(archive, WHEN)
    return archive


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("first"), backwards=False, umask=0o022)


def test_two_builds_have_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    assert built(tmp_path, backwards=True, umask=0o002).read_bytes() == archive.read_bytes()


def test_it_is_whole(archive: Path) -> None:
    """What Galaxy and ansible-galaxy check when they install it."""
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        contents = {each.name: tar.extractfile(each).read() for each in members if each.isreg()}  # type: ignore[union-attr]
    assert {each.mtime for each in members} == {WHEN}
    manifest, listed = (json.loads(contents[name]) for name in ("MANIFEST.json", "FILES.json"))
    assert manifest["file_manifest_file"]["chksum_sha256"] == hashlib.sha256(contents["FILES.json"]).hexdigest()
    sums = {each["name"]: each["chksum_sha256"] for each in listed["files"] if each["ftype"] == "file"}
    found = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    assert sums == {name: digest for name, digest in found.items() if name not in ("MANIFEST.json", "FILES.json")}


def test_its_bill_names_what_is_in_it(archive: Path) -> None:
    text = bill(archive, WHEN)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert bill(archive, WHEN) == text
    said = json.loads(text)
    itself = said["metadata"]["component"]
    assert itself["hashes"][0]["content"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    kinds = {each["name"]: each["type"] for each in said["components"]}
    assert kinds["plugins/modules/interpreter.py"] == "file"
    assert {kinds[name] for name in ("ansible-core", "requests", "sigstore")} == {"library"}


def test_the_release_is_attested_by_a_pinned_workflow() -> None:
    workflow = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "release.yml").read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    actions = [step["uses"] for step in steps if "uses" in step]
    assert [action for action in actions if len(action.partition("@")[2]) != 40] == []
    assert any(action.startswith("actions/attest-build-provenance@") for action in actions)
    assert workflow["permissions"] == {}
    assert workflow["jobs"]["release"]["permissions"]["attestations"] == "write"
