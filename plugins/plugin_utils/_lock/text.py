# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a lock file: write it so that its diff can be read, and parse it without trusting it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

import yaml

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import Asset, AssetError, parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import is_release
from ansible_collections.fleet.python.plugins.plugin_utils._builds.deltas import Delta
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import RequestError, parse_request
from ansible_collections.fleet.python.plugins.plugin_utils._builds.triples import TRIPLES, runs, why_no_triple
from ansible_collections.fleet.python.plugins.plugin_utils._lock.attestation import (
    FIELDS,
    Attestation,
    format_attestation,
)
from ansible_collections.fleet.python.plugins.plugin_utils._lock.deltas import delta_lines, parse_deltas
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import (
    COMMAND,
    Lock,
    LockError,
    Pin,
    sort_requests,
)

FORMAT: Final = 3
# Pins of format 2 say nothing of deltas, and those of format 1 nothing of attestations either.
_WITHOUT_DELTAS: Final = 2
_WITHOUT_ATTESTATIONS: Final = 1

_HEADER: Final = f"""\
# What the fleet runs, byte for byte: for each request and each triple, the asset of python-build-standalone.
# Written by: {COMMAND}
"""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_KEYS: Final = ("format", "requests", "triples")
_ATTESTATION: Final = "attestation"
_PIN_KEYS: Final = ("asset", "release", "version", "sha256", "size")
_DELTAS: Final = "deltas"


def format_lock(lock: Lock) -> str:
    """The file's text, one fact on each line. The same lock gives the same text."""
    lines = [
        _HEADER + f"format: {_format_of(lock)}",
        "requests:" if lock.requests else "requests: []",
    ]
    lines += [f'  - "{request}"' for request in lock.requests]
    triples = [triple for triple in sorted(lock.pins) if lock.pins[triple]]
    lines.append("triples:" if triples else "triples: {}")
    for triple in triples:
        lines.append(f"  {triple}:")
        for request in lock.requests:
            pin = lock.pins[triple].get(request)
            if pin:
                lines += [
                    f'    "{request}":',
                    f"      asset: {pin.asset.name}",
                    f'      release: "{pin.release}"',
                    f'      version: "{pin.asset.version}"',
                    f'      sha256: "{pin.sha256}"',
                    f"      size: {'null' if pin.size is None else pin.size}",
                ]
                lines += [f"      {line}" for line in (*_attestation_lines(pin), *delta_lines(pin.deltas))]
    return "\n".join(lines) + "\n"


def _format_of(lock: Lock) -> int:
    """The oldest format that can say it, so that older versions of the collection read the lock."""
    if any(pin.deltas for pin in lock.all_pins()):
        return FORMAT
    told = any(pin.attestation or pin.unattested for pin in lock.all_pins())
    return _WITHOUT_DELTAS if told else _WITHOUT_ATTESTATIONS


def _attestation_lines(pin: Pin) -> list[str]:
    if pin.attestation:
        return ["attestation:", *(f"  {line}" for line in format_attestation(pin.attestation))]
    return ["attestation: null"] if pin.unattested else []


def parse_lock(text: str, *, origin: str) -> Lock:
    """Parse a lock file; ``origin`` names it in messages. Raises `LockError` naming the value that is wrong."""
    try:
        data = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise LockError(f"{origin} is not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise LockError(f"{origin} is nested too deeply: {COMMAND} writes no such file") from None
    top = _mapping(data, f"{origin}", _KEYS[:1], None)
    found = top["format"]
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise LockError(f"{origin}: format {found!r} is not a format of lock files; this collection writes {FORMAT}")
    if found > FORMAT:
        raise LockError(
            f"{origin} is of format {found}, this version of fleet.python reads {FORMAT}: update the collection"
        )
    _mapping(data, origin, _KEYS, _KEYS)
    requests = _requests(top["requests"], f"{origin}: requests")
    triples = _mapping(top["triples"], f"{origin}: triples", (), None)
    pins = {
        triple: _pins(by_request, triple, requests, f"{origin}: {triple}") for triple, by_request in triples.items()
    }
    lock = Lock(requests=sort_requests(requests), pins=pins)
    _check_same_bytes(lock, origin)
    return lock


def _requests(data: object, where: str) -> tuple[str, ...]:
    if not isinstance(data, list):
        raise LockError(f"{where}: expected a list of requests, found {data!r}")
    for text in data:
        if not isinstance(text, str):
            raise LockError(f"{where}: {text!r} is not a text: write it in quotes")
        try:
            parse_request(text)
        except RequestError as error:
            raise LockError(f"{where}: {error}") from None
    repeated = next((text for text in data if data.count(text) > 1), None)
    if repeated:
        raise LockError(f"{where}: {repeated!r} stands there twice")
    return tuple(data)


def _pins(data: object, triple: str, requests: tuple[str, ...], where: str) -> dict[str, Pin]:
    if triple not in TRIPLES:
        raise LockError(f"{where}: {why_no_triple(triple)}")
    pins = {}
    for text, fields in _mapping(data, where, (), None).items():
        if text not in requests:
            raise LockError(f"{where}: {text!r} is not among the requests of the lock")
        pins[text] = _pin(fields, triple, text, f"{where}: {text}")
    return pins


def _pin(data: object, triple: str, text: str, where: str) -> Pin:
    fields = _mapping(data, where, _PIN_KEYS, (*_PIN_KEYS, _ATTESTATION, _DELTAS))
    for key in ("asset", "release", "version", "sha256"):
        if not isinstance(fields[key], str):
            raise LockError(f"{where}: {key} {fields[key]!r} is not a text: write it in quotes")
    size = fields["size"]
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 1):
        raise LockError(f"{where}: size {size!r} is not a number of bytes")
    digest = fields["sha256"]
    if not _DIGEST.fullmatch(digest):
        raise LockError(
            f"{where}: sha256 {digest!r} is not 64 hex digits in lower case, it has {len(digest)} characters"
        )
    if not is_release(fields["release"]):
        raise LockError(f"{where}: release {fields['release']!r} is not the name of a release such as 20250317")
    try:
        asset = parse_asset(fields["asset"])
    except AssetError as error:
        raise LockError(f"{where}: {error}") from None
    _check_asset(asset, fields, triple, text, where)
    attestation = _attestation(fields.get(_ATTESTATION), f"{where}: {_ATTESTATION}")
    pin = Pin(asset, fields["release"], digest, size, attestation, _ATTESTATION in fields and attestation is None)
    if _DELTAS not in fields:
        return pin
    try:
        return replace(pin, deltas=parse_deltas(fields[_DELTAS], pin.entry))
    except ValueError as error:
        raise LockError(f"{where}: {_DELTAS} to {asset.name}: {error}") from None


def _attestation(data: object, where: str) -> Attestation | None:
    if data is None:
        return None
    try:
        return Attestation(**_mapping(data, where, FIELDS, FIELDS))
    except ValueError as error:
        raise LockError(str(error) if isinstance(error, LockError) else f"{where}: {error}") from None


def _check_asset(asset: Asset, fields: dict[str, Any], triple: str, text: str, where: str) -> None:
    """Check that a pin agrees with its asset's name. If it does not, someone edited it."""
    request = parse_request(text)
    wrong = None
    if asset.version != fields["version"]:
        wrong = f"is version {asset.version}, the lock says {fields['version']}"
    elif asset.generation == 3 and fields["release"].isdigit() and asset.stamp != fields["release"]:
        wrong = f"is of release {asset.stamp}, the lock says {fields['release']}"
    elif asset.normal_triple not in runs(triple):
        wrong = f"is for {asset.triple}, which hosts of {triple} do not run"
    elif not request.matches(asset.version):
        wrong = f"is not {text}"
    elif (asset.freethreaded, asset.debug) != (request.freethreaded, request.debug):
        wrong = f"is not a build that {text} asks for"
    if wrong:
        raise LockError(f"{where}: {asset.name} {wrong}: the lock was edited by hand; write it again")


def _check_same_bytes(lock: Lock, origin: str) -> None:
    """Check that each name has one digest, and each digest one name."""
    digests: dict[str, str] = {}
    attestations: dict[str, Attestation] = {}
    deltas: dict[str, tuple[Delta, ...]] = {}
    paths: dict[str, str] = {}
    for pins in lock.pins.values():
        for pin in pins.values():
            entry = pin.entry
            if digests.setdefault(entry.path, entry.sha256) != entry.sha256:
                raise LockError(f"{origin}: {entry.path} stands there with two digests, one of them {entry.sha256}")
            if pin.attestation and attestations.setdefault(entry.path, pin.attestation) != pin.attestation:
                raise LockError(f"{origin}: {entry.path} stands there with two different attestations")
            if deltas.setdefault(entry.path, pin.deltas) != pin.deltas:
                raise LockError(f"{origin}: {entry.path} stands there twice, with other deltas each time")
            if paths.setdefault(entry.sha256, entry.path) != entry.path:
                raise LockError(
                    f"{origin}: sha256 {entry.sha256} stands for {paths[entry.sha256]} and for {entry.path}: "
                    "the lock was edited by hand; write it again"
                )


def _mapping(data: object, where: str, required: tuple[str, ...], allowed: tuple[str, ...] | None) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise LockError(f"{where}: expected keys and values, found {str(data)[:60]!r}")
    for key in data:
        if not isinstance(key, str):
            raise LockError(f"{where}: the key {key!r} is not a text: write it in quotes")
        if allowed is not None and key not in allowed:
            raise LockError(f"{where}: unknown key {key!r}; known are {', '.join(allowed)}")
    for key in required:
        if key not in data:
            raise LockError(f"{where}: the key {key!r} is missing")
    return data


class _Loader(yaml.SafeLoader):
    """YAML that refuses duplicate keys, which PyYAML allows, and aliases, which can make a small file huge."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="an alias: lock files have none", problem_mark=self.get_mark())
        return super().compose_node(parent, index)


def _unique_mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _value in node.value]
    repeated = next((key for key in keys if keys.count(key) > 1), None)
    if repeated is not None:
        raise yaml.MarkedYAMLError(problem=f"the key {repeated!r} stands twice", problem_mark=node.start_mark)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)
