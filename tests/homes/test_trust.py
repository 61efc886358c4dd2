# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS works out of the box, also where a host keeps its certificates at another place than the builds look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.homes.authority import https_server, make_authority, subject_hash
from tests.integration.conftest import Interpreter, NewHost
from tests.integration.target import Target
from tests.world.podman import bridge_address

_PYTHON = "/opt/python/3.13/bin/python3.13"
_VISIT = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())"

# $1 is the certificate of the authority.
_LAYOUTS = {
    # As Debian and Alpine have it: hashed names in a folder. The hash is by "openssl x509 -hash".
    "debian": 'mkdir -p /etc/ssl/certs && printf "%s" "$1" >"/etc/ssl/certs/$2.0"',
    # Enterprise Linux 8: one bundle, and a folder without hashed names behind /etc/ssl/certs.
    "el8": "rm -rf /etc/ssl/certs && mkdir -p /etc/ssl /etc/pki/tls/certs && ln -s ../pki/tls/certs /etc/ssl/certs && "
    'printf "%s" "$1" >/etc/pki/tls/certs/ca-bundle.crt && ln -s certs/ca-bundle.crt /etc/pki/tls/cert.pem',
    # A host with the bundle at none but the oldest place.
    "bundle": 'rm -rf /etc/ssl && mkdir -p /etc/pki/tls/certs && printf "%s" "$1" >/etc/pki/tls/certs/ca-bundle.crt',
}


@pytest.mark.parametrize("layout", _LAYOUTS)
def test_the_hosts_authorities_are_trusted(
    layout: str, new_host: NewHost, interpreter: Interpreter, tmp_path: Path
) -> None:
    address = bridge_address()
    authority = make_authority(tmp_path, address)
    target = new_host("debian12")
    target.sh(_LAYOUTS[layout], authority.read_text(), subject_hash(authority))

    done = interpreter(target, ["3.9", "3.13"]).ok()
    assert [trial["ca_certificates"] for trial in done["trials"].values()] == [1, 1]
    with https_server(tmp_path / "server.pem", address) as url:
        assert _visit(target, _PYTHON, url) == "trusted"
        assert _visit(target, "/opt/python/3.9/bin/python3.9", url) == "trusted"
        # A user's own choice stands above the host's: this one trusts nobody.
        said = target.sh(
            'SSL_CERT_FILE=/dev/null SSL_CERT_DIR=/nowhere "$1" -c "$2" "$3" 2>&1 || :', _PYTHON, _VISIT, url
        )
        assert "CERTIFICATE_VERIFY_FAILED" in said


def test_a_host_without_authorities(new_host: NewHost, interpreter: Interpreter, tmp_path: Path) -> None:
    address = bridge_address()
    make_authority(tmp_path, address)
    target = new_host("debian12")
    target.sh("rm -rf /etc/ssl/certs")
    done = interpreter(target).ok()
    assert [trial["ca_certificates"] for trial in done["trials"].values()] == [0]
    with https_server(tmp_path / "server.pem", address) as url:
        said = target.sh('"$1" -c "$2" "$3" 2>&1 || :', _PYTHON, _VISIT, url)
    assert "CERTIFICATE_VERIFY_FAILED" in said


def _visit(target: Target, python: str, url: str) -> str:
    return target.sh('"$1" -c "$2" "$3"', python, _VISIT, url).strip()
