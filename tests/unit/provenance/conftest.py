# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Sigstore of the tests' own, an asset, and a verifier that trusts that Sigstore alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.signer import Signer
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.verify import Verifier
from tests.world.sigstore import Sigstore

NAME = "cpython-3.13.2+20250317-x86_64_v3-unknown-linux-gnu-install_only_stripped.tar.gz"
DIGEST = "a" * 64


@pytest.fixture(scope="session")
def sigstore() -> Sigstore:
    return Sigstore()


@pytest.fixture(scope="session")
def good(sigstore: Sigstore) -> dict[str, Any]:
    """A bundle that proves what it should."""
    return sigstore.bundle({NAME: DIGEST, "cpython-other.tar.gz": "b" * 64})


@pytest.fixture(scope="session")
def entry() -> Entry:
    return Entry("20250317", parse_asset(NAME), DIGEST)


@pytest.fixture(scope="session")
def root(sigstore: Sigstore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sigstore") / "trusted_root.json"
    path.write_text(sigstore.trusted_root())
    return path


@pytest.fixture(scope="session")
def verifier(root: Path) -> Verifier:
    return Verifier(Signer(), root)


def text(bundle: dict[str, Any]) -> str:
    return json.dumps(bundle)
