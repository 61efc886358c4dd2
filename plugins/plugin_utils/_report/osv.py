# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which versions of CPython an advisory in OSV form affects. Pure: the commits of a repository are given.

The form is that of https://ossf.github.io/osv-schema/, and `affects` is its evaluation of ranges and versions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import AssetError, VersionKey, version_key

# Which packages are CPython. The Python Software Foundation's own advisories name no package, but the repository.
_NAMES: Final = frozenset({"cpython", "python", "python/cpython", "github.com/python/cpython"})
_REPOSITORY: Final = "github.com/python/cpython"
# What a commit's history holds: every commit that it descends from, and itself. None: the commit is not known.
History = Callable[[str], "frozenset[str] | None"]


class AdvisoryError(ValueError):
    """An advisory cannot be read, or is none."""


@dataclass(frozen=True, slots=True)
class Advisory:
    """One advisory that is about CPython. ``affected`` are its entries of that name, as they are."""

    name: str
    """Its CVE if it has one, else its own id."""
    summary: str
    url: str
    affected: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Advisories:
    """What a directory holds about CPython."""

    directory: str
    advisories: tuple[Advisory, ...]
    history: History

    def of(self, version: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of the advisories that affect a version, and of those of which that cannot be known."""
        answers = [(each.name, affects(each, version, self.history)) for each in self.advisories]
        affected = sorted({name for name, answer in answers if answer})
        unknown = {name for name, answer in answers if answer is None}
        return tuple(affected), tuple(sorted(unknown - set(affected)))


def parse_advisory(value: Any, *, origin: str) -> Advisory | None:
    """An advisory from its JSON value; None if it is withdrawn, or not about CPython.

    Raises AdvisoryError naming ``origin`` where the value is not in OSV form.
    """
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("id"), str)
        or not isinstance(value.get("modified"), str)
    ):
        raise AdvisoryError(f"{origin} is no advisory in OSV form: it has no id, or no date of its last change")
    entries = value.get("affected", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise AdvisoryError(f"{origin} is no advisory in OSV form: affected is no list of objects")
    affected = tuple(entry for entry in entries if _is_cpython(entry, origin))
    if value.get("withdrawn") or not affected:
        return None
    aliases = [text for text in _list(value, "aliases", origin) if isinstance(text, str)]
    links = [link.get("url") for link in _list(value, "references", origin) if isinstance(link, dict)]
    name = next((text for text in (value["id"], *aliases) if text.startswith("CVE-")), value["id"])
    url = next((text for text in links if isinstance(text, str) and text.startswith("https://")), "")
    details = value.get("summary") or value.get("details") or ""
    return Advisory(name, " ".join(str(details).split())[:300], url, affected)


def affects(advisory: Advisory, version: str, history: History) -> bool | None:
    """Whether a version such as ``3.12.2`` is affected. None if that cannot be known: only commits are named.

    ``history`` takes a tag such as ``v3.12.2``, or a commit.
    """
    answers = [_in_entry(entry, version, history) for entry in advisory.affected]
    return True if True in answers else None if None in answers else False


def _in_entry(entry: Mapping[str, Any], version: str, history: History) -> bool | None:
    listed = {_number(text) for text in entry.get("versions") or () if isinstance(text, str)}
    if version in listed:
        return True
    answers = [
        _in_commits(events, version, history) if kind == "GIT" else _in_versions(events, version)
        for kind, events in _ranges(entry)
    ]
    # A list of versions is complete (OSV schema, affected[].versions), so that it decides where commits cannot.
    unknown = None if not listed else False
    return True if True in answers else unknown if None in answers else False


def _in_versions(events: Iterable[tuple[str, str]], version: str) -> bool:
    """Sorted by version, the last event at or before this version decides."""
    mine = version_key(version)
    if not _before_limits(events, mine):
        return False
    inside = False
    for key, kind in sorted(_keyed(events)):
        if kind == "introduced" and mine >= key:
            inside = True
        elif (kind == "fixed" and mine >= key) or (kind == "last_affected" and mine > key):
            inside = False
    return inside


def _keyed(events: Iterable[tuple[str, str]]) -> list[tuple[VersionKey, str]]:
    return [(key, kind) for kind, text in events if kind != "limit" and (key := _key(text)) is not None]


def _before_limits(events: Iterable[tuple[str, str]], mine: VersionKey) -> bool:
    limits = [text for kind, text in events if kind == "limit"]
    return not limits or any(text == "*" or (key := _key(text)) is None or mine < key for text in limits)


def _in_commits(events: Iterable[tuple[str, str]], version: str, history: History) -> bool | None:
    mine = history(f"v{version}")
    if mine is None:
        return None
    introduced = any(text == "0" or text in mine for kind, text in events if kind == "introduced")
    fixed = any(text in mine for kind, text in events if kind == "fixed")
    past = any(_is_past(text, version, history) for kind, text in events if kind == "last_affected")
    limits = [text for kind, text in events if kind == "limit" and text != "*"]
    within = not limits or any(_is_within(version, text, history) for text in limits)
    return introduced and within and not fixed and not past


def _is_past(commit: str, version: str, history: History) -> bool:
    """Whether a version descends from a commit, and is not that commit itself."""
    mine, its = history(f"v{version}") or frozenset(), history(commit) or frozenset()
    return commit in mine and its != mine


def _is_within(version: str, commit: str, history: History) -> bool:
    """Whether a commit descends from a version, and is not that version itself."""
    mine, its = history(f"v{version}") or frozenset(), history(commit) or frozenset()
    return mine < its


def _ranges(entry: Mapping[str, Any]) -> Iterable[tuple[str, list[tuple[str, str]]]]:
    for each in entry.get("ranges") or ():
        events = each.get("events") if isinstance(each, dict) else None
        pairs = [pair for event in events or () if isinstance(event, dict) for pair in event.items()]
        if pairs and each.get("type") in ("GIT", "SEMVER", "ECOSYSTEM"):
            yield each["type"], [(kind, text) for kind, text in pairs if isinstance(text, str)]


def _number(text: str) -> str:
    """A version as CPython writes it: tags begin with ``v``, and SEMVER has 3.13.0-rc.1."""
    plain = text.removeprefix("v")
    for stage, short in (("-alpha.", "a"), ("-beta.", "b"), ("-rc.", "rc")):
        plain = plain.replace(stage, short)
    return plain + ".0" if plain.count(".") == 1 and plain.replace(".", "").isdigit() else plain


def _key(text: str) -> VersionKey | None:
    """The sort key of a version in an event, where ``0`` is before all others. None if it is no version of CPython."""
    try:
        return version_key("0.0.0" if text == "0" else _number(text))
    except AssetError:
        return None


def _is_cpython(entry: Mapping[str, Any], origin: str) -> bool:
    package = entry.get("package")
    if isinstance(package, dict):
        return str(package.get("name", "")).lower().removesuffix(".git") in _NAMES
    repositories = [each.get("repo") for each in _list(entry, "ranges", origin) if isinstance(each, dict)]
    return any(str(text).rstrip("/").removesuffix(".git").endswith(_REPOSITORY) for text in repositories)


def _list(value: Mapping[str, Any], key: str, origin: str) -> list[Any]:
    found = value.get(key) or []
    if not isinstance(found, list):
        raise AdvisoryError(f"{origin} is no advisory in OSV form: {key} is no list")
    return found
