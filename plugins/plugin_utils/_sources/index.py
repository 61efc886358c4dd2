# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A source's own index: its SHA256SUMS and its latest-release.json. No HTTP here, and no API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import release_date
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import (
    CatalogueError,
    ListCatalogue,
    Sums,
    is_release,
    newest_first,
    parse_sums,
)

SUMS: Final = "SHA256SUMS"
LATEST: Final = "latest-release.json"
# The option `release` takes this word in place of a tag.
LATEST_WORD: Final = "latest"

# Reads a small file of a source by its relative path. None if the source has no such file.
Read = Callable[[str], str | None]


def source_catalogue(
    read: Read,
    *,
    origin: str,
    release: str | None = None,
    known: Sequence[str] = (),
    newest_day: str | None = None,
) -> ListCatalogue:
    """The catalogue of one source.

    ``release`` is a tag, ``latest`` or None. A ``SHA256SUMS`` at the base, with ``<release>/<asset>`` names, says
    everything; where there is none (or it leaves out the release asked for) that of the release does; and without a
    release, that of the newest finished one (see `latest_catalogue`). ``origin`` names the source in messages.
    ``newest_day``, as ``YYYYMMDD``, is the last day on which the latest release may have been made.
    Raises `CatalogueError`, and whatever ``read`` raises.
    """
    if release is not None and not is_release(release):
        raise CatalogueError(f"release {release!r} is not the name of a release such as 20250317")
    base = _read_sums(read, origin, None)
    if release == LATEST_WORD or (release is None and base is None):
        return latest_catalogue(read, origin=origin, known=known, base=base, newest_day=newest_day)
    if base and (release is None or any(entry.release == release for entry in base.entries)):
        return ListCatalogue(base.entries, origin=origin)
    if release is None:
        raise CatalogueError(f"{origin} does not say what it has: its {SUMS} is gone")
    sums = _read_sums(read, origin, release)
    if sums is None:
        raise CatalogueError(
            f"{origin} has no release {release}: there is no {release}/{SUMS}"
            + (f", and its {SUMS} lists none of it" if base else "")
        )
    return ListCatalogue(sums.entries, origin=origin)


def latest_catalogue(
    read: Read,
    *,
    origin: str,
    known: Sequence[str] = (),
    base: Sums | None = None,
    newest_day: str | None = None,
) -> ListCatalogue:
    """The newest finished release of one source.

    That is the one that ``latest-release.json`` names, if it has a ``SHA256SUMS``: upstream uploads that last, and
    latest-release.json has named an unfinished release (python-build-standalone #294). Otherwise the newest that the
    base's ``SHA256SUMS`` lists, or the newest of the ``known`` releases that the source has.
    """
    tag = _latest_tag(read, origin)
    for candidate in _candidates(tag, base, known):
        if newest_day and release_date(candidate) > newest_day:
            continue
        listed = [entry for entry in base.entries if entry.release == candidate] if base else []
        if listed:
            return ListCatalogue(listed, origin=origin)
        sums = _read_sums(read, origin, candidate)
        if sums:
            return ListCatalogue(sums.entries, origin=origin)
    if tag is None:
        raise CatalogueError(
            f"{origin} does not say which release is its latest: it has neither {SUMS} nor {LATEST} at its base; "
            "set release to one that it has"
        )
    if newest_day and release_date(tag) > newest_day:
        raise CatalogueError(
            f"{origin} has no finished release of {newest_day} or before that is known here; its latest is {tag}, and "
            "minimum_age rules it out"
        )
    raise CatalogueError(f"{origin} names {tag} in {LATEST}, but that release is not finished: it has no {SUMS}")


def parse_latest(text: str, *, origin: str) -> str:
    """The tag in a ``latest-release.json``; raise `CatalogueError` where it has none."""
    try:
        tag = json.loads(text)["tag"]
    except (ValueError, KeyError, TypeError):
        raise CatalogueError(f'{origin} is no latest-release.json with a "tag" in it: {text.strip()[:60]!r}') from None
    if not isinstance(tag, str) or not is_release(tag):
        raise CatalogueError(f"{origin}: the tag {tag!r} is not the name of a release such as 20250317")
    return tag


def _candidates(tag: str | None, base: Sums | None, known: Sequence[str]) -> Iterator[str]:
    if tag:
        yield tag
    listed = newest_first({entry.release for entry in base.entries}) if base else ()
    yield from (release for release in (*listed, *known) if release != tag)


def _latest_tag(read: Read, origin: str) -> str | None:
    text = read(LATEST)
    return None if text is None else parse_latest(text, origin=f"{origin}: {LATEST}")


def _read_sums(read: Read, origin: str, release: str | None) -> Sums | None:
    path = f"{release}/{SUMS}" if release else SUMS
    text = read(path)
    return None if text is None else parse_sums(text, origin=f"{origin}: {path}", release=release)
