# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bill of materials of the collection's archive: its files, and the packages that it can use.

``python -m tests.gates.collection_sbom ARCHIVE`` writes it beside the archive, as CycloneDX 1.6 in JSON.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tarfile
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .places import REPOSITORY
from .reproducible import source_date

_NAMESPACE = uuid.UUID("0d5f2b5e-5c0a-5b0e-9a55-2c1f7b9f3a10")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the bill of the archive that is named."""
    (name,) = arguments if arguments is not None else sys.argv[1:]
    archive = Path(name)
    bill_path(archive).write_text(bill(archive, source_date()), encoding="utf-8")
    return 0


def bill_path(archive: Path) -> Path:
    """Return where the bill of an archive lies."""
    return archive.with_name(archive.name.removesuffix(".tar.gz") + ".cdx.json")


def bill(archive: Path, when: int) -> str:
    """Return the bill's text. The same archive and time give the same text."""
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentScope, ComponentType
    from cyclonedx.model.dependency import Dependency
    from cyclonedx.model.license import DisjunctiveLicense
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL

    def hashes(digest: str) -> list[HashType]:
        return [HashType(alg=HashAlgorithm.SHA_256, content=digest)]

    about, files = _inside(archive)
    name, version = f"{about['namespace']}.{about['name']}", about["version"]
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    itself = Component(
        name=name,
        version=version,
        type=ComponentType.APPLICATION,
        bom_ref="collection",
        purl=PackageURL("generic", None, name, version, {"checksum": f"sha256:{digest}"}),
        licenses=[DisjunctiveLicense(id=license_id) for license_id in about["license"]],
        hashes=hashes(digest),
    )
    packages = [
        Component(
            name=package,
            type=ComponentType.LIBRARY,
            bom_ref=f"package-{package}",
            purl=PackageURL("pypi", None, package),
            scope=ComponentScope.REQUIRED if package == "ansible-core" else ComponentScope.OPTIONAL,
        )
        for package in ("ansible-core", *optional_packages())
    ]
    shipped = [
        Component(name=path, type=ComponentType.FILE, bom_ref=f"file-{path}", hashes=hashes(found))
        for path, found in sorted(files.items())
    ]
    depends = [Dependency(each.bom_ref) for each in packages]
    bom = Bom(
        components=[*packages, *shipped],
        dependencies=[Dependency(itself.bom_ref, depends), *depends],
        serial_number=uuid.uuid5(_NAMESPACE, digest),
        metadata=BomMetaData(component=itself, timestamp=datetime.fromtimestamp(when, UTC)),
    )
    return str(JsonV1Dot6(bom).output_as_string(indent=1)) + "\n"


def optional_packages() -> list[str]:
    """Return the Python packages that the controller can use, as the execution environment has them."""
    text = (REPOSITORY / "meta" / "ee-requirements.txt").read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _inside(archive: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the archive says of itself, and the sha256 of each file by its name."""
    with tarfile.open(archive) as tar:
        contents = {each.name: tar.extractfile(each).read() for each in tar if each.isreg()}  # type: ignore[union-attr]
    about: dict[str, Any] = json.loads(contents["MANIFEST.json"])["collection_info"]
    return about, {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


if __name__ == "__main__":
    sys.exit(main())
