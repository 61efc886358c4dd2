# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Advisories in OSV form: real shapes, the evaluation of ranges and versions, and files that are none."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._report.advisories import read_advisories
from ansible_collections.fleet.python.plugins.plugin_utils._report.osv import AdvisoryError, affects, parse_advisory

# The events and the aliases of PSF-0000-CVE-2024-8088, which names commits alone.
PSF: dict[str, Any] = {
    "schema_version": "1.5.0",
    "id": "PSF-0000-CVE-2024-8088",
    "aliases": ["CVE-2024-8088"],
    "published": "2024-08-22T18:45:31.807Z",
    "modified": "2024-08-23T00:09:14.061Z",
    "details": 'There is a HIGH severity vulnerability affecting the CPython "zipfile"\nmodule.',
    "affected": [
        {
            "ranges": [
                {
                    "type": "GIT",
                    "repo": "https://github.com/python/cpython",
                    "events": [
                        {"introduced": "0"},
                        {"fixed": "795f2597a4be988e2bb19b69ff9958e981cb894e"},
                        {"fixed": "8c7348939d8a3ecd79d630075f6be1b0c5b41f64"},
                    ],
                }
            ]
        }
    ],
    "references": [{"type": "ADVISORY", "url": "https://mail.python.org/archives/list/x"}],
}


def osv(*ranges: tuple[str, list[dict[str, str]]], versions: tuple[str, ...] = (), **others: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {"package": {"ecosystem": "Bitnami", "name": "python"}, "versions": list(versions)}
    entry["ranges"] = [{"type": kind, "events": events} for kind, events in ranges]
    return {"id": "X-1", "modified": "2026-01-01T00:00:00Z", "affected": [entry]} | others


def asked(value: dict[str, Any], version: str, **histories: frozenset[str]) -> bool | None:
    advisory = parse_advisory(value, origin="a test")
    assert advisory
    return affects(advisory, version, histories.get)


def test_the_form_of_the_python_software_foundation() -> None:
    advisory = parse_advisory(PSF, origin="a test")
    assert advisory
    assert (advisory.name, advisory.url) == ("CVE-2024-8088", "https://mail.python.org/archives/list/x")
    assert advisory.summary == 'There is a HIGH severity vulnerability affecting the CPython "zipfile" module.'


def test_commits_say_nothing_without_the_history() -> None:
    assert asked(PSF, "3.12.2") is None


def test_commits_by_the_history() -> None:
    old, fixed = frozenset({"aaa"}), frozenset({"aaa", "795f2597a4be988e2bb19b69ff9958e981cb894e"})
    assert asked(PSF, "3.12.2", **{"v3.12.2": old}) is True
    assert asked(PSF, "3.12.6", **{"v3.12.6": fixed}) is False


def test_osv_devs_list_of_tags_decides_without_the_history() -> None:
    listed = PSF | {"affected": [PSF["affected"][0] | {"versions": ["v3.12.1", "v3.12.2", "v3.13.0rc1"]}]}
    assert [asked(listed, version) for version in ("3.12.2", "3.13.0rc1", "3.12.6")] == [True, True, False]


TWO_BRANCHES = osv(
    ("SEMVER", [{"introduced": "0"}, {"fixed": "3.11.9"}, {"introduced": "3.12.0"}, {"fixed": "3.12.5"}]),
    ("SEMVER", [{"introduced": "3.13.0-alpha.1"}, {"fixed": "3.13.0-rc.2"}]),
)


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ("3.8.20", True), ("3.11.8", True), ("3.11.9", False), ("3.12.0", True), ("3.12.4", True), ("3.12.5", False),
        ("3.13.0a1", True), ("3.13.0rc1", True), ("3.13.0rc2", False), ("3.13.0", False), ("3.14.0", False),
    ],
)  # fmt: skip
def test_ranges(version: str, affected: bool) -> None:
    assert asked(TWO_BRANCHES, version) is affected


def test_events_in_any_order() -> None:
    events = [{"fixed": "3.12.5"}, {"introduced": "3.12.0"}, {"fixed": "3.11.9"}, {"introduced": "0"}]
    assert [asked(osv(("ECOSYSTEM", events)), version) for version in ("3.11.9", "3.12.1")] == [False, True]


def test_last_affected_is_affected_and_a_limit_is_not() -> None:
    last = osv(("ECOSYSTEM", [{"introduced": "3.9"}, {"last_affected": "3.9.5"}]))
    assert [asked(last, version) for version in ("3.8.1", "3.9.0", "3.9.5", "3.9.6")] == [False, True, True, False]
    limited = osv(("ECOSYSTEM", [{"introduced": "0"}, {"limit": "3.10.0"}]))
    assert [asked(limited, version) for version in ("3.9.9", "3.10.0")] == [True, False]


def test_versions_count_beside_ranges() -> None:
    both = osv(("ECOSYSTEM", [{"introduced": "3.13.0"}, {"fixed": "3.13.1"}]), versions=("3.8.1",))
    assert [asked(both, version) for version in ("3.8.1", "3.13.0", "3.12.0")] == [True, True, False]


@pytest.mark.parametrize(
    "value",
    [
        osv(withdrawn="2026-01-02T00:00:00Z"),
        osv() | {"affected": [{"package": {"name": "pip"}}]},
        osv() | {"affected": []},
    ],
)
def test_what_is_withdrawn_or_of_another_package_counts_for_nothing(value: dict[str, Any]) -> None:
    assert parse_advisory(value, origin="a test") is None


@pytest.mark.parametrize(
    "text", ["{", "[1", '{"id": 3}', '"CVE-1"', '{"id": "X", "modified": "x", "affected": 3}', "[" * 9999]
)
def test_a_file_that_is_no_advisory_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(AdvisoryError, match=r"bad\.json"):
        read_advisories(str(tmp_path), None)


def test_a_directory_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(AdvisoryError, match="no directory of the controller"):
        read_advisories(str(tmp_path / "gone"), None)
    with pytest.raises(AdvisoryError, match="no clone of python/cpython"):
        read_advisories(str(tmp_path), str(tmp_path))


def test_a_repository_says_which_versions_have_a_commit(tmp_path: Path) -> None:
    repository, advisories = tmp_path / "cpython", tmp_path / "advisories"
    repository.mkdir()
    advisories.mkdir()

    def git(*words: str) -> str:
        person = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", *person, *words], cwd=repository, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "--quiet")
    commits = []
    for tag in ("v3.9.0", "v3.9.1", "v3.9.2", "v3.9.3"):
        git("commit", "--quiet", "--allow-empty", "-m", tag)
        git("tag", tag)
        commits.append(git("rev-parse", "HEAD"))
    events = [{"introduced": commits[1]}, {"fixed": commits[3]}]
    repo = "https://github.com/python/cpython.git"
    value = PSF | {"affected": [{"ranges": [{"type": "GIT", "repo": repo, "events": events}]}]}
    (advisories / "one.json").write_text(json.dumps(value))
    found = read_advisories(str(advisories), str(repository))
    assert [found.of(f"3.9.{patch}")[0] for patch in range(4)] == [(), ("CVE-2024-8088",), ("CVE-2024-8088",), ()]
    # A version without a tag cannot be known.
    assert found.of("3.9.9") == ((), ("CVE-2024-8088",))
    assert read_advisories(str(advisories), None).of("3.9.1") == ((), ("CVE-2024-8088",))
