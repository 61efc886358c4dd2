# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolution: which asset a request means, and why each other one lost."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.bundled import bundled_catalogue
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Catalogue, Entry, ListCatalogue
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import parse_request
from ansible_collections.fleet.python.plugins.plugin_utils._builds.resolve import Resolution, ResolveError, resolve
from ansible_collections.fleet.python.plugins.plugin_utils._builds.triples import TRIPLES, runs

GNU = "x86_64-unknown-linux-gnu"
V2 = "x86_64_v2-unknown-linux-gnu"
V3 = "x86_64_v3-unknown-linux-gnu"
V4 = "x86_64_v4-unknown-linux-gnu"
MUSL = "x86_64-unknown-linux-musl"
ARM = "aarch64-unknown-linux-gnu"
HOST = (V3, V2, GNU)
STRIPPED = "install_only_stripped.tar.gz"
INSTALL = "install_only.tar.gz"


def entry(version: str, release: str, triple: str = GNU, what: str = STRIPPED) -> Entry:
    name = f"cpython-{version}+{release}-{triple}-{what}"
    return Entry(release, parse_asset(name), hashlib.sha256(name.encode()).hexdigest())


def name(found: Resolution) -> str:
    return found.chosen.asset.name.removeprefix("cpython-")


def bundled(request: str, triples: Sequence[str] = HOST, **options: str | int | bool | None) -> str:
    return name(resolve(parse_request(request), triples, bundled_catalogue(), **options))  # type: ignore[arg-type]


def choose(request: str, entries: Sequence[Entry], triples: Sequence[str] = HOST, **options: str | int | bool) -> str:
    catalogue: Catalogue = ListCatalogue(entries, origin="here")
    return name(resolve(parse_request(request), triples, catalogue, **options))  # type: ignore[arg-type]


# The catalogue of November 2026: a newer release may add to it, so the requests name what is there for good.
@pytest.mark.parametrize(
    ("request_text", "triples", "chosen"),
    [
        ("3.13.2", HOST, f"3.13.2+20250317-{V3}-{STRIPPED}"),
        ("3.13.2", (V2, GNU), f"3.13.2+20250317-{V2}-{STRIPPED}"),
        ("==3.8.*", HOST, f"3.8.20+20241002-{GNU}-{STRIPPED}"),
        ("3.9", (V2, GNU), f"3.9.25+20251031-{V2}-{STRIPPED}"),
        (">=3.8,<3.10", (ARM,), f"3.9.25+20251031-{ARM}-{STRIPPED}"),
        ("3.12.3", HOST, f"3.12.3+20240415-{V3}-{INSTALL}"),
        ("3.9.6", (GNU,), "3.9.6-x86_64-unknown-linux-gnu-pgo+lto-20210724T1424.tar.zst"),
        ("3.15.0rc1", HOST, f"3.15.0rc1+20260814-{V3}-{STRIPPED}"),
        (">=3.15.0a1,<3.15.0b1", (ARM,), f"3.15.0a8+20260504-{ARM}-{STRIPPED}"),
        ("3.14.3t", (ARM,), f"3.14.3+20260325-{ARM}-freethreaded-{STRIPPED}"),
        ("3.13.3t", HOST, f"3.13.3+20250529-{V3}-freethreaded+pgo+lto-full.tar.zst"),
        ("3.13.2d", (V2, GNU), f"3.13.2+20250317-{V2}-debug-full.tar.zst"),
        ("3.13.3td", (GNU,), f"3.13.3+20250529-{GNU}-freethreaded+debug-full.tar.zst"),
        ("3.13.2+lto", (ARM,), f"3.13.2+20250317-{ARM}-{STRIPPED}"),
        ("3.13.2+pgo+lto", (GNU,), f"3.13.2+20250317-{GNU}-{STRIPPED}"),
        ("3.11", ("i686-unknown-linux-gnu",), f"3.11.5+20230826-i686-unknown-linux-gnu-{INSTALL}"),
        ("3.12.9", (MUSL,), f"3.12.9+20250317-{MUSL}-{STRIPPED}"),
        ("3.13.2", ("aarch64-apple-darwin",), f"3.13.2+20250317-aarch64-apple-darwin-{STRIPPED}"),
        ("3.13.2", ("x86_64-pc-windows-msvc",), f"3.13.2+20250317-x86_64-pc-windows-msvc-{STRIPPED}"),
    ],
)
def test_requests_against_the_bundled_catalogue(request_text: str, triples: tuple[str, ...], chosen: str) -> None:
    assert bundled(request_text, triples) == chosen


def test_every_minor_resolves_for_every_triple_that_has_it() -> None:
    catalogue = bundled_catalogue()
    there = {(each.asset.normal_triple, each.asset.python_minor) for each in catalogue.entries()}
    for triple, minor in there:
        chosen = resolve(parse_request(minor), [triple], catalogue, max_level=4, prerelease=True).chosen.asset
        assert (chosen.normal_triple, chosen.python_minor) == (triple, minor)


def test_options_of_the_choice() -> None:
    assert bundled("3.13.2", flavor="full") == f"3.13.2+20250317-{GNU}-pgo+lto-full.tar.zst"
    assert bundled("3.13.2", flavor="install_only_stripped") == f"3.13.2+20250317-{V3}-{STRIPPED}"
    assert bundled("3.13", release="20250317") == f"3.13.2+20250317-{V3}-{STRIPPED}"
    assert bundled("3.13", release="20250317", max_level=1) == f"3.13.2+20250317-{GNU}-{STRIPPED}"
    assert bundled("3.13", release="20250317", build="debug") == f"3.13.2+20250317-{V3}-debug-full.tar.zst"
    assert bundled("3.13", (GNU, MUSL), release="20250317", libc="musl") == f"3.13.2+20250317-{MUSL}-{STRIPPED}"
    assert bundled("3.13", (MUSL, GNU), release="20250317", libc="auto") == f"3.13.2+20250317-{MUSL}-{STRIPPED}"
    assert bundled("3.15", release="20260814", prerelease=True) == f"3.15.0rc1+20260814-{V3}-{STRIPPED}"
    assert bundled("3.12.3", release="20240415", max_level=4, triples=(V4, V3)) == f"3.12.3+20240415-{V4}-{INSTALL}"


def test_the_newest_version_wins_over_release_and_level() -> None:
    entries = [
        entry("3.13.2", "20250409", V3),
        entry("3.13.3", "20250317", GNU),
        entry("3.13.10", "20250212", GNU),
        entry("3.14.0rc1", "20250808", V3),
    ]
    assert choose("3", entries) == f"3.13.10+20250212-{GNU}-{STRIPPED}"


def test_then_the_newest_release_wins_over_the_level() -> None:
    entries = [entry("3.13.2", "20250317", V3), entry("3.13.2", "20250409", GNU)]
    assert choose("3.13", entries) == f"3.13.2+20250409-{GNU}-{STRIPPED}"


def test_the_newest_release_is_the_one_made_last() -> None:
    entries = [entry("3.14.3", "20260320"), entry("3.14.3", "20250323"), entry("3.14.3", "20250101")]
    assert choose("3.14", entries[:2]) == f"3.14.3+20250323-{GNU}-{STRIPPED}"


def test_a_release_with_a_defect_is_passed_over() -> None:
    sound, defective = entry("3.13.12", "20260303"), entry("3.13.12", "20260325")
    assert choose("3.13", [sound, defective]) == f"3.13.12+20260303-{GNU}-{STRIPPED}"
    # Where nothing else is there, or it is asked for, it is taken.
    assert choose("3.13", [defective]) == f"3.13.12+20260325-{GNU}-{STRIPPED}"
    assert choose("3.13", [sound, defective], release="20260325") == f"3.13.12+20260325-{GNU}-{STRIPPED}"
    listed = ListCatalogue([sound, defective], origin="here")
    [rejection] = resolve(parse_request("3.13"), [GNU], listed).rejected
    assert rejection.reason.startswith("has a defect: libpython asks for an executable stack")


@pytest.mark.parametrize(
    ("request_text", "triples", "better"),
    [
        # A level that fits better, and a version that there is for others only.
        ("3.13", (V2, GNU), f"3.13.17 for {V2}"),
        ("3.13", (MUSL,), f"3.13.17 for {MUSL}"),
        ("3.13", (GNU,), ""),
        ("3.13.2", (V2, GNU), ""),
    ],
)
def test_a_choice_that_a_partial_list_made_lesser_is_told(
    request_text: str, triples: tuple[str, ...], better: str
) -> None:
    notes = resolve(parse_request(request_text), triples, bundled_catalogue()).notes
    if not better:
        assert notes == ()
        return
    [note] = notes
    assert f"though {better} would be better: the bundled list of release 20261021 is partial" in note


def test_then_the_best_triple_and_stripped_before_unstripped() -> None:
    entries = [
        entry("3.13.2", "20250317", GNU),
        entry("3.13.2", "20250317", V2, INSTALL),
        entry("3.13.2", "20250317", V2),
        entry("3.13.2", "20250317", V4),
    ]
    assert choose("3.13", entries) == f"3.13.2+20250317-{V2}-{STRIPPED}"
    assert choose("3.13", entries, flavor="install_only") == f"3.13.2+20250317-{V2}-{INSTALL}"


def test_a_full_archive_only_where_nothing_else_has_it() -> None:
    full = entry("3.13.2", "20250409", V3, "pgo+lto-full.tar.zst")
    assert choose("3.13", [full]) == full.asset.name.removeprefix("cpython-")
    assert choose("3.13", [full, entry("3.13.2", "20250317", GNU, INSTALL)]) == f"3.13.2+20250317-{GNU}-{INSTALL}"
    assert choose("3.13", [full, entry("3.13.2", "20250317")], flavor="full") == choose("3.13", [full])


def test_the_default_build_is_the_fastest() -> None:
    builds = ["noopt", "lto", "pgo+lto", "debug", "freethreaded+pgo+lto", "freethreaded+debug"]
    entries = [entry("3.13.2", "20250317", GNU, f"{build}-full.tar.zst") for build in builds]
    assert choose("3.13", entries).endswith("-gnu-pgo+lto-full.tar.zst")
    without = [each for each in entries if each.asset.build != "pgo+lto"]
    assert choose("3.13", without).endswith("-gnu-lto-full.tar.zst")
    assert choose("3.13", entries, build="noopt").endswith("-gnu-noopt-full.tar.zst")
    assert choose("3.13t", entries).endswith("-gnu-freethreaded+pgo+lto-full.tar.zst")
    assert choose("3.13", entries, build="freethreaded+debug").endswith("-gnu-freethreaded+debug-full.tar.zst")


@pytest.mark.parametrize("build", ["debug", "freethreaded+pgo+lto", "freethreaded+debug"])
def test_debug_and_free_threaded_builds_are_never_chosen_unasked(build: str) -> None:
    with pytest.raises(ResolveError):
        choose("3.13", [entry("3.13.2", "20250317", GNU, f"{build}-full.tar.zst")])


def test_a_build_by_name_is_found_in_install_only_archives() -> None:
    entries = [entry("3.13.2", "20250317", ARM), entry("3.13.2", "20250317", ARM, "noopt-full.tar.zst")]
    assert choose("3.13+lto", entries, [ARM]).endswith(STRIPPED)
    later = [entry("3.13.6", "20250814", ARM), entry("3.13.6", "20250814", ARM, "lto-full.tar.zst")]
    assert choose("3.13+lto", later, [ARM]).endswith("lto-full.tar.zst")
    assert choose("3.13+pgo+lto", later, [ARM]).endswith(STRIPPED)


def test_static_musl_only_when_asked_for() -> None:
    dynamic = entry("3.13.2", "20250317", MUSL)
    static = entry("3.13.2", "20250317", MUSL, "lto+static-full.tar.zst")
    old = entry("3.13.1", "20250115", MUSL)
    assert choose("3.13", [dynamic, static, old], [MUSL]) == dynamic.asset.name.removeprefix("cpython-")
    assert choose("3.13+static", [dynamic, static, old], [MUSL]) == static.asset.name.removeprefix("cpython-")
    assert choose("3.13", [static, dynamic], [MUSL], build="static").endswith("lto+static-full.tar.zst")
    with pytest.raises(ResolveError, match="loads no extension module: ask for it with build: static"):
        choose("3.13", [static, old], [MUSL])
    assert choose("3.13+static", [old], [MUSL]) == old.asset.name.removeprefix("cpython-")


def reasons(request: str, triples: Sequence[str] = HOST, **options: str | int) -> dict[str, str]:
    found = resolve(parse_request(request), triples, bundled_catalogue(), **options)  # type: ignore[arg-type]
    return {each.asset.name.removeprefix("cpython-"): each.reason for each in found.rejected}


def test_each_candidate_has_one_reason() -> None:
    found = reasons("3.13", (V2, GNU), release="20250317", max_level=2)
    stem = "3.13.2+20250317-"
    assert found[f"{stem}{GNU}-{STRIPPED}"] == f"{V2} is better for the host than {GNU}"
    assert found[f"{stem}{V3}-{STRIPPED}"] == "needs x86-64 level 3, max_level is 2"
    assert found[f"{stem}{GNU}-pgo+lto-full.tar.zst"] == (
        "is a full archive, install_only_stripped has what was asked for"
    )
    assert found[f"{stem}{V2}-debug-full.tar.zst"] == "is a debug build, which was not asked for"
    assert found[f"{stem}{ARM}-{STRIPPED}"] == f"is for {ARM}, not for {V2} or {GNU}"
    assert found[f"{stem}{MUSL}-{STRIPPED}"] == f"is for {MUSL}, not for {V2} or {GNU}"
    assert f"{stem}{V2}-{STRIPPED}" not in found
    elsewhere = reasons("3.13", (ARM,), release="20250317")
    assert elsewhere[f"{stem}{V4}-{STRIPPED}"] == f"is for {V4}, not for {ARM}"


def test_more_reasons() -> None:
    threaded = reasons("3.14.3", (ARM,))
    assert threaded[f"3.14.3+20260325-{ARM}-freethreaded-{STRIPPED}"] == "is free-threaded, which was not asked for"
    assert reasons("3.14.3t", (ARM,))[f"3.14.3+20260325-{ARM}-{STRIPPED}"] == "is not free-threaded"
    assert reasons("3.14.3d", (ARM,))[f"3.14.3+20260325-{ARM}-{STRIPPED}"] == "is not a debug build"
    above = reasons("3.13.2", (GNU,))
    assert above[f"3.13.2+20250317-{V3}-{STRIPPED}"] == f"needs x86-64 level 3, more than {GNU} has"
    musl = reasons("3.13.2", (GNU, MUSL), libc="musl")
    assert musl[f"3.13.2+20250317-{GNU}-{STRIPPED}"] == "is built for gnu, libc: musl was asked for"
    flavor = reasons("3.13.2", (GNU,), flavor="full")
    assert flavor[f"3.13.2+20250317-{GNU}-{STRIPPED}"] == "is install_only_stripped, flavor: full was asked for"
    early = reasons("3.15", (GNU,))
    assert early[f"3.15.0rc1+20260814-{GNU}-{STRIPPED}"] == (
        "is a prerelease: ask for 3.15.0rc1 by name, or set prerelease: true"
    )
    older = reasons("3.13", (GNU,))
    assert older[f"3.13.2+20250317-{GNU}-{STRIPPED}"].startswith("3.13.2 is older than 3.13.")
    rebuilt = reasons("3.10.21", (GNU,))
    assert rebuilt[f"3.10.21+20260814-{GNU}-{STRIPPED}"].startswith("release 20260814 is older than 2026")


def test_reasons_that_the_bundled_catalogue_has_no_case_of() -> None:
    entries = [
        entry("3.13.2", "20250317", MUSL),
        entry("3.13.2", "20250317", MUSL, INSTALL),
        entry("3.13.2", "20250317", MUSL, "lto-full.tar.zst"),
        entry("3.13.2", "20250317", MUSL, "noopt-full.tar.zst"),
        entry("3.13.2", "20250317", MUSL, "lto+static-full.tar.zst"),
        entry("3.13.2", "20250317", "sparc64-unknown-linux-gnu"),
    ]
    catalogue = ListCatalogue(entries, origin="here")

    def why(request: str, **options: str) -> list[str]:
        found = resolve(parse_request(request), [MUSL], catalogue, **options)  # type: ignore[arg-type]
        return [f"{each.asset.build or each.asset.flavor}: {each.reason}" for each in found.rejected]

    assert set(why("3.13")) == {
        "install_only: install_only_stripped is smaller than install_only",
        "lto: is a full archive, install_only_stripped has what was asked for",
        "noopt: is a full archive, install_only_stripped has what was asked for",
        "lto+static: is linked statically and loads no extension module: only for build: static",
        "install_only_stripped: is for sparc64-unknown-linux-gnu, which this version of the collection does not know",
    }
    assert "noopt: lto is faster than noopt" in why("3.13", flavor="full")
    assert "noopt: is built with noopt, lto was asked for" in why("3.13+lto")
    assert "install_only_stripped: is not linked statically" in why("3.13+static")


def test_nothing_is_rejected_without_a_reason_and_nothing_is_left_out() -> None:
    catalogue = bundled_catalogue()
    found = resolve(parse_request("3.13"), HOST, catalogue)
    candidates = [each for each in catalogue.entries() if each.asset.python_minor == "3.13"]
    assert len(found.rejected) == len(candidates) - 1
    assert all(each.reason for each in found.rejected)


VERSIONS = st.sampled_from(["3.12.9", "3.13.1", "3.13.2", "3.14.0rc1"])
RELEASES = st.sampled_from(["20250212", "20250317", "20250323", "20260303"])
WHAT = st.sampled_from(
    [STRIPPED, INSTALL, "pgo+lto-full.tar.zst", "lto-full.tar.zst", "debug-full.tar.zst", f"freethreaded-{STRIPPED}"]
)
ENTRIES = st.lists(
    st.builds(entry, VERSIONS, RELEASES, st.sampled_from([*HOST, MUSL, ARM]), WHAT), unique_by=lambda each: each.path
)
REQUESTS = st.sampled_from(["3", "3.13", "3.13.2", ">=3.12,<3.14", "3.13t", "3.13d", "3.14.0rc1", "3.13+lto"])
TRIPLE_LISTS = st.sampled_from(sorted(TRIPLES)).map(runs)


def attempt(request: str, triples: Sequence[str], entries: Sequence[Entry]) -> Entry | str:
    try:
        return resolve(parse_request(request), triples, ListCatalogue(entries, origin="here")).chosen
    except ResolveError as refusal:
        return str(refusal)


@given(REQUESTS, TRIPLE_LISTS, ENTRIES, st.randoms())
def test_the_choice_does_not_depend_on_the_order_of_the_catalogue(
    request: str, triples: Sequence[str], entries: list[Entry], random: Random
) -> None:
    shuffled = list(entries)
    random.shuffle(shuffled)
    assert attempt(request, triples, entries) == attempt(request, triples, shuffled)


@given(REQUESTS, ENTRIES.filter(bool))
@settings(max_examples=200)
def test_without_what_lost_the_choice_is_the_same_and_without_the_choice_another(
    request: str, entries: list[Entry]
) -> None:
    chosen = attempt(request, HOST, entries)
    if isinstance(chosen, Entry):
        assert attempt(request, HOST, [chosen]) == chosen
        for each in entries:
            assert attempt(request, HOST, [chosen, each]) == chosen
        assert attempt(request, HOST, [each for each in entries if each != chosen]) != chosen
    else:
        assert all(isinstance(attempt(request, HOST, [each]), str) for each in entries)


@given(REQUESTS, TRIPLE_LISTS, ENTRIES)
def test_what_is_chosen_is_what_was_asked_for(request: str, triples: Sequence[str], entries: list[Entry]) -> None:
    asked = parse_request(request)
    chosen = attempt(request, triples, entries)
    if isinstance(chosen, Entry):
        asset = chosen.asset
        assert asked.allows(asset.version)
        assert asset.normal_triple in triples
        assert (asset.freethreaded, asset.debug) == (asked.freethreaded, asked.debug)
    else:
        assert request in chosen
