# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify bundles of Sigstore, without network, with the package sigstore."""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._lock.attestation import Attestation
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.errors import AttestationError
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.signer import Signer
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.statement import check_statement

if TYPE_CHECKING:
    from sigstore.models import Bundle
    from sigstore.verify import Verifier as SigstoreVerifier

MISSING: Final = (
    "the controller lacks the Python package sigstore, which verifies attestations: python3 -m pip install sigstore"
)
_PUBLIC: Final = "https://tuf-repo-cdn.sigstore.dev"
_OLD: Final = timedelta(days=365)
# Fulcio's extensions of a certificate: github.com/sigstore/fulcio, docs/oid-info.md.
_COMMIT: Final = "1.3.6.1.4.1.57264.1.13"
_RUN: Final = "1.3.6.1.4.1.57264.1.21"


def is_installed() -> bool:
    """Whether the package sigstore is there. Does not import it, which takes most of a second."""
    return find_spec("sigstore") is not None


@dataclass(frozen=True)
class Verifier:
    """Verifies for one signer. ``root`` is a trusted root (JSON) of the controller, by default sigstore's own."""

    signer: Signer
    root: Path | None = None

    @property
    def key(self) -> str:
        """Differs where a bundle may be judged differently. Raises AttestationError where there is no root."""
        return hashlib.sha256(repr(self.signer).encode() + _bytes(self._root)).hexdigest()

    @property
    def note(self) -> str:
        """What the person who asked should know of the trusted root; empty if nothing. Raises AttestationError."""
        try:
            written = datetime.fromtimestamp(self._root.stat().st_mtime, UTC)
        except OSError as error:
            raise _unread(self._root, error) from error
        if datetime.now(UTC) - written <= _OLD:
            return ""
        new = "a new one" if self.root else "a new version of sigstore"
        return (
            f"the trusted root {self._root} was written on {written:%Y-%m-%d}, more than a year ago; keys that "
            f"Sigstore has withdrawn since then still count: get {new}"
        )

    def fitting(self, texts: Iterable[str], entry: Entry) -> tuple[Attestation, str]:
        """The oldest attestation in the log that proves who built the asset, and its bundle's text.

        ``texts`` are bundles as JSON, at least one. Raises AttestationError with the reason for each if none does.
        """
        found: list[tuple[int, Attestation, str]] = []
        reasons: list[str] = []
        for text in texts:
            try:
                attestation = self._verified(text, entry)
            except AttestationError as error:
                reasons.append(str(error))
            else:
                found.append((attestation.log_index, attestation, text))
        if not found:
            raise AttestationError("; ".join(dict.fromkeys(reasons)))
        _index, attestation, text = min(found, key=lambda each: each[0])
        return attestation, text

    def _verified(self, text: str, entry: Entry) -> Attestation:
        from sigstore.errors import VerificationError
        from sigstore.models import Bundle
        from sigstore.verify import policy

        signer = self.signer
        wanted = policy.AllOf(
            [
                policy.Identity(identity=signer.identity, issuer=signer.issuer),
                policy.OIDCIssuerV2(signer.issuer),
                policy.OIDCSourceRepositoryURI(signer.url),
                policy.OIDCSourceRepositoryRef(signer.ref),
                policy.OIDCBuildSignerURI(signer.identity),
                policy.OIDCBuildConfigURI(signer.identity),
            ]
        )
        try:
            bundle = Bundle.from_json(text)
        except Exception as error:
            raise AttestationError(f"is no bundle of Sigstore: {_short(error)}") from None
        sigstore = self._sigstore(bundle.signing_certificate.not_valid_before_utc)
        try:
            payload_type, payload = sigstore.verify_dsse(bundle, wanted)
        except VerificationError as error:
            raise AttestationError(f"does not prove that {signer.identity} built it: {_short(error)}") from None
        except Exception as error:
            raise AttestationError(f"cannot be verified: {type(error).__name__}: {_short(error)}") from None
        check_statement(payload_type, payload, entry)
        return self._record(bundle)

    def _record(self, bundle: Bundle) -> Attestation:
        said = {
            extension.oid.dotted_string: getattr(extension.value, "value", b"")
            for extension in bundle.signing_certificate.extensions
        }
        try:
            return Attestation(
                repository=self.signer.url,
                workflow=self.signer.workflow,
                commit=_utf8(said.get(_COMMIT)),
                run=_utf8(said.get(_RUN)),
                log_index=int(bundle.log_entry._inner.log_index),
            )
        except ValueError as error:
            raise AttestationError(f"has a certificate that does not say what it should: {error}") from None

    def _sigstore(self, signed: datetime) -> SigstoreVerifier:
        """Trusts what the root trusted when the certificate was made. The package (4.5) takes withdrawn keys too."""
        from sigstore.models import TrustedRoot
        from sigstore.verify import Verifier as SigstoreVerifier

        # It tells of each step that it leaves out, on the terminal.
        logging.getLogger("sigstore").setLevel(logging.ERROR)
        try:
            text = valid_at(_bytes(self._root).decode(), signed)
            with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                return SigstoreVerifier(trusted_root=TrustedRoot.from_file(file.name))
        except AttestationError:
            raise
        except Exception as error:
            raise AttestationError(f"{self._root} is no trusted root of Sigstore: {_short(error)}") from None

    @cached_property
    def _root(self) -> Path:
        if self.root:
            return self.root
        spec = find_spec("sigstore")
        places = spec.submodule_search_locations if spec else None
        if not places:
            raise AttestationError(MISSING)
        return Path(places[0]) / "_store" / quote(_PUBLIC, safe="") / "trusted_root.json"


def valid_at(text: str, when: datetime) -> str:
    """A trusted root (JSON) without the authorities and keys that were not valid at that time.

    Raises ValueError, KeyError, TypeError or AttributeError for what is none, AttestationError if nothing of a kind is
    left.
    """
    root = json.loads(text)
    for kind, holder in (("certificateAuthorities", None), ("tlogs", "publicKey"), ("ctlogs", "publicKey")):
        root[kind] = [each for each in root[kind] if _spans((each[holder] if holder else each)["validFor"], when)]
        if not root[kind]:
            raise AttestationError(f"is of {when:%Y-%m-%d}, when the trusted root had no valid {kind}")
    return json.dumps(root)


def _spans(valid: Mapping[str, str], when: datetime) -> bool:
    begin, end = valid["start"], valid.get("end")
    return datetime.fromisoformat(begin) <= when and (end is None or when <= datetime.fromisoformat(end))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unread(path, error) from error


def _unread(path: Path, error: OSError) -> AttestationError:
    return AttestationError(
        f"the trusted root {path} cannot be read: {error.strerror}; attestation_trusted_root names another one"
    )


def _utf8(value: Any) -> str:
    """The text of a DER UTF8String. Raises ValueError."""
    from pyasn1.codec.der.decoder import decode
    from pyasn1.error import PyAsn1Error
    from pyasn1.type.char import UTF8String

    try:
        return str(decode(bytes(value or b""), UTF8String())[0])
    except PyAsn1Error:
        raise ValueError("a text is missing, or is none") from None


def _short(error: BaseException) -> str:
    """What an error says, in one line of at most 300 characters."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= 300 else words[:300] + " ..."
