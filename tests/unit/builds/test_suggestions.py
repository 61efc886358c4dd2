# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals: the value that makes no sense, or the nearest thing that would have worked."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.bundled import bundled_catalogue
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Catalogue, Entry, ListCatalogue
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import parse_request
from ansible_collections.fleet.python.plugins.plugin_utils._builds.resolve import ResolveError, resolve

GNU = "x86_64-unknown-linux-gnu"
V3 = "x86_64_v3-unknown-linux-gnu"
V4 = "x86_64_v4-unknown-linux-gnu"
MUSL = "x86_64-unknown-linux-musl"


def refusal(
    request: str, triples: Sequence[str] = (GNU,), catalogue: Catalogue | None = None, **options: str | int | bool
) -> str:
    with pytest.raises(ResolveError) as refused:
        resolve(parse_request(request), triples, catalogue or bundled_catalogue(), **options)  # type: ignore[arg-type]
    return str(refused.value)


def test_a_minor_version_that_ended() -> None:
    assert refusal("3.9", release="20260814") == (
        "the bundled catalogue has no 3.9 for x86_64-unknown-linux-gnu in release 20260814: "
        "release 20251031 has it, the bundled list of this release is partial: "
        "set release: 20251031 or ask for 3.10 or set catalogue: source, which has all of it"
    )


def test_a_minor_version_that_had_not_begun() -> None:
    said = refusal("3.13", release="20230726")
    assert "release 20241016 has it" in said
    assert "or ask for 3.11 or" in said


def test_a_version_that_only_this_list_lacks() -> None:
    """Upstream had 3.13.12 in release 20260303 (#1072)."""
    said = refusal("3.13.12", release="20260303")
    assert "began" not in said
    assert "the bundled list of this release is partial" in said
    assert said.endswith("set catalogue: source, which has all of it")
    said = refusal("3.13.17", ["riscv64-unknown-linux-gnu"])
    assert "the bundled lists of its releases are partial" in said


def test_a_release_between_two_that_have_it() -> None:
    said = refusal("3.11", release="20261020")
    assert "releases 20260929 and 20261021 have it" in said
    assert "set release: 20261021 or ask for 3.13" in said


def test_a_release_that_does_not_exist() -> None:
    said = refusal("3.13", release="20250101")
    assert said.startswith("release 20250101 is not in the bundled catalogue; the nearest there: 20241016 and 20250106")
    assert "the nearest there: 20200418." in refusal("3.13", release="20190101")
    assert "release banana is not in the bundled catalogue" in refusal("3.13", release="banana")


def test_a_release_that_lacks_the_triple() -> None:
    said = refusal("3.13", ["riscv64-unknown-linux-gnu"], release="20241016")
    assert "release 20250115 has it" in said


@pytest.mark.parametrize(
    ("request_text", "advice"),
    [
        ("3.7", ": ask for 3.8"),
        ("3.8.99", ": ask for 3.8.20"),
        ("3.8.99d", ": ask for 3.8.20d"),
        ("3.99", ": ask for 3."),
        (">=3.60,<3.70", ": ask for 3."),
        ("==3.9.99", ": ask for 3.9.25"),
    ],
)
def test_a_version_that_does_not_exist(request_text: str, advice: str) -> None:
    said = refusal(request_text)
    assert said.startswith(f"the bundled catalogue has no {request_text} for {GNU}: ")
    assert advice in said


def test_a_triple_that_ended() -> None:
    assert refusal("3.13", ["i686-unknown-linux-gnu"]).endswith(
        "i686-unknown-linux-gnu ended with release 20230826: ask for 3.11"
    )


def test_options_that_are_in_the_way() -> None:
    assert "it needs x86-64 level 4 and max_level is 3: set max_level: 4" in refusal("3.13.2", [V4])
    assert "only for gnu, libc: musl was asked for: leave libc out" in refusal("3.13.2", libc="musl")
    assert "only as install_only_stripped: leave flavor out" in refusal("3.13.2", flavor="install_only")
    assert "there is no freethreaded build of it: ask for the default build or ask for 3.13t" in refusal("3.12t")
    assert "there is no noopt build of it: ask for the default build" in refusal("3.13.2", build="noopt")
    assert "lists no static build of it: set catalogue: source" in refusal("3.13.2d", [MUSL], build="static")


def test_prereleases_alone() -> None:
    said = refusal("3.15", release="20260814")
    assert "3.15 is there only as a prerelease" in said
    assert "ask for 3.15.0rc1, or set prerelease: true" in said


def test_where_only_other_platforms_have_it() -> None:
    name = "cpython-3.13.2+20250317-aarch64-unknown-linux-gnu-install_only.tar.gz"
    here = ListCatalogue([Entry("20250317", parse_asset(name), "a" * 64)], origin="http://m")
    assert refusal("3.13", [GNU], here) == (
        f"http://m has no 3.13 for {GNU}: it is there only for aarch64-unknown-linux-gnu"
    )
    assert refusal("3.12", [GNU], here) == f"http://m has no 3.12 for {GNU}"


def test_an_empty_catalogue() -> None:
    empty = ListCatalogue([], origin="http://m")
    assert refusal("3.13", [GNU], empty) == f"http://m has no 3.13 for {GNU}"
    assert refusal("3.13", [GNU], empty, release="20250317") == (
        "http://m holds no release at all, so not 20250317 either"
    )


@pytest.mark.parametrize(
    ("triples", "options", "said"),
    [
        ([GNU], {"max_level": 5}, "max_level 5 is no x86-64 level: give a number from 1 to 4"),
        ([GNU], {"max_level": 0}, "max_level 0 is no x86-64 level"),
        ([GNU], {"libc": "uclibc"}, "libc 'uclibc' is unknown: give one of auto, gnu, musl"),
        ([GNU], {"flavor": "slim"}, "flavor 'slim' is unknown: give one of install_only_stripped, install_only, full"),
        ([GNU], {"build": "o3"}, "build 'o3' is unknown: give one of pgo+lto"),
        ([], {}, "no triple is given"),
        (["armv6-unknown-linux-gnueabihf"], {}, "triple 'armv6-unknown-linux-gnueabihf': ARMv6 (Raspberry Pi 1"),
        (["armv7-unknown-linux-musleabihf"], {}, "musl on 32-bit ARM is not built"),
        (["x86_64"], {}, "triple 'x86_64': python-build-standalone has no such triple; it has "),
    ],
)
def test_values_that_make_no_sense(triples: list[str], options: dict[str, str | int | bool], said: str) -> None:
    assert said in refusal("3.13", triples, None, **options)


def test_request_and_build_that_contradict_each_other() -> None:
    assert refusal("3.13+lto", build="noopt") == (
        "3.13+lto: the request asks for lto and build for noopt: give one of them"
    )
