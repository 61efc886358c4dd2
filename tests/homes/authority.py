# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate authority of the tests' own, and an HTTPS server with a certificate of it."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"trusted")

    def log_message(self, _format: str, *args: object) -> None:
        """Say nothing."""


def make_authority(directory: Path, address: str) -> Path:
    """Make ``ca.pem`` and, signed by it for an IP address, ``server.pem`` with its key; returns the first."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)

    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    openssl(
        *new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=fleet-python tests",
        "-addext", "keyUsage=critical,keyCertSign",
    )  # fmt: skip
    openssl(
        *new, "-keyout", "server.key", "-out", "server.crt", "-subj", f"/CN={address}", "-CA", "ca.pem",
        "-CAkey", "ca.key", "-addext", f"subjectAltName=IP:{address}", "-addext", "basicConstraints=critical,CA:FALSE",
    )  # fmt: skip
    parts = [(directory / name).read_text() for name in ("server.key", "server.crt")]
    (directory / "server.pem").write_text("".join(parts))
    return directory / "ca.pem"


def subject_hash(certificate: Path) -> str:
    """The name by which OpenSSL looks for a certificate in a folder, without the ``.0``."""
    command = ["openssl", "x509", "-hash", "-noout", "-in", str(certificate)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def https_server(certificate: Path, address: str) -> Iterator[str]:
    """Serve ``trusted`` to everybody who trusts; gives the URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ThreadingHTTPServer((address, 0), _Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"https://{address}:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()
