# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands for GitHub's API of attestations, which tests cannot reach, and for the Sigstore that signs what it has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.world.server import MirrorHandler, MirrorServer
from tests.world.sigstore import Sigstore

_PATH = "/repos/astral-sh/python-build-standalone/attestations/sha256:"


class ApiHandler(MirrorHandler):
    """Answers with the attestations of a digest, or as the test wants."""

    github: GithubServer

    def intercept(self) -> bool:
        github = self.github
        digest = self.path.removeprefix(_PATH).partition("?")[0]
        if github.stalls:
            self._stall()
        elif github.instead is not None:
            self.send_text(*github.instead)
        elif digest in github.attestations:
            listed = [{"bundle": bundle, "repository_id": 1} for bundle in github.attestations[digest]]
            self.send_text(200, json.dumps({"attestations": listed}), {"Content-Type": "application/json"})
        else:
            self.send_text(404, '{"message": "Not Found"}')
        return True

    def _stall(self) -> None:
        """Send a byte of many, and no more until the client goes away."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.send_body(b"{")
        self.wfile.flush()
        self.connection.recv(1)
        self.close_connection = True


class GithubServer(MirrorServer):
    """The API on this machine's loopback, and what it has."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, handler=type("Handler", (ApiHandler,), {"github": self}))
        self.sigstore = Sigstore()
        self.attestations: dict[str, list[dict[str, Any]]] = {}
        self.instead: tuple[int, str, dict[str, str]] | None = None
        self.stalls = False
        self.trusted_root = directory / "trusted_root.json"
        self.trusted_root.write_text(self.sigstore.trusted_root())

    @property
    def options(self) -> dict[str, Any]:
        """The options of a task that make it ask this API and trust this Sigstore."""
        return {
            "attestation_source": [f"github:{self.url}", "source"],
            "attestation_trusted_root": str(self.trusted_root),
        }

    def attest(self, sums: Path, *names: str, **changes: Any) -> None:
        """Sign what SHA256SUMS lists by these names, ``<release>/<asset>``, all in one attestation."""
        digests = {line.split("  ")[1]: line.split("  ")[0] for line in sums.read_text().splitlines()}
        subjects = {name.rpartition("/")[2]: digests[name] for name in names}
        bundle = self.sigstore.bundle(subjects, **changes)
        for digest in subjects.values():
            self.attestations.setdefault(digest, []).append(bundle)
