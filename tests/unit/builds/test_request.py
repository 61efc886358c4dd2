# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests: every form, and what each refusal says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import (
    BuildOptions,
    RequestError,
    merge_options,
    parse_build,
    parse_request,
)

VERSIONS = ("3.9.25", "3.12.0", "3.12.9", "3.13.0", "3.13.2", "3.13.12", "3.14.0", "3.15.0a5", "3.15.0rc1")


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ("3", VERSIONS),
        ("3.13", ("3.13.0", "3.13.2", "3.13.12")),
        ("3.13.2", ("3.13.2",)),
        (" 3.13.2 ", ("3.13.2",)),
        ("==3.13.*", ("3.13.0", "3.13.2", "3.13.12")),
        ("==3.13.2", ("3.13.2",)),
        ("==3.13", ("3.13.0",)),
        (">=3.12,<3.14", ("3.12.0", "3.12.9", "3.13.0", "3.13.2", "3.13.12")),
        (">= 3.12, < 3.13", ("3.12.0", "3.12.9")),
        ("~=3.12.3", ("3.12.9",)),
        (">3.13.2,!=3.14.0,<3.15", ("3.13.12",)),
        ("3.15.0rc1", ("3.15.0rc1",)),
        ("3.15rc1", ("3.15.0rc1",)),
        (">=3.15.0a1,<3.15.0rc1", ("3.15.0a5",)),
        ("3.14t", ("3.14.0",)),
    ],
)
def test_what_a_request_matches(text: str, matched: tuple[str, ...]) -> None:
    request = parse_request(text)
    assert tuple(version for version in VERSIONS if request.matches(version)) == matched


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("3.14", BuildOptions()),
        ("3.14t", BuildOptions(freethreaded=True)),
        ("3.14+freethreaded", BuildOptions(freethreaded=True)),
        ("3.14t+freethreaded", BuildOptions(freethreaded=True)),
        ("3.14.7t", BuildOptions(freethreaded=True)),
        ("3.15.0rc1t", BuildOptions(freethreaded=True)),
        (">=3.13+freethreaded", BuildOptions(freethreaded=True)),
        ("3.13d", BuildOptions(debug=True)),
        ("3.13+debug", BuildOptions(debug=True)),
        ("3.13td", BuildOptions(freethreaded=True, debug=True)),
        ("3.13dt", BuildOptions(freethreaded=True, debug=True)),
        ("3.13+freethreaded+debug", BuildOptions(freethreaded=True, debug=True)),
        ("3.13+lto", BuildOptions(optimization="lto")),
        ("3.13+pgo+lto", BuildOptions(optimization="pgo+lto")),
        ("3.13+noopt+static", BuildOptions(static=True, optimization="noopt")),
        ("==3.13.*+debug+static", BuildOptions(debug=True, static=True)),
    ],
)
def test_which_build_a_request_asks_for(text: str, options: BuildOptions) -> None:
    assert parse_request(text).options == options


@pytest.mark.parametrize(
    ("text", "minor", "exact"),
    [
        ("3", None, None),
        ("3.13", "3.13", None),
        ("3.13t", "3.13", None),
        ("==3.13.*", "3.13", None),
        ("3.13.2", "3.13", "3.13.2"),
        ("==3.13.2", "3.13", "3.13.2"),
        ("==3.13", "3.13", "3.13.0"),
        ("==3.15.0rc1", "3.15", "3.15.0rc1"),
        ("3.15.0rc1", "3.15", "3.15.0rc1"),
        (">=3.12,<3.14", None, None),
        ("==3.13.2,>=3.12", None, None),
    ],
)
def test_what_a_request_fixes(text: str, minor: str | None, exact: str | None) -> None:
    request = parse_request(text)
    assert (request.minor, request.exact) == (minor, exact)


def test_prereleases_only_where_asked_for() -> None:
    assert not parse_request("3.15").allows("3.15.0rc1")
    assert parse_request("3.15").allows("3.15.0rc1", prerelease=True)
    assert parse_request("3.15.0rc1").allows("3.15.0rc1")
    assert parse_request(">=3.15.0a1").allows("3.15.0rc1")
    assert parse_request("3.13").allows("3.13.2")
    assert not parse_request("3.13").allows("3.14.0", prerelease=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("3.1", "if you meant 3.10, write it in quotes: '3.10'"),
        ("3.2", "if you meant 3.20, write it in quotes: '3.20'"),
        ("3.6.15", "whose oldest is 3.7"),
        ("2.7", "builds CPython 3 only"),
        ("4", "builds CPython 3 only"),
        ("", "is not understood: write 3.13, "),
        ("latest", "is not understood"),
        ("python3.13", "is not understood"),
        ("3.x", "is not understood"),
        ("3.13.2.1", "is not understood"),
        ("3.13-dev", "is not understood"),
        ("===3.13", "is not understood"),
        ("~=3", "is not understood"),
        ("\uff13.13", "is not understood"),
        ("3.13; rm -rf /", "is not understood"),
        ("3.013", "write '3.13'"),
        (">=3.14t", "write '>=3.14+freethreaded'"),
        ("3.13+fast", "build 'fast' is unknown: give one of pgo+lto"),
        ("3.13+", "build '' is unknown"),
        ("3.13+lto+lto", "build 'lto+lto' is unknown"),
        ("3.13+lto+noopt", "two kinds of optimization"),
        ("3.13d+lto", "two kinds of optimization"),
        ("3.14t+static", "no static free-threaded builds"),
        (">=3.14,<3.12", "is an empty range"),
        (">3.13,<3.13.1", "is an empty range"),
        (">=3.15.0rc1,<3.15.0", "is an empty range"),
        ("==3.13.2,!=3.13.2", "is an empty range"),
        ("==3.13.*,!=3.13.*", "is an empty range"),
        ("~=3.12.1,>=3.13", "is an empty range"),
    ],
)
def test_a_refusal_names_the_value_and_what_to_write(text: str, said: str) -> None:
    with pytest.raises(RequestError) as refusal:
        parse_request(text)
    assert repr(text) in str(refusal.value)
    assert said in str(refusal.value)


@pytest.mark.parametrize("text", ["pgo+lto", "debug+static", "freethreaded+pgo+lto", "freethreaded", "static", "lto"])
def test_build_options_are_written_as_they_are_read(text: str) -> None:
    assert str(parse_build(text)) == text


def test_request_and_build_are_taken_together() -> None:
    threaded = parse_request("3.14t").options
    assert str(merge_options(threaded, parse_build("pgo+lto"))) == "freethreaded+pgo+lto"
    assert merge_options(threaded, parse_build("freethreaded")) == threaded
    assert merge_options(BuildOptions(), BuildOptions()) == BuildOptions()
    with pytest.raises(RequestError, match="the request asks for lto and build for noopt"):
        merge_options(parse_build("lto"), parse_build("noopt"))
    with pytest.raises(RequestError, match="no static free-threaded builds"):
        merge_options(threaded, parse_build("static"))


NUMBER = st.integers(0, 16)
POINT = st.tuples(st.integers(7, 16), NUMBER)
FINAL = POINT.map(lambda point: f"3.{point[0]}.{point[1]}")
SPECIFIER = st.one_of(
    st.builds("{}{}".format, st.sampled_from([">=", ">", "<", "<=", "==", "!=", "~="]), FINAL),
    st.builds("{}3.{}.*".format, st.sampled_from(["==", "!="]), st.integers(7, 16)),
    st.builds("{}3.{}".format, st.sampled_from([">=", "<", "~="]), st.integers(7, 16)),
)
UNIVERSE = [f"3.{minor}.{patch}" for minor in range(6, 19) for patch in range(19)]


@given(st.lists(SPECIFIER, min_size=1, max_size=4).map(",".join))
def test_a_range_is_refused_as_empty_exactly_where_no_version_lies_in_it(text: str) -> None:
    expected = [version for version in UNIVERSE if SpecifierSet(text).contains(Version(version))]
    if expected:
        request = parse_request(text)
        assert [version for version in UNIVERSE if request.matches(version)] == expected
    else:
        with pytest.raises(RequestError, match="is an empty range"):
            parse_request(text)


def outcome(text: str) -> str:
    try:
        return repr(parse_request(text).text)
    except RequestError as refusal:
        return str(refusal)


@given(st.text())
def test_any_text_is_a_request_or_refused_by_its_name(text: str) -> None:
    assert repr(text.strip()) in outcome(text)


@given(FINAL, FINAL)
def test_a_plain_version_matches_itself_alone(one: str, other: str) -> None:
    assert parse_request(one).matches(other) is (one == other)
