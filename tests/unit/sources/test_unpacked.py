# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bucket unpacks objects with the metadata Content-Encoding: gzip for whoever does not accept gzip."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.module_utils._fetch.download import download
from ansible_collections.fleet.python.plugins.module_utils._fetch.pull import Pull
from ansible_collections.fleet.python.plugins.module_utils._fetch.verify import FetchError, UnreachedError, copy_checked
from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError
from ansible_collections.fleet.python.plugins.plugin_utils._sources.http_source import HttpSource
from ansible_collections.fleet.python.plugins.plugin_utils._sources.local_source import DirectorySource
from tests.unit.fetch.mirrors import body, mirror
from tests.world.server import MirrorHandler

NAME = "cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-install_only.tar.gz"


def _tar() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        member = tarfile.TarInfo("python/bin/python3.13")
        member.size = 300_000
        tar.addfile(member, io.BytesIO(os.urandom(member.size)))
    return packed.getvalue()


PLAIN = _tar()
PACKED = gzip.compress(PLAIN)
ENTRY = Entry("20250317", parse_asset(NAME), hashlib.sha256(PACKED).hexdigest())


def bucket(handler: MirrorHandler) -> None:
    accepts = "gzip" in handler.headers.get("Accept-Encoding", "")
    content = PACKED if accepts else PLAIN
    handler.send_response(200)
    if accepts:
        handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.send_body(content)


def test_the_host_says_so_and_counts_it_as_not_reached(tmp_path: Path) -> None:
    """So that the controller pushes, with ``transfer: auto``."""
    with mirror(tmp_path, bucket) as server, pytest.raises(UnreachedError) as failed:
        download(Pull((f"{server.url}/{NAME}",)), str(tmp_path / "archive"), ENTRY.sha256)
    [_first, line] = str(failed.value).splitlines()
    assert line.strip().startswith(f"{server.url}/{NAME}: it sends the archive unpacked")
    assert line.endswith("remove the metadata Content-Encoding from the object, or set transfer to push")
    assert "sha256" not in line
    assert not (tmp_path / "archive").exists()


def test_the_next_source_begins_anew(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(PACKED)
    with mirror(tmp_path, bucket) as first, mirror(tmp_path) as second:
        pull = Pull((f"{first.url}/{NAME}", f"{second.url}/{NAME}"))
        assert download(pull, str(tmp_path / "archive"), ENTRY.sha256).source.startswith(second.url)
    assert (tmp_path / "archive").read_bytes() == PACKED


def test_the_controller_accepts_gzip_and_reads_it_as_it_comes(tmp_path: Path) -> None:
    with mirror(tmp_path, bucket) as server:
        HttpSource(server.url).fetch(ENTRY, tmp_path / "archive")
    assert (tmp_path / "archive").read_bytes() == PACKED


def test_the_controller_says_so_of_who_unpacks_all_the_same(tmp_path: Path) -> None:
    with mirror(tmp_path, body(PLAIN)) as server, pytest.raises(SourceError) as failed:
        HttpSource(server.url).fetch(ENTRY, tmp_path / "archive")
    assert "it sends the archive unpacked" in str(failed.value)
    assert str(failed.value).endswith("remove the metadata Content-Encoding from the object")


def test_a_file_of_the_controller_or_the_host_is_no_bucket(tmp_path: Path) -> None:
    (tmp_path / "20250317").mkdir()
    (tmp_path / "20250317" / NAME).write_bytes(PLAIN)
    with pytest.raises(SourceError, match="has sha256"):
        DirectorySource(tmp_path).fetch(ENTRY, tmp_path / "archive")
    with pytest.raises(FetchError, match="has sha256"):
        copy_checked(str(tmp_path / "20250317" / NAME), str(tmp_path / "copy"), ENTRY.sha256)
