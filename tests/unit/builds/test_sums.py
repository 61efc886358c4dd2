# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SHA256SUMS: both forms, and everything that can stand in its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import AssetError, parse_asset, version_key
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import (
    CatalogueError,
    Entry,
    ListCatalogue,
    changed_digests,
    format_sums,
    newest_first,
    parse_sums,
)
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import RequestError, parse_request

A = "a" * 64
B = "b" * 64
STEM = "cpython-3.13.2+20250317-x86_64-unknown-linux-gnu"
STRIPPED = f"{STEM}-install_only_stripped.tar.gz"
FULL = f"{STEM}-pgo+lto-full.tar.zst"
OLD = "cpython-3.7.6-linux64-20200216T2303.tar.zst"


def entry(release: str, name: str, digest: str = A) -> Entry:
    return Entry(release, parse_asset(name), digest)


def test_the_form_of_one_release() -> None:
    sums = parse_sums(f"{A}  {STRIPPED}\n{B}  {FULL}\n", origin="x", release="20250317")
    assert sums.entries == (entry("20250317", STRIPPED), entry("20250317", FULL, B))
    assert sums.ignored == ()


def test_the_form_of_a_base() -> None:
    text = f"{A}  20250317/{STRIPPED}\n{B}  ./20200216/{OLD}\n"
    assert parse_sums(text, origin="x", release=None).entries == (
        entry("20250317", STRIPPED),
        entry("20200216", OLD, B),
    )


def test_a_name_alone_says_its_release_since_2022() -> None:
    assert parse_sums(f"{A}  {STRIPPED}\n", origin="x", release=None).entries == (entry("20250317", STRIPPED),)
    with pytest.raises(CatalogueError, match=f"x, line 1: .*write '<release>/{OLD}'"):
        parse_sums(f"{A}  {OLD}\n", origin="x", release=None)


def test_binary_marker_and_upper_case_are_sha256sums_own() -> None:
    sums = parse_sums(f"{A.upper()} *{STRIPPED}", origin="x", release="20250317")
    assert sums.entries == (entry("20250317", STRIPPED),)


def test_other_files_are_left_out_and_listed() -> None:
    text = f"{A}  {STRIPPED}\n{B}  {STRIPPED}.sha256\n{B}  20250317/notes.txt\n"
    sums = parse_sums(text, origin="x", release="20250317")
    assert sums.entries == (entry("20250317", STRIPPED),)
    assert sums.ignored == (f"{STRIPPED}.sha256", "20250317/notes.txt")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{A}  {STRIPPED}\r\n", "http://m/SHA256SUMS, line 1: ends in CR LF"),
        (f"{A}  {FULL}\n{A}  {STRIPPED}\r\n", "line 2: ends in CR LF"),
        (f"{A}  {STRIPPED}\n{B}  {FULL}\n{A}  {STRIPPED}\n", f"line 3: '{STRIPPED}' stands twice, first in line 1"),
        (f"{A}  {STRIPPED}\n{A}  ./{STRIPPED}\n", "line 2: './cpython"),
        (f"{'a' * 40}  {STRIPPED}\n", f"line 1: the digest of '{STRIPPED}' has 40 hex digits, a sha256 has 64"),
        (f"{'a' * 65}  {STRIPPED}\n", "has 65 hex digits"),
        (f"{'g' * 64}  {STRIPPED}\n", "expected '<sha256>  <asset>', found 'gggg"),
        (f"{A} {STRIPPED}\n", "expected '<sha256>  <asset>'"),
        ("\n  <!DOCTYPE html>\n<html>", "no SHA256SUMS but a web page ('<!DOCTYPE html>"),
        ('{"error": "not found"}', "expected '<sha256>  <asset>', found"),
        ("", "http://m/SHA256SUMS is empty"),
        ("\n\n", "is empty"),
        (f"{A}  ../../etc/{STRIPPED}\n", "'../../etc' is not the name of a release"),
        (f"{A}  20250409/{STRIPPED}\n", "is of release 20250409, this should be release 20250317 alone"),
    ],
)
def test_anything_else_is_refused_with_line_and_value(text: str, said: str) -> None:
    with pytest.raises(CatalogueError) as refusal:
        parse_sums(text, origin="http://m/SHA256SUMS", release="20250317")
    assert said in str(refusal.value)
    assert "http://m/SHA256SUMS" in str(refusal.value)


def test_lists_by_release_and_version() -> None:
    newer = entry("20250409", "cpython-3.14.0a6+20250409-x86_64-unknown-linux-gnu-install_only.tar.gz")
    catalogue = ListCatalogue([entry("20250317", STRIPPED), newer, entry("20250317", FULL, B)], origin="x")
    assert catalogue.releases() == ("20250409", "20250317")
    assert catalogue.versions() == {"3.13.2", "3.14.0a6"}
    assert catalogue.versions("20250409") == {"3.14.0a6"}
    assert list(catalogue.entries("20250317", "3.13.2")) == [entry("20250317", STRIPPED), entry("20250317", FULL, B)]
    assert list(catalogue.entries("20250317", "3.14.0a6")) == []


def test_the_tag_of_2026_that_says_2025_is_sorted_where_it_belongs() -> None:
    assert newest_first(["20250323", "20260325", "20260303"]) == ("20260325", "20250323", "20260303")


def test_a_changed_digest_is_found_and_new_assets_are_not() -> None:
    known = [entry("20250317", STRIPPED), entry("20250317", FULL)]
    new = [entry("20250317", STRIPPED, B), entry("20250317", FULL), entry("20250409", STRIPPED, B)]
    (change,) = changed_digests(known, new)
    assert str(change) == f"20250317/{STRIPPED}: known sha256 {A}, now {B}"


def test_paths_below_a_directory_and_a_url() -> None:
    assert entry("20250317", STRIPPED).path == f"20250317/{STRIPPED}"
    assert entry("20250317", STRIPPED).url_path == f"20250317/{STRIPPED.replace('+', '%2B')}"


DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
NAMES = st.sampled_from([STRIPPED, FULL, FULL.replace("pgo+lto", "debug"), STRIPPED.replace("x86_64", "aarch64")])
ENTRIES = st.lists(
    st.builds(entry, st.sampled_from(["20250317", "my-mirror.1"]), NAMES, DIGESTS),
    min_size=1,
    unique_by=lambda e: e.path,
)


@given(ENTRIES)
def test_what_is_written_is_read_back(entries: list[Entry]) -> None:
    text = format_sums(entries)
    assert sorted(parse_sums(text, origin="x", release=None).entries, key=lambda each: each.path) == sorted(
        entries, key=lambda each: each.path
    )
    assert format_sums(reversed(entries)) == text


@given(st.text())
def test_any_other_text_is_refused_by_its_origin(text: str) -> None:
    with pytest.raises(CatalogueError, match=r"^the-origin"):
        parse_sums(text, origin="the-origin", release="20250317")


def test_a_number_of_thousands_of_digits_is_no_version() -> None:
    """Python refuses to read such a number, with an error of its own."""
    name = f"cpython-{'9' * 5000}.1.1+20250317-x86_64-unknown-linux-gnu-install_only.tar.gz"
    assert parse_sums(f"{A}  {name}\n", origin="x", release="20250317").entries == ()
    with pytest.raises(AssetError):
        version_key(f"3.{'9' * 5000}.1")
    with pytest.raises(RequestError):
        parse_request("9" * 5000)
