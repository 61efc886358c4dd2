# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The software bill of materials: CycloneDX 1.6 as JSON, with the package cyclonedx-python-lib."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlsplit

from ansible_collections.fleet.python.plugins.plugin_utils._report.write import ReportError


class Product(NamedTuple):
    """How scanners know a program: vendor and product in its CPE (NVD's dictionary), its SPDX licence."""

    vendor: str
    product: str
    license: str


_PYTHON: Final = Product("python", "python", "PSF-2.0")
_PRODUCTS: Final = {
    "openssl": Product("openssl", "openssl", "Apache-2.0"),
    "sqlite": Product("sqlite", "sqlite", "blessing"),
    "zlib": Product("zlib", "zlib", "Zlib"),
    "expat": Product("libexpat_project", "libexpat", "MIT"),
    "libmpdec": Product("bytereef", "mpdecimal", "BSD-2-Clause"),
    "ncurses": Product("gnu", "ncurses", "X11-distribute-modifications-variant"),
    "tcl": Product("tcl", "tcl", "TCL"),
    "tk": Product("tcl", "tk", "TCL"),
}
# OpenSSL changed its licence with 3.0.0.
_OLD_OPENSSL: Final = Product("openssl", "openssl", "OpenSSL")
_STAGE: Final = re.compile(r"(\d+\.\d+\.\d+)((?:a|b|rc)\d+)?", re.ASCII)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NAMESPACE: Final = uuid.UUID("5f0c2f0e-9a3b-5c7b-8a55-3a8f7f1d2b11")


def fleet_sbom(report: Mapping[str, Any]) -> str:
    """One bill for all hosts: a component for each build, which names every home that is of it."""
    homes = [(host["host"], home) for host in report["hosts"] for home in host["homes"]]
    return _text(report, str(report["title"]), "a fleet of hosts", homes)


def host_sboms(report: Mapping[str, Any]) -> dict[str, str]:
    """A bill for each host that was looked at, by its name: a component for each home."""
    looked = (host for host in report["hosts"] if host["state"] == "looked_at")
    return {
        host["host"]: _text(report, host["host"], "a host", [(host["host"], home) for home in host["homes"]])
        for host in looked
    }


def _text(report: Mapping[str, Any], name: str, what: str, homes: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    try:
        from cyclonedx.model import Property
        from cyclonedx.model.bom import Bom, BomMetaData
        from cyclonedx.model.component import Component, ComponentType
        from cyclonedx.model.dependency import Dependency
        from cyclonedx.output.json import JsonV1Dot6
    except ImportError as error:
        raise ReportError(
            f"sbom needs the Python package cyclonedx-python-lib on the controller, and cannot import it ({error}): "
            "python3 -m pip install cyclonedx-python-lib"
        ) from error
    kind = ComponentType.DEVICE if what == "a host" else ComponentType.PLATFORM
    itself = Component(name=name, type=kind, bom_ref="subject", description=f"{what} with Pythons of fleet.python")
    tool = Component(name="fleet.python", type=ComponentType.APPLICATION, version=report["collection"])
    components: list[Any] = []
    dependencies: list[Any] = []
    for home, places in _builds(homes):
        reference = f"build-{len(dependencies)}"
        libraries = [
            _component(library, _product(library, version), version, f"{reference}-{library}", [])
            for library, version in sorted(home["libraries"].items())
        ]
        properties = [Property(name="fleet.python:home", value=place) for place in places]
        python = _component("python", _PYTHON, home["version"] or "unknown", reference, properties, home)
        components += [python, *libraries]
        dependencies.append(Dependency(python.bom_ref, [Dependency(each.bom_ref) for each in libraries]))
    whole = [Dependency(itself.bom_ref, [Dependency(each.ref) for each in dependencies]), *dependencies]
    bom = Bom(
        components=components,
        dependencies=whole,
        serial_number=uuid.uuid5(_NAMESPACE, f"{name} {report['generated']}"),
        metadata=BomMetaData(
            component=itself,
            tools=None,
            timestamp=datetime.fromisoformat(report["generated"].replace("Z", "+00:00")),
            properties=[Property(name="fleet.python:host", value=name)] if what == "a host" else None,
        ),
    )
    bom.metadata.tools.components.add(tool)
    return str(JsonV1Dot6(bom).output_as_string(indent=1)) + "\n"


def _builds(homes: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterable[tuple[Mapping[str, Any], list[str]]]:
    """Each build once, with the places where it is: a fleet has the same one on many hosts."""
    found: dict[tuple[Any, ...], tuple[Mapping[str, Any], list[str]]] = {}
    for host, home in homes:
        # One report has one lock, so the digest decides who built it.
        key = (home["version"], home["sha256"], home["source"], *sorted(home["libraries"].items()))
        found.setdefault(key, (home, []))[1].append(f"{host}:{home['home']}")
    return found.values()


def _product(library: str, version: str) -> Product:
    return _OLD_OPENSSL if library == "openssl" and version.startswith("1.") else _PRODUCTS[library]


def _component(
    name: str,
    product: Product,
    version: str,
    reference: str,
    properties: list[Any],
    home: Mapping[str, Any] | None = None,
) -> Any:
    from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.license import DisjunctiveLicense
    from packageurl import PackageURL

    digest = home["sha256"] if home and _DIGEST.fullmatch(home["sha256"] or "") else ""
    source = _url(home["source"]) if home else ""
    references = [ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=XsUri(source))] if source else []
    if home and (proof := home["attestation"]):
        said = f"built from commit {proof['commit']}, entry {proof['log_index']} of the transparency log"
        references.append(
            ExternalReference(type=ExternalReferenceType.ATTESTATION, url=XsUri(proof["run"]), comment=said)
        )
    return Component(
        name=name,
        version=version,
        bom_ref=reference,
        type=ComponentType.APPLICATION if home else ComponentType.LIBRARY,
        description=home["asset"] if home else None,
        purl=PackageURL("generic", None, name, version, {"checksum": f"sha256:{digest}"} if digest else None),
        cpe=_cpe(product, version),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)] if digest else None,
        licenses=[DisjunctiveLicense(id=product.license)],
        external_references=references,
        properties=properties,
    )


def _cpe(product: Product, version: str) -> str | None:
    """The CPE 2.3 name. A candidate's stage is its update: 3.15.0 and rc1. None for what is no version."""
    plain, update = version, "*"
    if product is _PYTHON:
        parts = _STAGE.fullmatch(version)
        if not parts:
            return None
        plain, update = parts[1], parts[2] or "*"
    quoted = re.sub(r"[^0-9A-Za-z._-]", lambda mark: f"\\{mark[0]}", plain)
    return f"cpe:2.3:a:{product.vendor}:{product.product}:{quoted}:{update}:*:*:*:*:*:*"


def _url(source: str | None) -> str:
    """A source that is a URL, fit for the bill; empty if the archive was pushed."""
    text = source or ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return quote(text, safe=":/?#[]@!$&()*+,;=%~") if parts.scheme in ("http", "https") and not parts.username else ""
