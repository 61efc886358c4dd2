# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real attestations of GitHub, by Sigstore's own trusted root: those of a package, with the files that they are of."""

from __future__ import annotations

import copy
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.errors import AttestationError
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.signer import Signer, signer_of
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.verify import Verifier
from tests.unit.provenance.options import OPTIONS
from tests.world.attestations import as_bundle, real_attestations
from tests.world.cache import Cache
from tests.world.sigstore import Sigstore

ARCHIVE = "pypi_attestations-0.0.19.tar.gz"
REPOSITORY, WORKFLOW = "trailofbits/pypi-attestations", ".github/workflows/release.yml@refs/tags/v0.0.19"


class Archive:
    """Stands for an asset: the name and digest of a file that is no build of CPython."""

    def __init__(self, path: Path) -> None:
        self.asset = self
        self.name = path.name
        self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def assets() -> Path:
    return real_attestations(Cache())


@pytest.fixture(scope="module")
def bundle(assets: Path) -> dict[str, Any]:
    return as_bundle(assets / f"{ARCHIVE}.slsa.attestation")


@pytest.fixture
def entry(assets: Path) -> Any:
    return Archive(assets / ARCHIVE)


def verifier(**changes: str) -> Verifier:
    options = {"attestation_repository": REPOSITORY, "attestation_workflow": WORKFLOW} | changes
    return Verifier(signer_of(OPTIONS | options))


def refusal(bundle: dict[str, Any], entry: Entry, **changes: str) -> str:
    with pytest.raises(AttestationError) as caught:
        verifier(**changes).fitting([json.dumps(bundle)], entry)
    return str(caught.value)


def test_what_github_has_signed_is_verified(bundle: dict[str, Any], entry: Entry) -> None:
    found, _text = verifier().fitting([json.dumps(bundle)], entry)
    assert found.repository == "https://github.com/trailofbits/pypi-attestations"
    assert found.workflow == WORKFLOW
    assert found.commit == "08802efe1f8e5fec4ad842d6b8ce97656092ee72"
    assert found.run == "https://github.com/trailofbits/pypi-attestations/actions/runs/12169989787/attempts/1"
    assert found.log_index == 153454647


def test_upstream_has_not_signed_it(bundle: dict[str, Any], entry: Entry) -> None:
    with pytest.raises(AttestationError, match="astral-sh/python-build-standalone"):
        Verifier(Signer()).fitting([json.dumps(bundle)], entry)


@pytest.mark.parametrize(
    "change",
    [
        {"attestation_repository": "trailofbits/other"},
        {"attestation_workflow": ".github/workflows/other.yml@refs/tags/v0.0.19"},
        {"attestation_workflow": ".github/workflows/release.yml@refs/tags/v0.0.18"},
        {"attestation_issuer": "https://token.example"},
    ],
)
def test_another_signer_has_not_signed_it(bundle: dict[str, Any], entry: Entry, change: dict[str, str]) -> None:
    assert "does not prove that" in refusal(bundle, entry, **change)


def test_it_is_of_no_other_bytes(bundle: dict[str, Any], entry: Any) -> None:
    entry.sha256 = "0" * 64
    assert "is of other bytes" in refusal(bundle, entry)


def test_what_pypi_has_signed_says_something_else(assets: Path, entry: Entry) -> None:
    published = as_bundle(assets / f"{ARCHIVE}.publish.attestation")
    assert "and not how the asset was built" in refusal(published, entry)


@pytest.mark.parametrize("part", ["payload", "signature", "certificate", "entry", "promise"])
def test_one_changed_byte_is_refused(bundle: dict[str, Any], entry: Entry, part: str) -> None:
    changed = copy.deepcopy(bundle)
    envelope, material = changed["dsseEnvelope"], changed["verificationMaterial"]
    log = material["tlogEntries"][0]
    holder, key = {
        "payload": (envelope, "payload"),
        "signature": (envelope["signatures"][0], "sig"),
        "certificate": (material["certificate"], "rawBytes"),
        "entry": (log, "canonicalizedBody"),
        "promise": (log["inclusionPromise"], "signedEntryTimestamp"),
    }[part]
    middle = len(holder[key]) // 2
    holder[key] = holder[key][:middle] + ("B" if holder[key][middle] == "A" else "A") + holder[key][middle + 1 :]
    assert refusal(changed, entry)


def test_a_missing_log_entry_is_refused(bundle: dict[str, Any], entry: Entry) -> None:
    changed = copy.deepcopy(bundle)
    changed["verificationMaterial"]["tlogEntries"] = []
    assert "expected exactly one log entry" in refusal(changed, entry)


def test_another_root_does_not_know_the_signer(bundle: dict[str, Any], entry: Entry, tmp_path: Path) -> None:
    root = tmp_path / "foreign.json"
    root.write_text(Sigstore(datetime(2024, 12, 1, tzinfo=UTC)).trusted_root())
    with pytest.raises(AttestationError, match="does not prove that"):
        Verifier(verifier().signer, root).fitting([json.dumps(bundle)], entry)


@pytest.mark.parametrize("kind", ["certificateAuthorities", "tlogs", "ctlogs"])
def test_a_key_that_had_ended_when_it_signed_is_refused(
    bundle: dict[str, Any], entry: Entry, tmp_path: Path, kind: str
) -> None:
    real = json.loads(verifier()._root.read_text())
    for each in real[kind]:
        (each if kind == "certificateAuthorities" else each["publicKey"])["validFor"]["end"] = "2024-01-01T00:00:00Z"
    ended = tmp_path / "ended.json"
    ended.write_text(json.dumps(real))
    with pytest.raises(AttestationError, match=f"the trusted root had no valid {kind}"):
        Verifier(verifier().signer, ended).fitting([json.dumps(bundle)], entry)
