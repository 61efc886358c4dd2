# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bundles of a Sigstore of the tests' own: one that proves who built it, and each way in which one does not."""

from __future__ import annotations

import base64
import copy
import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._lock.attestation import Attestation
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.errors import AttestationError
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.signer import Signer
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.verify import Verifier
from tests.unit.provenance.conftest import DIGEST, NAME, text
from tests.world.sigstore import Sigstore, Workflow

OTHER = Sigstore()
RECORD = Attestation(
    repository="https://github.com/astral-sh/python-build-standalone",
    workflow=".github/workflows/release.yml@refs/heads/main",
    commit=Workflow().commit,
    run=Workflow().run_url,
    log_index=183748301,
)


def refusal(verifier: Verifier, bundle: dict[str, Any], entry: Entry) -> str:
    with pytest.raises(AttestationError) as caught:
        verifier.fitting([text(bundle)], entry)
    return str(caught.value)


def test_a_bundle_proves_who_built_an_asset(verifier: Verifier, good: dict[str, Any], entry: Entry) -> None:
    assert verifier.fitting([text(good)], entry) == (RECORD, text(good))


@pytest.mark.parametrize(
    ("workflow", "said"),
    [
        (Workflow(repository="someone/python-build-standalone"), "someone/python-build-standalone"),
        (Workflow(file=".github/workflows/test.yml"), "test.yml@refs/heads/main"),
        (Workflow(ref="refs/heads/dev"), "release.yml@refs/heads/dev"),
        (Workflow(ref="refs/tags/main"), "release.yml@refs/tags/main"),
        (Workflow(server="https://github.example"), "https://github.example/"),
        (Workflow(issuer="https://token.example"), "token.example"),
        (Workflow(commit="main"), "commit 'main' is none of an attestation"),
    ],
)
def test_another_signer_is_refused(
    verifier: Verifier, sigstore: Sigstore, entry: Entry, workflow: Workflow, said: str
) -> None:
    assert said in refusal(verifier, sigstore.bundle({NAME: DIGEST}, workflow), entry)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("authority", "unable to get local issuer certificate"),
        ("certificate_log", "SCT verify failed"),
        ("log", "checkpoint: invalid signature"),
    ],
)
def test_each_service_must_be_the_trusted_one(
    verifier: Verifier, sigstore: Sigstore, entry: Entry, part: str, said: str
) -> None:
    # The forger has the public half of each key, and so its identifier, but not the key.
    forger = replace(sigstore, **{part: getattr(OTHER, part)})
    bundle = forger.bundle({NAME: DIGEST})
    if part == "log":
        bundle["verificationMaterial"]["tlogEntries"][0]["logId"] = sigstore.bundle({NAME: DIGEST})[
            "verificationMaterial"
        ]["tlogEntries"][0]["logId"]
        said = "checkpoint"
    assert said in refusal(verifier, bundle, entry)


def test_a_certificate_that_had_ended_is_refused(verifier: Verifier, sigstore: Sigstore, entry: Entry) -> None:
    said = refusal(verifier, sigstore.bundle({NAME: DIGEST}, certificate_days=-0.01), entry)
    assert "certificate has expired" in said


def test_what_a_root_does_not_trust_yet_is_refused(sigstore: Sigstore, entry: Entry, tmp_path: Path) -> None:
    root = tmp_path / "root.json"
    root.write_text(sigstore.trusted_root())
    early = replace(sigstore, now=sigstore.now - timedelta(days=30))
    assert "the trusted root had no valid certificateAuthorities" in refusal(
        Verifier(Signer(), root), early.bundle({NAME: DIGEST}), entry
    )


@pytest.mark.parametrize(
    ("subjects", "said"),
    [
        ({NAME: "b" * 64}, "is of other bytes: it says sha256 bbbb"),
        ({"cpython-other.tar.gz": DIGEST}, "has these bytes under another name: 'cpython-other.tar.gz'"),
        ({"a": "b", "c": "d", "e": "f", "g": "h"}, "is not of this asset, but of 'a', 'c', 'e' and others"),
        ({}, "is not of this asset, but of nothing"),
    ],
)
def test_it_must_be_of_the_asset(
    verifier: Verifier, sigstore: Sigstore, entry: Entry, subjects: dict[str, str], said: str
) -> None:
    assert said in refusal(verifier, sigstore.bundle(subjects), entry)


def test_another_statement_of_the_same_workflow_is_refused(
    verifier: Verifier, sigstore: Sigstore, entry: Entry
) -> None:
    bundle = sigstore.bundle({NAME: DIGEST}, predicate="https://cyclonedx.org/bom")
    assert "says 'https://cyclonedx.org/bom', and not how the asset was built" in refusal(verifier, bundle, entry)


def log_entry(bundle: dict[str, Any]) -> Any:
    return bundle["verificationMaterial"]["tlogEntries"][0]


def no_entry(bundle: dict[str, Any]) -> None:
    bundle["verificationMaterial"]["tlogEntries"] = []


def no_proof(bundle: dict[str, Any]) -> None:
    del log_entry(bundle)["inclusionProof"]


def no_promise(bundle: dict[str, Any]) -> None:
    del log_entry(bundle)["inclusionPromise"]


def no_checkpoint(bundle: dict[str, Any]) -> None:
    del log_entry(bundle)["inclusionProof"]["checkpoint"]


def other_kind(bundle: dict[str, Any]) -> None:
    bundle["mediaType"] = "application/x"


def no_envelope(bundle: dict[str, Any]) -> None:
    del bundle["dsseEnvelope"]


def no_signature(bundle: dict[str, Any]) -> None:
    bundle["dsseEnvelope"]["signatures"] = []


def other_time(bundle: dict[str, Any]) -> None:
    log_entry(bundle)["integratedTime"] = str(int(log_entry(bundle)["integratedTime"]) + 1)


def other_index(bundle: dict[str, Any]) -> None:
    log_entry(bundle)["logIndex"] = "7"


@pytest.mark.parametrize(
    "change",
    [no_entry, no_proof, no_promise, no_checkpoint, other_kind, no_envelope, no_signature, other_time, other_index],
)
def test_what_lacks_a_part_or_has_another_one_is_refused(
    verifier: Verifier, good: dict[str, Any], entry: Entry, change: Callable[[dict[str, Any]], None]
) -> None:
    bundle = copy.deepcopy(good)
    change(bundle)
    assert refusal(verifier, bundle, entry)


PARTS: dict[str, tuple[str | int, ...]] = {
    "certificate": ("verificationMaterial", "certificate", "rawBytes"),
    "payload": ("dsseEnvelope", "payload"),
    "signature": ("dsseEnvelope", "signatures", 0, "sig"),
    "log's identifier": ("verificationMaterial", "tlogEntries", 0, "logId", "keyId"),
    "promise": ("verificationMaterial", "tlogEntries", 0, "inclusionPromise", "signedEntryTimestamp"),
    "body": ("verificationMaterial", "tlogEntries", 0, "canonicalizedBody"),
    "root hash": ("verificationMaterial", "tlogEntries", 0, "inclusionProof", "rootHash"),
}


@pytest.mark.parametrize("part", PARTS)
def test_one_changed_byte_in_any_part_is_refused(
    verifier: Verifier, good: dict[str, Any], entry: Entry, part: str
) -> None:
    *way, last = PARTS[part]
    whole = base64.b64decode(value_at(good, PARTS[part]))
    for place in (0, len(whole) // 3, len(whole) // 2, len(whole) - 1):
        bundle = copy.deepcopy(good)
        holder = value_at(bundle, tuple(way))
        changed = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        holder[last] = base64.b64encode(changed).decode()
        assert refusal(verifier, bundle, entry)


def value_at(bundle: dict[str, Any], way: tuple[str | int, ...]) -> Any:
    found: Any = bundle
    for step in way:
        found = found[step]
    return found


def test_a_changed_checkpoint_is_refused(verifier: Verifier, good: dict[str, Any], entry: Entry) -> None:
    bundle = copy.deepcopy(good)
    checkpoint = log_entry(bundle)["inclusionProof"]["checkpoint"]
    checkpoint["envelope"] = checkpoint["envelope"].replace("log.test\n1\n", "log.test\n2\n")
    assert "checkpoint" in refusal(verifier, bundle, entry)


@pytest.mark.parametrize(
    "bundle", ["", "{", "[]", "null", "{}", '{"mediaType": 1}', "[" * 100_000, "\x00", '"\\ud800"']
)
def test_what_is_no_bundle_is_refused(verifier: Verifier, entry: Entry, bundle: str) -> None:
    with pytest.raises(AttestationError, match="is no bundle of Sigstore"):
        verifier.fitting([bundle], entry)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@given(
    part=st.sampled_from([*PARTS.values(), ("mediaType",), ("verificationMaterial",), ("dsseEnvelope",)]), value=JSON
)
def test_any_value_in_any_place_is_refused_with_a_sentence(
    verifier: Verifier, good: dict[str, Any], entry: Entry, part: tuple[str | int, ...], value: Any
) -> None:
    bundle = copy.deepcopy(good)
    value_at(bundle, part[:-1])[part[-1]] = value
    with pytest.raises(AttestationError):
        verifier.fitting([json.dumps(bundle)], entry)


def test_of_several_the_oldest_that_fits_counts(verifier: Verifier, sigstore: Sigstore, entry: Entry) -> None:
    others = [
        sigstore.bundle({"x": DIGEST}, log_index=1),
        sigstore.bundle({NAME: DIGEST}, Workflow(repository="a/b"), log_index=2),
        sigstore.bundle({NAME: DIGEST}, log_index=9),
        sigstore.bundle({NAME: DIGEST}, log_index=5),
    ]
    found, used = verifier.fitting([text(bundle) for bundle in others], entry)
    assert found.log_index == 5
    assert used == text(others[3])


def test_where_none_fits_each_reason_is_told_once(verifier: Verifier, sigstore: Sigstore, entry: Entry) -> None:
    bundles = [text(sigstore.bundle({NAME: "c" * 64}))] * 2 + ["{}"]
    with pytest.raises(AttestationError) as caught:
        verifier.fitting(bundles, entry)
    assert str(caught.value).count("is of other bytes") == 1
    assert "; is no bundle of Sigstore" in str(caught.value)


def test_a_root_that_cannot_be_used_is_named(entry: Entry, good: dict[str, Any], tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    with pytest.raises(AttestationError, match=r"bad\.json is no trusted root of Sigstore"):
        Verifier(Signer(), bad).fitting([text(good)], entry)
    with pytest.raises(AttestationError, match="none cannot be read: No such file"):
        assert Verifier(Signer(), tmp_path / "none").key


def test_a_root_older_than_a_year_is_told(sigstore: Sigstore, tmp_path: Path) -> None:
    root = tmp_path / "root.json"
    root.write_text(sigstore.trusted_root())
    assert Verifier(Signer(), root).note == ""
    old = (datetime.now(UTC) - timedelta(days=366)).timestamp()
    os.utime(root, (old, old))
    assert "more than a year ago" in Verifier(Signer(), root).note


def test_another_root_or_signer_has_another_key(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(OTHER.trusted_root())
    keys = {Verifier(Signer(), root).key, Verifier(Signer(), other).key, Verifier(Signer(repository="a/b"), root).key}
    assert len(keys) == 3
