# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lock may say of an attestation: each mode, with what was found and what the lock said before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._lock.attestation import Attestation
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Lock, Pin
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.errors import AttestationError
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.find import Found
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.settle import checked, not_attested, settled

RECORD = Attestation(
    "https://github.com/astral-sh/python-build-standalone",
    ".github/workflows/release.yml@refs/heads/main",
    "6b58d1ad8ac0b3e9d1c2a2b5f9a3a7c1d0e4f5a6",
    "https://github.com/astral-sh/python-build-standalone/actions/runs/1/attempts/1",
    7,
)
OTHER = replace(RECORD, log_index=8)
PIN = Pin(
    parse_asset("cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz"),
    "20250317", "a" * 64, 1,
)  # fmt: skip
OLDER = replace(
    PIN, asset=parse_asset("cpython-3.13.1+20250205-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz"),
    release="20250205", sha256="b" * 64,
)  # fmt: skip
PROVEN = Found(RECORD, "{}")
GONE = Found(why_not="there is none at: x", gone=True)
UNREACHED = Found(why_not="x: no answer")
TOO_OLD = Found(why_not="upstream attests its builds since", expected=False)
NOT_ASKED = Found(why_not="there is none at: kept", gone=True, asked=False)


def attested(pin: Pin) -> Pin:
    return replace(pin, attestation=RECORD)


MARKED = replace(PIN, unattested=True)


@pytest.mark.parametrize(
    ("mode", "before", "found", "after"),
    [
        # Nothing was there.
        ("off", None, None, PIN),
        ("when_present", None, PROVEN, attested(PIN)),
        ("when_present", None, GONE, MARKED),
        ("when_present", None, UNREACHED, MARKED),
        ("when_present", None, TOO_OLD, PIN),
        ("required", None, PROVEN, attested(PIN)),
        # The same asset, not attested: what was proven since then counts, and off changes nothing.
        ("off", PIN, None, PIN),
        ("off", MARKED, None, MARKED),
        ("when_present", PIN, PROVEN, attested(PIN)),
        ("when_present", MARKED, PROVEN, attested(PIN)),
        ("when_present", PIN, GONE, MARKED),
        ("when_present", PIN, NOT_ASKED, PIN),
        ("when_present", MARKED, NOT_ASKED, MARKED),
        # The same asset, attested: it stays so.
        ("off", attested(PIN), None, attested(PIN)),
        ("when_present", attested(PIN), PROVEN, attested(PIN)),
        ("when_present", attested(PIN), UNREACHED, attested(PIN)),
        ("required", attested(PIN), PROVEN, attested(PIN)),
        # Another asset is replaced.
        ("off", OLDER, None, PIN),
        ("when_present", OLDER, GONE, MARKED),
        ("when_present", attested(OLDER), PROVEN, attested(PIN)),
        ("required", attested(OLDER), PROVEN, attested(PIN)),
    ],
)
def test_a_pin_gets_what_was_proven(mode: str, before: Pin | None, found: Found | None, after: Pin) -> None:
    assert settled(mode, PIN, before, found) == after


@pytest.mark.parametrize("found", [None, GONE, UNREACHED, TOO_OLD, NOT_ASKED])
@pytest.mark.parametrize("mode", ["off", "when_present", "required"])
def test_an_attested_build_gives_way_to_an_attested_one_only(mode: str, found: Found | None) -> None:
    with pytest.raises(AttestationError, match=r"cpython-3\.13\.2"):
        settled(mode, PIN, attested(OLDER), found)


@pytest.mark.parametrize("found", [GONE, UNREACHED, TOO_OLD, NOT_ASKED])
@pytest.mark.parametrize("before", [None, PIN, attested(PIN), OLDER])
def test_what_is_required_must_be_proven_now(before: Pin | None, found: Found) -> None:
    with pytest.raises(AttestationError, match=f"attestation is required: {found.why_not}"):
        settled("required", PIN, before, found)


@pytest.mark.parametrize("mode", ["when_present", "required"])
def test_an_exchanged_attestation_is_refused(mode: str) -> None:
    with pytest.raises(AttestationError, match=r"log entry 8; the lock says .* log entry 7"):
        settled(mode, PIN, attested(PIN), Found(OTHER, "{}"))


def test_an_attestation_that_is_gone_is_refused() -> None:
    with pytest.raises(AttestationError, match="its attestation is gone"):
        settled("when_present", PIN, attested(PIN), GONE)


def test_a_lock_is_checked_as_a_whole() -> None:
    path = PIN.entry.path
    checked({path: RECORD}, {path: PROVEN})
    with pytest.raises(AttestationError, match="another attestation"):
        checked({path: OTHER}, {path: PROVEN})
    with pytest.raises(AttestationError, match="cannot be verified again: there is none at: kept"):
        checked({path: RECORD}, {path: NOT_ASKED})


def test_what_is_not_attested_is_told_by_its_reason() -> None:
    names = [
        f"cpython-3.13.{patch}+20250317-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz" for patch in range(5)
    ]
    pins = [replace(PIN, asset=parse_asset(name)) for name in names]
    found = {pin.entry.path: GONE for pin in pins} | {pins[4].entry.path: TOO_OLD}
    (note,) = not_attested(pins, found, None)
    assert note == f"{', '.join(names[:3])} and 1 more are not attested: there is none at: x"
    known = Lock(("3.13",), {"x86_64-unknown-linux-gnu": {"3.13": attested(PIN)}})
    (note,) = not_attested([PIN], {PIN.entry.path: UNREACHED}, known)
    assert "were not verified again: x: no answer" in note
