# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bundle holds is a source: our own reader of sources finds in it what the lock pins."""

from __future__ import annotations

import hashlib

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._bundle.contents import actions, contents
from ansible_collections.fleet.python.plugins.plugin_utils._sources.index import source_catalogue

OLD = Entry("20240909", parse_asset("cpython-3.12.6+20240909-aarch64-unknown-linux-gnu-install_only.tar.gz"), "a" * 64)
NEW = Entry("20250317", parse_asset("cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-install_only.tar.gz"), "b" * 64)
FILES = contents("the lock\n", [OLD, NEW], {NEW.path: "{}"}, {"fleet-python-boot-0.pyz": b"carrier"})


def read(name: str) -> str | None:
    return next(
        (file.content.decode() for file in FILES if file.name == name and isinstance(file.content, bytes)), None
    )


@pytest.mark.parametrize(("release", "entries"), [(None, [OLD, NEW]), ("20240909", [OLD, NEW]), ("latest", [NEW])])
def test_it_says_what_it_has(release: str | None, entries: list[Entry]) -> None:
    assert list(source_catalogue(read, origin="bundle", release=release).entries()) == entries


def test_each_release_says_so_too() -> None:
    assert read("20240909/SHA256SUMS") == f"{'a' * 64}  {OLD.asset.name}\n"


def test_the_lock_comes_first_and_the_sums_last() -> None:
    names = [file.name for file in FILES]
    assert names[0] == "python.lock.yml"
    assert names[-1] == "SHA256SUMS"
    assert names[1:3] == [OLD.path, NEW.path]


def test_an_attestation_lies_beside_its_archive_and_a_carrier_at_the_base() -> None:
    assert read(f"{NEW.path}.sigstore.json") == "{}"
    assert read("fleet-python-boot-0.pyz") == "carrier"


def test_digests_are_of_what_is_there() -> None:
    for file in FILES:
        if isinstance(file.content, bytes):
            assert file.sha256 == hashlib.sha256(file.content).hexdigest()
        else:
            assert file.sha256 == file.content.sha256


def test_what_is_to_be_done() -> None:
    found = {OLD.path: "a" * 64, NEW.path: "c" * 64}
    todo = actions(FILES, found)
    assert (todo[OLD.path], todo[NEW.path], todo["SHA256SUMS"]) == ("kept", "replaced", "added")
