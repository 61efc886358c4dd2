# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option attestation_source, the signer's options, and the files that lie beside archives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.beside import Beside, parse_bundles
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.errors import AttestationError
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.places import places_of
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.signer import Signer, signer_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import UPSTREAM, SourceError, sources_of
from tests.unit.provenance.options import OPTIONS
from tests.world.server import MirrorServer


def names(tmp_path: Path, attestation_source: list[str], source: list[str]) -> list[str]:
    options = OPTIONS | {"attestation_source": attestation_source}
    found = places_of(options, sources_of([text.format(dir=tmp_path) for text in source]), Signer())
    return [place.name.replace(str(tmp_path), "DIR") for place in found]


@pytest.mark.parametrize(
    ("attestation_source", "source", "expected"),
    [
        # Upstream's archives have no attestations beside them.
        (["github", "source"], list(UPSTREAM), ["https://api.github.com"]),
        (["github", "source"], ["https://m.example"], ["https://api.github.com", "https://m.example"]),
        # What is on the controller is asked first.
        (["github", "source"], ["https://m.example", "{dir}"], ["DIR", "https://api.github.com", "https://m.example"]),
        (["https://a.example", "github"], ["{dir}"], ["https://a.example", "https://api.github.com"]),
        (["github:https://g.example/api/v3/"], ["{dir}"], ["https://g.example/api/v3"]),
        ([], ["{dir}"], []),
    ],
)
def test_the_places(tmp_path: Path, attestation_source: list[str], source: list[str], expected: list[str]) -> None:
    assert names(tmp_path, attestation_source, source) == expected


@pytest.mark.parametrize(
    "text", ["github:http://g.example", "github:nonsense", "github:file:///x", "github:http://[", "github:https://"]
)
def test_an_api_is_reached_by_https(tmp_path: Path, text: str) -> None:
    with pytest.raises(AttestationError, match="attestation_source: after github: stands the https URL"):
        names(tmp_path, [text], ["{dir}"])


def test_any_other_place_is_a_source(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is no directory"):
        names(tmp_path, [f"{tmp_path}/none"], ["{dir}"])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, Signer()),
        ({"attestation_repository": "a/b"}, Signer(repository="a/b")),
        ({"attestation_repository": "https://g.example/a/b.git"}, Signer("https://g.example", "a/b")),
        ({"attestation_repository": "https://github.com/a/b/"}, Signer(repository="a/b")),
        ({"attestation_workflow": "w.yml@refs/tags/1.0"}, Signer(workflow="w.yml@refs/tags/1.0")),
        (
            {"attestation_issuer": "https://g.example/_services/token/"},
            Signer(issuer="https://g.example/_services/token"),
        ),
    ],
)
def test_the_signer(options: dict[str, str], expected: Signer) -> None:
    assert signer_of(OPTIONS | options) == expected


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("attestation_repository", "python-build-standalone"),
        ("attestation_repository", "a/b/c"),
        ("attestation_repository", "http://github.com/a/b"),
        ("attestation_repository", "a/b\n"),
        ("attestation_workflow", ".github/workflows/release.yml"),
        ("attestation_workflow", "release.yml@main"),
        ("attestation_issuer", "token.actions.githubusercontent.com"),
    ],
)
def test_a_signer_that_cannot_be_is_refused_by_its_option(option: str, value: str) -> None:
    with pytest.raises(AttestationError, match=f"^{option}: "):
        signer_of(OPTIONS | {option: value})


@pytest.mark.parametrize(
    ("signer", "release", "expected"),
    [
        (Signer(), "20250205", False),
        (Signer(), "20250212", True),
        (Signer(), "20270101", True),
        (Signer(repository="a/b"), "20200101", True),
    ],
)
def test_which_releases_should_be_attested(signer: Signer, release: str, expected: bool) -> None:
    assert signer.attests(release) is expected


ONE = json.dumps({"a": 1}, indent=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [(ONE, [ONE]), ('{"a": 1}\n{"b": 2}\n', ['{"a": 1}', '{"b": 2}']), ('{"a": 1}\n\n', ['{"a": 1}\n\n'])],
)
def test_a_file_has_one_bundle_or_one_on_each_line(text: str, expected: list[str]) -> None:
    assert parse_bundles(text, origin="f") == expected


@pytest.mark.parametrize("text", ["", " ", "[]", "{", '{"a": 1}\nx', "<html>", '{"a": 1}\n' * 31])
def test_another_file_is_refused(text: str) -> None:
    with pytest.raises(AttestationError, match=r"^f "):
        parse_bundles(text, origin="f")


def test_a_file_lies_beside_its_archive(tmp_path: Path, entry: Entry) -> None:
    file = tmp_path / f"{entry.path}.sigstore.json"
    file.parent.mkdir()
    file.write_text(ONE)
    with MirrorServer(tmp_path) as server:
        for source in (*sources_of([str(tmp_path)]), *sources_of([server.url])):
            assert Beside(source).bundles(entry) == [ONE]
        # A + in a path means a blank to some servers.
        assert "%2B" in server.requests[0].path
    file.unlink()
    assert Beside(sources_of([str(tmp_path)])[0]).bundles(entry) is None
