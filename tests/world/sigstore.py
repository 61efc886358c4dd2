# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Sigstore of the tests' own: a certificate authority, a certificate log, a transparency log, and what they sign.

It stands for GitHub's and Sigstore's services, which tests cannot reach. What verifies it is the real package sigstore.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

# Fulcio's extensions (github.com/sigstore/fulcio, docs/oid-info.md), and the SCTs' (RFC 6962, 3.3).
_FULCIO = "1.3.6.1.4.1.57264.1."
_SCTS = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_ORIGIN = "log.test"


@dataclass(frozen=True)
class Workflow:
    """Who signs: a run of a workflow."""

    server: str = "https://github.com"
    repository: str = "astral-sh/python-build-standalone"
    file: str = ".github/workflows/release.yml"
    ref: str = "refs/heads/main"
    commit: str = "6b58d1ad8ac0b3e9d1c2a2b5f9a3a7c1d0e4f5a6"
    run: int = 13911283464
    issuer: str = "https://token.actions.githubusercontent.com"

    @property
    def identity(self) -> str:
        """What the certificate calls the workflow."""
        return f"{self.server}/{self.repository}/{self.file}@{self.ref}"

    @property
    def run_url(self) -> str:
        """The URL of the run."""
        return f"{self.server}/{self.repository}/actions/runs/{self.run}/attempts/1"


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Sigstore:
    """The services. ``now`` is when they sign; their keys count from an hour before it."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    authority: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    certificate_log: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    log: ec.EllipticCurvePrivateKey = field(default_factory=_key)

    def trusted_root(self) -> str:
        """Return trusted_root.json."""
        start = {"start": _time(self.now - timedelta(hours=1))}
        authority = {
            "subject": {"organization": "test", "commonName": "test"},
            "uri": "https://ca.test",
            "certChain": {"certificates": [{"rawBytes": _b64(self._root.public_bytes(Encoding.DER))}]},
            "validFor": start,
        }
        return json.dumps(
            {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [_log("https://log.test", self.log, start)],
                "certificateAuthorities": [authority],
                "ctlogs": [_log("https://ct.test", self.certificate_log, start)],
                "timestampAuthorities": [],
            }
        )

    def bundle(
        self,
        subjects: dict[str, str],
        workflow: Workflow | None = None,
        *,
        predicate: str = "https://slsa.dev/provenance/v1",
        log_index: int = 183748301,
        certificate_days: float = 0.007,
    ) -> dict[str, Any]:
        """Return a bundle for files, name to sha256, as GitHub's API has it.

        ``certificate_days`` is how long the certificate is valid; one below zero ended before it signed.
        """
        key = _key()
        certificate = self._certificate(key, workflow or Workflow(), certificate_days)
        payload = _canonical(
            {
                "_type": "https://in-toto.io/Statement/v1",
                "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in subjects.items()],
                "predicateType": predicate,
                "predicate": {},
            }
        )
        kind = "application/vnd.in-toto+json"
        # DSSE's pre-authentication encoding (github.com/secure-systems-lab/dsse, protocol.md).
        encoded = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
        signature = _sign(key, encoded)
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": _b64(certificate.public_bytes(Encoding.DER))},
                "tlogEntries": [self._entry(certificate, payload, signature, log_index)],
            },
            "dsseEnvelope": {
                "payload": _b64(payload),
                "payloadType": kind,
                "signatures": [{"sig": _b64(signature)}],
            },
        }

    @property
    def _root(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "test")])
        public = self.authority.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(public)
            .serial_number(1)
            .not_valid_before(self.now - timedelta(hours=1))
            .not_valid_after(self.now + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
            .sign(self.authority, hashes.SHA256())
        )

    def _certificate(self, key: ec.EllipticCurvePrivateKey, workflow: Workflow, days: float) -> x509.Certificate:
        begin = self.now - timedelta(minutes=1) + timedelta(days=min(0, 2 * days))
        authority = self.authority.public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self._root.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + timedelta(days=abs(days)))
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority), critical=False)
            .add_extension(
                x509.SubjectAlternativeName([x509.UniformResourceIdentifier(workflow.identity)]), critical=True
            )
            .add_extension(_extension("1", workflow.issuer.encode()), critical=False)
        )
        repository = f"{workflow.server}/{workflow.repository}"
        texts = {
            "8": workflow.issuer,
            "9": workflow.identity,
            "12": repository,
            "13": workflow.commit,
            "14": workflow.ref,
            "18": workflow.identity,
            "21": workflow.run_url,
        }
        for number, text in texts.items():
            builder = builder.add_extension(_extension(number, _der(0x0C, text.encode())), critical=False)
        before = builder.sign(self.authority, hashes.SHA256()).tbs_certificate_bytes
        scts = self._scts(before, int(self.now.timestamp() * 1000))
        return builder.add_extension(x509.UnrecognizedExtension(_SCTS, _der(0x04, scts)), critical=False).sign(
            self.authority, hashes.SHA256()
        )

    def _scts(self, certificate: bytes, milliseconds: int) -> bytes:
        """Return a list with one signed timestamp of a certificate without it (RFC 6962, 3.2 and 3.3)."""
        begin = struct.pack("!BBQH", 0, 0, milliseconds, 1)
        signed = begin + _key_id(self.authority) + len(certificate).to_bytes(3, "big") + certificate + b"\0\0"
        signature = _sign(self.certificate_log, signed)
        one = struct.pack("!B32sQH", 0, _key_id(self.certificate_log), milliseconds, 0)
        one += struct.pack("!BBH", 4, 3, len(signature)) + signature
        return struct.pack("!HH", len(one) + 2, len(one)) + one

    def _entry(self, certificate: x509.Certificate, payload: bytes, signature: bytes, index: int) -> dict[str, Any]:
        """Return the entry of a log that holds nothing else, with its proof and its promise."""
        body = _canonical(
            {
                "apiVersion": "0.0.1",
                "kind": "dsse",
                "spec": {
                    "envelopeHash": {"algorithm": "sha256", "value": hashlib.sha256(b"envelope").hexdigest()},
                    "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
                    "signatures": [
                        {"signature": _b64(signature), "verifier": _b64(certificate.public_bytes(Encoding.PEM))}
                    ],
                },
            }
        )
        seconds = int(self.now.timestamp())
        promise = _canonical(
            {
                "body": _b64(body),
                "integratedTime": seconds,
                "logID": _key_id(self.log).hex(),
                "logIndex": index,
            }
        )
        # A tree of one leaf has the leaf as its root (RFC 6962, 2.1).
        root = hashlib.sha256(b"\0" + body).digest()
        note = f"{_ORIGIN}\n1\n{_b64(root)}\n"
        checkpoint = _b64(_key_id(self.log)[:4] + _sign(self.log, note.encode()))
        return {
            "logIndex": str(index),
            "logId": {"keyId": _b64(_key_id(self.log))},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(seconds),
            "inclusionPromise": {"signedEntryTimestamp": _b64(_sign(self.log, promise))},
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": _b64(root),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": f"{note}\n\u2014 {_ORIGIN} {checkpoint}\n"},
            },
            "canonicalizedBody": _b64(body),
        }


def _log(url: str, key: ec.EllipticCurvePrivateKey, start: dict[str, str]) -> dict[str, Any]:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {"rawBytes": _b64(public), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": start},
        "logId": {"keyId": _b64(_key_id(key))},
    }


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _extension(number: str, value: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(ObjectIdentifier(_FULCIO + number), value)


def _der(tag: int, value: bytes) -> bytes:
    size = len(value)
    length = bytes([size]) if size < 0x80 else bytes([0x82]) + size.to_bytes(2, "big")
    if 0x80 <= size < 0x100:
        length = bytes([0x81, size])
    return bytes([tag]) + length + value


def _key_id(key: ec.EllipticCurvePrivateKey) -> bytes:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(public).digest()


def _sign(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _time(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
