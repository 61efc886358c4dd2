# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide what a lock may say of an asset's attestation. Pure: what was found, and what the lock said, are given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._lock.attestation import Attestation
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Lock, Pin
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.errors import AttestationError
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.find import Found

OFF: Final = "off"
REQUIRED: Final = "required"

_BY_HAND: Final = "if that is meant, remove the key attestation of this pin from the lock by hand"


def settled(mode: str, pin: Pin, before: Pin | None, found: Found | None) -> Pin:
    """The pin with its attestation. ``before`` is what the lock has in its place; ``found`` is None if none was sought.

    Raises AttestationError where an attestation is required and missing, or where the lock would lose or change one.
    """
    name = pin.asset.name
    same = before if before and (before.asset, before.sha256) == (pin.asset, pin.sha256) else None
    recorded = same.attestation if same else None
    if found and found.attestation:
        _refuse_change(name, recorded, found.attestation)
        return replace(pin, attestation=found.attestation)
    why_not = found.why_not if found else f"attestation is {OFF}"
    if mode == REQUIRED:
        raise AttestationError(f"{name} is not attested, and attestation is {REQUIRED}: {why_not}")
    if recorded:
        if found and found.gone:
            raise AttestationError(f"{name} is attested in the lock, and its attestation is gone: {why_not}")
        return replace(pin, attestation=recorded)
    if before and before.attestation:
        raise AttestationError(
            f"{name} is not attested ({why_not}), and {before.asset.name}, which it would replace in the lock, is: "
            f"wait until it is, or choose another release (minimum_age waits by itself); {_BY_HAND}"
        )
    if found and found.asked:
        return replace(pin, unattested=found.expected)
    return replace(pin, unattested=bool(same and same.unattested))


def checked(recorded: Mapping[str, Attestation], found: Mapping[str, Found]) -> None:
    """Check that all that a lock says was verified again. Both are by ``<release>/<asset>``.

    Raises AttestationError naming the first asset of which that is not so.
    """
    for path in sorted(recorded):
        name = path.rpartition("/")[2]
        attestation = found[path].attestation
        if attestation is None:
            raise AttestationError(
                f"{name} is attested in the lock, and that cannot be verified again: {found[path].why_not}"
            )
        _refuse_change(name, recorded[path], attestation)


def not_attested(pins: Iterable[Pin], found: Mapping[str, Found], before: Lock | None) -> list[str]:
    """A sentence for each reason why attestations are missing, or could not be verified again."""
    known = before.attestations() if before else {}
    assets: dict[tuple[str, str], set[str]] = {}
    for pin in pins:
        mine = found.get(pin.entry.path)
        if mine and mine.expected and mine.asked and not mine.attestation:
            what = "were not verified again" if pin.entry.path in known else "are not attested"
            assets.setdefault((what, mine.why_not), set()).add(pin.asset.name)
    return [f"{_few(sorted(names))} {what}: {why_not}" for (what, why_not), names in assets.items()]


def _refuse_change(name: str, recorded: Attestation | None, found: Attestation) -> None:
    if recorded and recorded != found:
        raise AttestationError(
            f"{name} has another attestation than the lock says: run {found.run} of commit {found.commit}, log entry "
            f"{found.log_index}; the lock says run {recorded.run} of commit {recorded.commit}, log entry "
            f"{recorded.log_index}: the lock was edited, or the attestation was exchanged"
        )


def _few(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
