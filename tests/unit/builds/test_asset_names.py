# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asset names: all that are known, any that could be, and none else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import (
    FULL,
    STRIPPED,
    UNSTRIPPED,
    Asset,
    AssetError,
    home_name,
    link_name,
    parse_asset,
    release_date,
    url_name,
    version_key,
)
from ansible_collections.fleet.python.plugins.plugin_utils._builds.bundled import bundled_catalogue

# The 37 assets of 2018 to 2021 that upstream published no digest of: they are in no catalogue, but they are names.
UNDIGESTED = (Path(__file__).parent / "names_without_digest.txt").read_text(encoding="utf-8").split()


@pytest.fixture(scope="module")
def known_names() -> list[str]:
    catalogue = bundled_catalogue().directory
    lines = [line for path in catalogue.glob("*.sha256sums") for line in path.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if not line.startswith("#")]
    return UNDIGESTED + [line.split()[1] for line in lines]


def test_every_known_name_is_parsed_and_written_back_the_same(known_names: list[str]) -> None:
    assert len(set(known_names)) >= 6480
    assert [parse_asset(name).name for name in known_names] == known_names


def test_no_two_known_assets_share_a_home(known_names: list[str]) -> None:
    assert len({home_name(parse_asset(name)) for name in known_names}) == len(known_names)


EXAMPLES = {
    "cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu-install_only_stripped.tar.gz": Asset(
        "3.13.2", "20250317", "x86_64_v2-unknown-linux-gnu", STRIPPED, ""
    ),
    "cpython-3.14.7+20260814-aarch64-unknown-linux-gnu-freethreaded-install_only_stripped.tar.gz": Asset(
        "3.14.7", "20260814", "aarch64-unknown-linux-gnu", STRIPPED, "freethreaded"
    ),
    "cpython-3.14.7+20260814-x86_64-unknown-linux-gnu-freethreaded+pgo+lto-full.tar.zst": Asset(
        "3.14.7", "20260814", "x86_64-unknown-linux-gnu", FULL, "freethreaded+pgo+lto"
    ),
    "cpython-3.13.2+20250317-x86_64-unknown-linux-musl-lto+static-full.tar.zst": Asset(
        "3.13.2", "20250317", "x86_64-unknown-linux-musl", FULL, "lto+static"
    ),
    "cpython-3.10.4+20220528-x86_64-pc-windows-msvc-shared-install_only.tar.gz": Asset(
        "3.10.4", "20220528", "x86_64-pc-windows-msvc", UNSTRIPPED, "", "shared"
    ),
    "cpython-3.9.6-x86_64-unknown-linux-gnu-pgo+lto-20210724T1424.tar.zst": Asset(
        "3.9.6", "20210724T1424", "x86_64-unknown-linux-gnu", FULL, "pgo+lto", generation=2
    ),
    "cpython-3.9.6-x86_64-unknown-linux-gnu-install_only-20210724T1424.tar.gz": Asset(
        "3.9.6", "20210724T1424", "x86_64-unknown-linux-gnu", UNSTRIPPED, "", generation=2
    ),
    "cpython-3.7.6-linux64-20200216T2303.tar.zst": Asset(
        "3.7.6", "20200216T2303", "linux64", FULL, "", generation=1
    ),
    "cpython-3.7.6-windows-amd64-shared-pgo-20200217T0022.tar.zst": Asset(
        "3.7.6", "20200217T0022", "windows-amd64", FULL, "pgo", "shared", 1
    ),
    "cpython-3.7.3-linux64-musl-20190618T0324.tar.zst": Asset(
        "3.7.3", "20190618T0324", "linux64-musl", FULL, "", generation=1
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "asset"), EXAMPLES.items(), ids=EXAMPLES)
def test_what_a_name_says(name: str, asset: Asset) -> None:
    assert parse_asset(name) == asset
    assert asset.name == name


GOOD = "cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-install_only.tar.gz"

REFUSED = [
    ("", "expected 'cpython-', the name ends"),
    ("pypy3.10-v7.3.16-linux64.tar.bz2", "expected 'cpython-'"),
    ("cpython-3.13+20250317-x86_64-unknown-linux-gnu-install_only.tar.gz", "expected a version such as 3.13.2"),
    ("cpython-3.13.2-20250317-x86_64-unknown-linux-gnu-install_only.tar.gz", "expected '+', a release"),
    (GOOD.replace("+", "%2B"), "expected '+', a release"),
    ("cpython-3.13.2+20250317-sparc64-sun-solaris-install_only.tar.gz", "expected a triple such as"),
    ("cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-full.tar.zst", "found '-full.tar.zst'"),
    ("cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-pgo+lto-full.tar.gz", "and a flavor such as"),
    ("cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-lto+pgo-full.tar.zst", "and a flavor such as"),
    ("cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-lto+static-full.tar.zst", "only musl has +static"),
    ("cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-shared-install_only.tar.gz", "found '-shared-install_only"),
    (GOOD + ".sha256", "nothing may follow"),
    (GOOD + "\n", "nothing may follow"),
    ("../" + GOOD, "expected 'cpython-'"),
    (GOOD.replace("20250317", "\uff120250317"), "expected '+', a release"),
]


@pytest.mark.parametrize(("name", "expected"), REFUSED, ids=[name or "empty" for name, _expected in REFUSED])
def test_a_refused_name_says_what_was_expected(name: str, expected: str) -> None:
    with pytest.raises(AssetError) as refusal:
        parse_asset(name)
    assert repr(name) in str(refusal.value)
    assert expected in str(refusal.value)


def test_builds_by_their_options() -> None:
    freethreaded = parse_asset("cpython-3.14.7+20260814-x86_64-unknown-linux-gnu-freethreaded+debug-full.tar.zst")
    assert (freethreaded.freethreaded, freethreaded.debug, freethreaded.static) == (True, True, False)
    assert link_name(freethreaded) == "3.14td"
    plain = parse_asset(GOOD)
    assert (plain.freethreaded, plain.debug, plain.static, plain.prerelease) == (False, False, False, False)
    assert link_name(plain) == "3.13"
    assert parse_asset(GOOD.replace("3.13.2", "3.15.0rc1")).prerelease


@pytest.mark.parametrize(
    ("name", "static"),
    [
        ("cpython-3.13.2+20250317-x86_64-unknown-linux-musl-install_only.tar.gz", False),
        ("cpython-3.14.0a5+20250311-x86_64-unknown-linux-musl-install_only.tar.gz", False),
        ("cpython-3.13.2+20250212-x86_64-unknown-linux-musl-install_only.tar.gz", True),
        ("cpython-3.13.2+20250317-x86_64-unknown-linux-musl-debug+static-full.tar.zst", True),
        ("cpython-3.8.2+20220227-x86_64-pc-windows-msvc-static-noopt-full.tar.zst", True),
        ("cpython-3.7.3-linux64-musl-20190618T0324.tar.zst", True),
        ("cpython-3.7.3-linux64-20190618T0324.tar.zst", False),
    ],
)
def test_musl_was_static_before_20250311(name: str, static: bool) -> None:
    assert parse_asset(name).static is static


def test_the_home_of_the_default_build_has_no_flavor_in_its_name() -> None:
    stem = "cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu"
    assert home_name(parse_asset(f"{stem}-install_only_stripped.tar.gz")) == stem
    assert home_name(parse_asset(f"{stem}-install_only.tar.gz")) == f"{stem}-install_only"
    assert home_name(parse_asset(f"{stem}-freethreaded-install_only_stripped.tar.gz")) == f"{stem}-freethreaded"
    assert home_name(parse_asset(f"{stem}-debug-full.tar.zst")) == f"{stem}-debug-full"


def test_old_triples_have_present_names() -> None:
    assert parse_asset("cpython-3.7.6-linux64-20200216T2303.tar.zst").normal_triple == "x86_64-unknown-linux-gnu"
    assert parse_asset("cpython-3.7.6-windows-x86-20200216T2303.tar.zst").normal_triple == "i686-pc-windows-msvc"


def test_plus_is_escaped_in_urls() -> None:
    assert url_name("cpython-3.13.2+20250317-a_b.tar.gz") == "cpython-3.13.2%2B20250317-a_b.tar.gz"


def test_the_release_whose_tag_is_a_typing_error() -> None:
    assert release_date("20250323") == "20260323"
    assert release_date("20210724T1424") == "20210724"


NUMBER = st.integers(0, 40)
VERSION = st.builds(
    lambda minor, patch, stage: f"3.{minor}.{patch}{stage}",
    NUMBER,
    NUMBER,
    st.one_of(
        st.just(""), st.builds(lambda kind, number: f"{kind}{number}", st.sampled_from(["a", "b", "rc"]), NUMBER)
    ),
)
DAY = st.integers(20180101, 20301231).map(str)
MINUTE = st.builds(lambda day, minute: f"{day}T{minute:04}", DAY, st.integers(0, 2359))
TRIPLE = st.builds(
    lambda arch, rest: f"{arch}-{rest}",
    st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(str.isascii),
    st.sampled_from(["unknown-linux-gnu", "unknown-linux-musl", "unknown-linux-gnueabihf", "apple-darwin"]),
)
BUILD = st.sampled_from(["debug", "noopt", "lto", "pgo+lto", "pgo"])
THREADED_BUILD = st.one_of(BUILD, BUILD.map(lambda build: f"freethreaded+{build}"))
WINDOWS = st.sampled_from(["x86_64-pc-windows-msvc", "i686-pc-windows-msvc"])
LINKAGE = st.sampled_from(["", "shared", "static"])
INSTALL = st.sampled_from([STRIPPED, UNSTRIPPED])

ASSETS = st.one_of(
    st.builds(Asset, VERSION, DAY, TRIPLE, st.just(FULL), THREADED_BUILD),
    st.builds(Asset, VERSION, DAY, TRIPLE, INSTALL, st.sampled_from(["", "freethreaded"])),
    st.builds(
        Asset,
        VERSION,
        DAY,
        st.just("x86_64-unknown-linux-musl"),
        st.just(FULL),
        st.sampled_from(["debug+static", "lto+static", "noopt+static"]),
    ),
    st.builds(Asset, VERSION, DAY, WINDOWS, st.just(FULL), THREADED_BUILD, LINKAGE),
    st.builds(Asset, VERSION, DAY, WINDOWS, INSTALL, st.just(""), LINKAGE),
    st.builds(Asset, VERSION, MINUTE, TRIPLE, st.just(FULL), THREADED_BUILD, st.just(""), st.just(2)),
    st.builds(Asset, VERSION, MINUTE, TRIPLE, st.just(UNSTRIPPED), st.just(""), st.just(""), st.just(2)),
    st.builds(
        Asset,
        VERSION,
        MINUTE,
        st.sampled_from(["linux64", "linux64-musl", "macos", "windows-amd64", "windows-x86"]),
        st.just(FULL),
        st.just(""),
        st.just(""),
        st.just(1),
    ),
)


@given(ASSETS)
def test_any_asset_is_read_back_from_its_name(asset: Asset) -> None:
    assert parse_asset(asset.name) == asset


@given(ASSETS, ASSETS)
def test_different_assets_have_different_names_and_homes(one: Asset, other: Asset) -> None:
    assert (one == other) is (one.name == other.name) is (home_name(one) == home_name(other))


@given(ASSETS.map(lambda asset: asset.name), st.data())
def test_a_name_with_a_change_is_refused_or_means_what_it_says(name: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(name) - 1))
    changed = name[:place] + data.draw(st.text(max_size=3)) + name[place + 1 :]
    try:
        asset = parse_asset(changed)
    except AssetError:
        return
    assert asset.name == changed


@given(st.text())
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(AssetError):
        parse_asset(text)


@given(VERSION, VERSION)
def test_versions_are_ordered_as_pep_440_orders_them(one: str, other: str) -> None:
    assert (version_key(one) < version_key(other)) is (Version(one) < Version(other))
    assert (version_key(one) == version_key(other)) is (one == other)


@pytest.mark.parametrize("text", ["3.13", "3.13.2.1", "3.13.2-rc1", "latest", "3.13.x"])
def test_other_versions_have_no_key(text: str) -> None:
    with pytest.raises(AssetError, match="is not a CPython version"):
        version_key(text)
