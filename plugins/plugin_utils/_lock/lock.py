# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock: for each request and triple the asset, pinned byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import Asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Catalogue, Entry
from ansible_collections.fleet.python.plugins.plugin_utils._builds.deltas import Delta
from ansible_collections.fleet.python.plugins.plugin_utils._builds.query import Query, why_not
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import Request, parse_request
from ansible_collections.fleet.python.plugins.plugin_utils._builds.resolve import Rejection
from ansible_collections.fleet.python.plugins.plugin_utils._builds.triples import TRIPLES
from ansible_collections.fleet.python.plugins.plugin_utils._lock.attestation import Attestation

# What a person runs to write the lock, for messages.
COMMAND: Final = "ansible-playbook fleet.python.lock"


class LockError(ValueError):
    """A lock file is damaged, or lacks a pin for the request."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One pinned asset."""

    asset: Asset
    release: str
    sha256: str
    size: int | None
    """In bytes, None if the writer of the lock could not know."""
    attestation: Attestation | None = None
    """Who built it, as verified when the pin was made."""
    unattested: bool = False
    """Whether there was no attestation when the pin was made, though builds of the release should have one."""
    deltas: tuple[Delta, ...] = ()
    """What leads to it from older builds, if a bundle has been made with that."""

    @property
    def entry(self) -> Entry:
        """The pin as an entry of a catalogue."""
        return Entry(self.release, self.asset, self.sha256)


@dataclass(frozen=True, slots=True)
class Lock:
    """A whole lock file."""

    requests: tuple[str, ...]
    """The requests' texts, sorted by version."""
    pins: Mapping[str, Mapping[str, Pin]]
    """Pins by a host's best triple, then by the request's text. The asset's own triple may have a lower level."""

    def entries(self) -> tuple[Entry, ...]:
        """Everything pinned, each once, sorted by path."""
        found = {pin.entry.path: pin.entry for pin in self.all_pins()}
        return tuple(found[path] for path in sorted(found))

    def all_pins(self) -> tuple[Pin, ...]:
        """Every pin, in no order. Several can be of one asset."""
        return tuple(pin for pins in self.pins.values() for pin in pins.values())

    def attestations(self) -> dict[str, Attestation]:
        """What the lock says of who built its assets, by ``<release>/<asset>``."""
        return {pin.entry.path: pin.attestation for pin in self.all_pins() if pin.attestation}

    def deltas(self) -> dict[str, Delta]:
        """The deltas that lead to what is pinned, by their paths below a source, sorted."""
        found = {delta.path: delta for pin in self.all_pins() for delta in pin.deltas}
        return {path: found[path] for path in sorted(found)}

    def with_deltas(self, deltas: Iterable[Delta]) -> Lock:
        """The same pins, with these deltas in place of those that they have."""
        by_new: dict[Entry, list[Delta]] = {}
        for delta in sorted(deltas, key=lambda delta: delta.path):
            by_new.setdefault(delta.new, []).append(delta)
        pins = {
            triple: {text: replace(pin, deltas=tuple(by_new.get(pin.entry, ()))) for text, pin in by_request.items()}
            for triple, by_request in self.pins.items()
        }
        return Lock(self.requests, pins)


def update_lock(
    lock: Lock | None, pins: Mapping[tuple[str, str], Pin], *, drop: Iterable[str] = (), only: bool = False
) -> Lock:
    """The lock with some pins set; ``pins`` is keyed by (triple, the request's text).

    All others stay as they are: updating one minor version leaves the others alone. ``drop`` names requests that go.
    With ``only``, everything goes that is not in ``pins``.
    """
    table: dict[str, dict[str, Pin]] = {}
    if lock and not only:
        gone = set(drop)
        for triple, by_request in lock.pins.items():
            table[triple] = {text: pin for text, pin in by_request.items() if text not in gone}
    for (triple, text), pin in pins.items():
        table.setdefault(triple, {})[text] = pin
    kept = {triple: by_request for triple, by_request in table.items() if by_request}
    texts = {text for by_request in kept.values() for text in by_request}
    return Lock(requests=sort_requests(texts), pins=kept)


def sort_requests(texts: Iterable[str]) -> tuple[str, ...]:
    """Requests sorted by their numbers, then by text: 3.9 comes before 3.13."""
    return tuple(sorted(set(texts), key=lambda text: (parse_request(text).plain, text)))


def pick(lock: Lock, query: Query, *, origin: str) -> Pin:
    """The pin for a request on a host. The host's triple is the first of ``query.triples`` that may be used.

    ``origin`` names the lock file in messages. Raises `LockError` with the command that mends the lock.
    """
    triple = host_triple(query)
    text = pinned_text(lock, query.request, origin)
    pin = lock.pins.get(triple, {}).get(text)
    if pin is None:
        pinned = ", ".join(name for name in sorted(lock.pins) if text in lock.pins[name]) or "no triple"
        raise LockError(
            f"{origin} does not pin {query.request.text} for {triple}, but for {pinned}. Add it with: {COMMAND}"
        )
    reason = why_not(query, pin.asset)
    if reason is None and query.release not in (None, pin.release):
        reason = f"is of release {pin.release}, release {query.release} was asked for"
    if reason:
        raise LockError(
            f"{origin} no longer matches what is asked for: for {query.request.text} on {triple} it pins "
            f"{pin.asset.name}, which {reason}. Write it again with: {COMMAND}"
        )
    return pin


def others(lock: Lock, request: Request, chosen: Entry, *, origin: str) -> tuple[Rejection, ...]:
    """The pins for the same request on hosts of other triples."""
    text = pinned_text(lock, request, origin)
    return tuple(
        Rejection(pin.asset, pin.release, f"is pinned for hosts of {triple}")
        for triple in sorted(lock.pins)
        for pin in [lock.pins[triple].get(text)]
        if pin and pin.entry != chosen
    )


def host_triple(query: Query) -> str:
    """A host's triple in the lock: the best one that ``libc`` and ``max_level`` allow."""
    for name in query.triples:
        triple = TRIPLES[name]
        if (query.libc in (None, triple.libc) or triple.libc is None) and (triple.level or 0) <= query.max_level:
            return name
    raise LockError(
        f"libc: {query.libc or 'auto'} and max_level: {query.max_level} leave none of {', '.join(query.triples)}"
    )


def check_digests(entries: Iterable[Entry], catalogue: Catalogue, *, origin: str) -> None:
    """Raise `LockError` where the catalogue has other bytes under a name that the lock at ``origin`` pins: it was
    edited, or is of a mirror with builds of its own."""
    for pinned in entries:
        for known in catalogue.entries(pinned.release, pinned.asset.version):
            if known.asset == pinned.asset and known.sha256 != pinned.sha256:
                raise LockError(
                    f"{origin}: {pinned.asset.name} has the sha256 {pinned.sha256}, in {catalogue.origin} it has "
                    f"{known.sha256}: the lock was edited by hand, or written from a source with other builds"
                )


def pinned_text(lock: Lock, request: Request, origin: str) -> str:
    """How the lock spells a request: ``==3.13.*`` finds ``3.13``."""
    for text in lock.requests:
        other = parse_request(text)
        if (other.specifier, other.options) == (request.specifier, request.options):
            return text
    requests = ", ".join(lock.requests) or "nothing"
    raise LockError(f"{origin} does not pin {request.text}; it pins {requests}. Add it with: {COMMAND}")
