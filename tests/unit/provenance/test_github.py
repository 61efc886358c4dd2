# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GitHub's API: its answers, its limits, and the bundles in its storage, from a server on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.errors import AttestationError
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.github import (
    GithubApi,
    Listed,
    parse_answer,
    token_of,
    unpacked,
    wait_until,
)
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import Access
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError, UnreachedError
from tests.world.server import MirrorHandler, MirrorServer

BUNDLE = {"mediaType": "x"}


class Api(MirrorHandler):
    """Answers what the test has put here."""

    status = 200
    answer = ""
    extra: dict[str, str] = {}  # noqa: RUF012

    def intercept(self) -> bool:
        if self.path.startswith("/stored"):
            self.send_text(200, json.dumps(BUNDLE))
        else:
            self.send_text(type(self).status, type(self).answer, type(self).extra)
        return True


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MirrorServer]:
    Api.status, Api.answer, Api.extra = 200, json.dumps({"attestations": [{"bundle": BUNDLE}]}), {}
    with MirrorServer(tmp_path, handler=Api) as running:
        yield running


def api(server: MirrorServer, token: str = "") -> GithubApi:
    access = Access(headers=(("X-Secret", "of a source"),), timeout=5, connect_timeout=5)
    return GithubApi(server.url, "astral-sh/python-build-standalone", access, token)


def test_it_is_asked_for_the_digest(server: MirrorServer, entry: Entry) -> None:
    assert api(server, "s3cret").bundles(entry) == [json.dumps(BUNDLE)]
    (request,) = server.requests
    path = f"/repos/astral-sh/python-build-standalone/attestations/sha256:{entry.sha256}"
    assert request.path == f"{path}?per_page=30&predicate_type=provenance"
    assert request.headers["Authorization"] == "Bearer s3cret"
    # It is another server than the sources, whose headers are not for it.
    assert "X-Secret" not in request.headers


def test_no_token_is_sent_where_there_is_none(server: MirrorServer, entry: Entry) -> None:
    api(server).bundles(entry)
    assert "Authorization" not in server.requests[0].headers


def test_a_bundle_in_its_storage_is_fetched_without_the_token(server: MirrorServer, entry: Entry) -> None:
    Api.answer = json.dumps({"attestations": [{"bundle": None, "bundle_url": f"{server.url}/stored/1"}]})
    assert api(server, "s3cret").bundles(entry) == [json.dumps(BUNDLE)]
    assert server.requests[1].path == "/stored/1"
    assert "Authorization" not in server.requests[1].headers


def test_a_bundle_elsewhere_is_not_fetched(server: MirrorServer, entry: Entry) -> None:
    Api.answer = json.dumps({"attestations": [{"bundle_url": "file:///etc/shadow"}]})
    with pytest.raises(AttestationError, match="which is not asked for"):
        api(server).bundles(entry)


def test_it_may_have_none(server: MirrorServer, entry: Entry) -> None:
    Api.answer = '{"attestations": []}'
    assert api(server).bundles(entry) is None
    Api.status = 404
    assert api(server).bundles(entry) is None


def test_its_limit_is_told_with_the_time_to_wait(server: MirrorServer, entry: Entry) -> None:
    Api.status, Api.answer = 403, "{}"
    Api.extra = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999"}
    with pytest.raises(UnreachedError, match=r"rate limit\); again in \d+ minutes, at \d\d:\d\d UTC; a token raises"):
        api(server).bundles(entry)


def test_a_refusal_is_told(server: MirrorServer, entry: Entry) -> None:
    Api.status, Api.answer = 403, "{}"
    with pytest.raises(SourceError, match="HTTP 403: it refuses whoever asks: see attestation_token"):
        api(server).bundles(entry)
    Api.status = 500
    with pytest.raises(UnreachedError, match="HTTP 500"):
        api(server).bundles(entry)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "60"}, 160.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "500"}, 500.0),
        ({"X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "500"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "9" * 50}, None),
        ({"Retry-After": "\u0663"}, 103.0),
        ({}, None),
    ],
)
def test_headers_say_when_it_answers_again(headers: dict[str, str], expected: float | None) -> None:
    assert wait_until(headers, 100.0) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<html>", "is no list of attestations: '<html>'"),
        ("{}", "is no list"),
        ("[]", "is no list"),
        ('{"attestations": 3}', "is no list"),
        ('{"attestations": [3]}', "is no list"),
        ('{"attestations": [{}]}', "neither a bundle nor a URL"),
        ("[" * 100_000, "is no list"),
        (json.dumps({"attestations": [{"bundle": {"x": 1}}] * 31}), "it has 31 attestations of one archive"),
    ],
)
def test_a_bad_answer_is_refused(text: str, said: str) -> None:
    with pytest.raises(AttestationError, match=f"^api: .*{said}"):
        parse_answer(text, origin="api")


def test_an_answer_may_name_urls() -> None:
    text = json.dumps({"attestations": [{"bundle": BUNDLE}, {"bundle_url": "https://x/y"}]})
    assert parse_answer(text, origin="api") == [Listed(json.dumps(BUNDLE), ""), Listed("", "https://x/y")]


def test_a_stored_bundle_is_packed_or_not() -> None:
    text = json.dumps(BUNDLE)
    assert unpacked(text.encode(), origin="api") == text
    assert unpacked(bytes(cramjam.snappy.compress_raw(text.encode())), origin="api") == text


@given(st.binary(max_size=200))
def test_any_other_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(AttestationError, match="neither JSON nor JSON packed by Snappy"):
        unpacked(b"\xff\xff" + body, origin="api")


def test_what_unpacks_to_too_much_is_refused() -> None:
    bomb = bytes(cramjam.snappy.compress_raw(b"a" * ((16 << 20) + 1)))
    with pytest.raises(AttestationError, match="packed by Snappy"):
        unpacked(bomb, origin="api")


@pytest.mark.parametrize(
    ("option", "environment", "base", "expected"),
    [
        ("own", {"GH_TOKEN": "env"}, "https://api.github.com", "own"),
        ("own", {}, "https://github.example.com/api/v3", "own"),
        (None, {"GH_TOKEN": "gh", "GITHUB_TOKEN": "actions"}, "https://api.github.com", "gh"),
        (None, {"GITHUB_TOKEN": "actions"}, "https://api.github.com", "actions"),
        # GitHub's token is for no other server.
        (None, {"GH_TOKEN": "gh"}, "https://github.example.com/api/v3", ""),
        (None, {}, "https://api.github.com", ""),
    ],
)
def test_whose_token_is_sent(option: str | None, environment: dict[str, str], base: str, expected: str) -> None:
    assert token_of(option, environment, base) == expected


def test_no_token_is_shown(server: MirrorServer) -> None:
    assert "s3cret" not in repr(api(server, "s3cret"))
