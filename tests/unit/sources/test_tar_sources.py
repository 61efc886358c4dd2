# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tar file of the controller as a source: read in place, and believed no more than any other source."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import SourceError, TarSource, sources_of

CONTENT = gzip.compress(os.urandom(3_000_000))
ENTRY = Entry(
    "20250317",
    parse_asset("cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-install_only.tar.gz"),
    hashlib.sha256(CONTENT).hexdigest(),
)


def pack(path: Path, files: dict[str, bytes], mode: str = "w:") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return pack(tmp_path / "bundle.tar", {"SHA256SUMS": b"sums\n", ENTRY.path: CONTENT})


def source(path: Path) -> TarSource:
    [found] = sources_of([str(path)])
    assert isinstance(found, TarSource)
    return found


def test_what_it_has(bundle: Path, tmp_path: Path) -> None:
    found = source(bundle)
    assert found.read_text("SHA256SUMS") == "sums\n"
    assert found.read_text("20250317/SHA256SUMS") is None
    assert found.size(ENTRY) == len(CONTENT)
    found.fetch(ENTRY, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == CONTENT
    assert not found.pullable


def test_one_that_somebody_packed_with_tar(tmp_path: Path) -> None:
    """``tar -cf bundle.tar -C bundle .`` writes names with a dot, and directories."""
    (tmp_path / "bundle" / "20250317").mkdir(parents=True)
    (tmp_path / "bundle" / ENTRY.path).write_bytes(CONTENT)
    with tarfile.open(tmp_path / "bundle.tar", "w:") as tar:
        tar.add(tmp_path / "bundle", arcname=".")
    source(tmp_path / "bundle.tar").fetch(ENTRY, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == CONTENT


def test_one_that_is_written_anew_meanwhile(bundle: Path) -> None:
    found = source(bundle)
    assert found.read_text("SHA256SUMS") == "sums\n"
    pack(bundle, {"SHA256SUMS": b"other sums\n"})
    assert found.read_text("SHA256SUMS") == "other sums\n"


def test_missing_file(tmp_path: Path) -> None:
    found = source(pack(tmp_path / "bundle.tar", {"SHA256SUMS": b"sums\n"}))
    assert found.size(ENTRY) is None
    with pytest.raises(SourceError, match=r"bundle\.tar: has no 20250317/cpython-3\.13\.2"):
        found.fetch(ENTRY, tmp_path / "copy")


def test_changed_file(tmp_path: Path) -> None:
    changed = b"other bytes" + CONTENT[11:]
    found = source(pack(tmp_path / "bundle.tar", {ENTRY.path: changed}))
    with pytest.raises(SourceError, match=f"has sha256 {hashlib.sha256(changed).hexdigest()}"):
        found.fetch(ENTRY, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("left", [100, 600, 2_000_000])
def test_cut_short(left: int, bundle: Path, tmp_path: Path) -> None:
    os.truncate(bundle, left)
    with pytest.raises(SourceError, match="cut short"):
        source(bundle).fetch(ENTRY, tmp_path / "copy")


def test_a_member_that_is_no_file(tmp_path: Path) -> None:
    link = tarfile.TarInfo(ENTRY.path)
    link.type = tarfile.SYMTYPE
    link.linkname = "/etc/passwd"
    with tarfile.open(tmp_path / "bundle.tar", "w:") as tar:
        tar.addfile(link)
    with pytest.raises(SourceError, match="has no 20250317/"):
        source(tmp_path / "bundle.tar").fetch(ENTRY, tmp_path / "copy")


def test_a_compressed_one(tmp_path: Path) -> None:
    path = pack(tmp_path / "bundle.tar", {ENTRY.path: CONTENT}, "w:gz")
    with pytest.raises(SourceError, match=r"no plain \.tar"):
        source(path).size(ENTRY)


@pytest.mark.parametrize("name", ["bundle.tar.gz", "SHA256SUMS", "bundle.zip"])
def test_another_file_is_no_source(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"something")
    with pytest.raises(SourceError, match=r"is a file: name the directory .* or a plain \.tar"):
        sources_of([str(tmp_path / name)])
