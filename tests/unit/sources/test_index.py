# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a source says that it has, for every state a mirror can be in."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import CatalogueError, ListCatalogue
from ansible_collections.fleet.python.plugins.plugin_utils._sources.index import (
    parse_latest,
    source_catalogue,
)


def line(release: str, prefix: str = "", version: str = "3.13.2") -> str:
    return f"{'a' * 64}  {prefix}cpython-{version}+{release}-x86_64-unknown-linux-gnu-install_only.tar.gz\n"


def latest(tag: str) -> str:
    return json.dumps({"version": 1, "tag": tag, "release_url": "https://x", "asset_url_prefix": "https://x"})


class Mirror:
    """A source's files, and which were asked for."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        self.read_paths: list[str] = []

    def read(self, path: str) -> str | None:
        self.read_paths.append(path)
        return self.files.get(path)

    def catalogue(self, release: str | None = None, known: tuple[str, ...] = ()) -> ListCatalogue:
        return source_catalogue(self.read, origin="http://m", release=release, known=known)


def test_sums_at_the_base_say_everything() -> None:
    mirror = Mirror({"SHA256SUMS": line("20250317", "20250317/") + line("20250409", "20250409/")})
    assert mirror.catalogue().releases() == ("20250409", "20250317")
    assert mirror.catalogue("20250317").releases() == ("20250409", "20250317")
    assert set(mirror.read_paths) == {"SHA256SUMS"}


def test_the_release_s_own_sums_where_the_base_has_none() -> None:
    mirror = Mirror({"20250317/SHA256SUMS": line("20250317")})
    assert mirror.catalogue("20250317").releases() == ("20250317",)


def test_the_release_s_own_sums_where_the_base_leaves_it_out() -> None:
    mirror = Mirror({"SHA256SUMS": line("20250409", "20250409/"), "20250317/SHA256SUMS": line("20250317")})
    assert mirror.catalogue("20250317").releases() == ("20250317",)


def test_the_latest_release_where_nothing_says_more() -> None:
    mirror = Mirror({"latest-release.json": latest("20250409"), "20250409/SHA256SUMS": line("20250409")})
    assert mirror.catalogue().releases() == ("20250409",)


def test_latest_is_one_release_even_where_the_base_lists_more() -> None:
    base = line("20250317", "20250317/") + line("20250409", "20250409/")
    assert Mirror({"SHA256SUMS": base}).catalogue("latest").releases() == ("20250409",)
    named = Mirror({"SHA256SUMS": base, "latest-release.json": latest("20250317")})
    assert named.catalogue("latest").releases() == ("20250317",)


@pytest.mark.parametrize("release", [None, "latest"])
def test_an_unfinished_release_is_passed_over(release: str | None) -> None:
    mirror = Mirror({"latest-release.json": latest("20250501"), "20250317/SHA256SUMS": line("20250317")})
    assert mirror.catalogue(release, known=("20250409", "20250317")).releases() == ("20250317",)
    assert mirror.read_paths[-3:] == ["20250501/SHA256SUMS", "20250409/SHA256SUMS", "20250317/SHA256SUMS"]


def test_an_unfinished_release_is_passed_over_for_one_that_the_base_lists() -> None:
    files = {"latest-release.json": latest("20250501"), "SHA256SUMS": line("20250409", "20250409/")}
    assert Mirror(files).catalogue("latest").releases() == ("20250409",)


def test_a_mirror_needs_nothing_but_the_layout() -> None:
    mirror = Mirror({"20250317/SHA256SUMS": line("20250317")})
    assert mirror.catalogue("latest", known=("20250409", "20250317", "20250212")).releases() == ("20250317",)


@pytest.mark.parametrize(
    ("files", "release", "said"),
    [
        ({}, None, "http://m does not say which release is its latest"),
        ({}, "latest", "http://m does not say which release is its latest"),
        ({}, "20250317", "http://m has no release 20250317: there is no 20250317/SHA256SUMS"),
        ({"SHA256SUMS": line("20250409", "20250409/")}, "20250317", "and its SHA256SUMS lists none of it"),
        ({"latest-release.json": latest("20250501")}, "latest", "names 20250501 in latest-release.json, but"),
        ({"SHA256SUMS": "<html>"}, None, "http://m: SHA256SUMS is no SHA256SUMS but a web page"),
        ({"latest-release.json": "<html>"}, "latest", "http://m: latest-release.json is no latest-release.json"),
        ({}, "../../etc", "release '../../etc' is not the name of a release"),
    ],
)
def test_a_refusal_names_the_source_and_the_file(files: dict[str, str], release: str | None, said: str) -> None:
    with pytest.raises(CatalogueError) as refusal:
        Mirror(files).catalogue(release)
    assert said in str(refusal.value)


def test_no_path_leaves_the_source() -> None:
    mirror = Mirror({})
    with pytest.raises(CatalogueError):
        mirror.catalogue("../secret")
    assert mirror.read_paths == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"tag": 5}', '{"tag": "../x"}', '"20250317"', "null"])
def test_a_latest_release_without_a_tag(text: str) -> None:
    with pytest.raises(CatalogueError):
        parse_latest(text, origin="x")
