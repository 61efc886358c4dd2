# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile archives with the right digest: nothing outside of the staging is touched, by the module and by tar alike."""

from __future__ import annotations

import copy
import hashlib
import io
import tarfile
import zlib
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import StageError
from tests.faults.conftest import NewDirect
from tests.faults.direct import Direct

RELEASE = "20250317"
GNU = f"cpython-3.13.2+{RELEASE}-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz"
MUSL = f"cpython-3.13.2+{RELEASE}-x86_64-unknown-linux-musl-install_only_stripped.tar.gz"
# Where archives try to reach; the listing of these must not change.
_WATCHED = "find /opt /etc /tmp /usr/local ! -type d -exec ls -lan {} + ; find /opt"


def _member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mode = kind, target, mode
    member.devmajor, member.devminor = (1, 3) if kind == tarfile.CHRTYPE else (0, 0)
    return member


LINK, HARD = tarfile.SYMTYPE, tarfile.LNKTYPE
HOSTILE = {
    "an absolute name": [_member("/etc/planted")],
    "a name with ..": [_member("python/../../../../etc/planted")],
    "an absolute link": [_member("python/out", LINK, "/etc")],
    "a link that leads out": [_member("python/lib/out", LINK, "../../../../etc")],
    "a file through a link": [_member("python/out", LINK, "/etc"), _member("python/out/planted")],
    "a hard link to outside": [_member("python/shadow", HARD, "/etc/shadow")],
    "a hard link to outside by ..": [_member("python/shadow", HARD, "python/../../../../../etc/shadow")],
    "a device": [_member("python/null", tarfile.CHRTYPE)],
    "a pipe": [_member("python/pipe", tarfile.FIFOTYPE)],
    "a setuid file": [_member("python/bin/su", mode=0o4755)],
    "a name twice": [_member("python/same"), _member("python/same")],
    "a name that is not UTF-8": [_member("python/\udcff\udcfe")],
    "a name with a line break": [_member("python/two\nlines")],
    "another top folder": [_member("snake/file")],
}


@pytest.fixture(params=["module", "sh and BusyBox", "sh and GNU tar"])
def host(request: pytest.FixtureRequest, direct: NewDirect) -> Direct:
    image = {"module": "debian12-python3", "sh and BusyBox": "alpine", "sh and GNU tar": "debian12"}[request.param]
    return direct(image)


def _mirror(directory: Path, archive: bytes) -> str:
    (directory / RELEASE).mkdir(parents=True)
    lines = []
    for name in (GNU, MUSL):
        (directory / RELEASE / name).write_bytes(archive)
        lines.append(f"{hashlib.sha256(archive).hexdigest()}  {RELEASE}/{name}\n")
    (directory / "SHA256SUMS").write_text("".join(lines))
    return str(directory)


def _packed(members: list[tarfile.TarInfo]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(
        fileobj=out, mode="w:gz", format=tarfile.GNU_FORMAT, compresslevel=1, errors="surrogateescape"
    ) as archive:
        # What would run, were it reached.
        script = b"#!/bin/sh\necho ran >/etc/planted\n"
        for member in [_member("python/bin/python3.13", mode=0o755), *members]:
            each = copy.copy(member)
            each.size = len(script) if each.isreg() else 0
            archive.addfile(each, io.BytesIO(script))
    return out.getvalue()


def _refused(host: Direct, mirror: str) -> str:
    before = host.sh(_WATCHED)
    with pytest.raises(StageError) as caught:
        host.act("3.13", source=[mirror], catalogue="source")
    host.sh("rm -f /tmp/sent-*")
    assert host.sh(_WATCHED) == before
    return str(caught.value)


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.fault(
    "a hostile archive: names or links that lead out, devices, setuid, twice, not UTF-8, another top",
    "refused with the reason before anything of it runs, and the host is as it was",
)
def test_hostile_archive(kind: str, host: Direct, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert "unpack of " in _refused(host, _mirror(tmp_path / "mirror", _packed(HOSTILE[kind])))


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("sh and BusyBox", marks=pytest.mark.slow),
        "module",
        pytest.param("sh and GNU tar", marks=pytest.mark.slow),
    ],
    indirect=True,
)
@pytest.mark.fault(
    "an archive that is a bomb: 5 GB of zeros in 5 MB", "refused by what its header says, unpacked not at all"
)
def test_bomb(host: Direct, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    bomb = _member("python/zeros")
    bomb.size = 5 << 30
    path = tmp_path / "bomb.gz"
    deflater = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
    with path.open("wb") as out:
        out.write(deflater.compress(_member("python/bin/python3.13", mode=0o755).tobuf()))
        out.write(deflater.compress(bomb.tobuf(tarfile.GNU_FORMAT)))
        zeros = bytes(1 << 24)
        for _piece in range(5 * 64):
            out.write(deflater.compress(zeros))
        out.write(deflater.flush())
    assert "unpack of " in _refused(host, _mirror(tmp_path / "mirror", path.read_bytes()))
