# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GitHub's API for attestations: what it answers, and how it is asked."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ansible_collections.fleet.python.plugins.module_utils._fetch.pace import Pace
from ansible_collections.fleet.python.plugins.module_utils._fetch.web import shown
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.errors import AttestationError
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import Access
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError, UnreachedError
from ansible_collections.fleet.python.plugins.plugin_utils._sources.http import ask, pieces, refuse_bad_status

if TYPE_CHECKING:
    import requests

API: Final = "https://api.github.com"
# This version of the API has the bundles in its answer. Later ones may have their URLs only.
_VERSION: Final = "2022-11-28"
# Of one archive. Upstream makes one for each release.
MOST_BUNDLES: Final = 30
# A statement of upstream's names a thousand files, in 200 kB.
_LARGEST: Final = 16 << 20
# An answer is no archive: it need not take an hour.
_LONGEST: Final = 120


@dataclass(frozen=True)
class GithubApi:
    """GitHub's API, or that of a GitHub Enterprise. ``token`` is sent to it alone."""

    base: str
    repository: str
    access: Access = field(default_factory=Access, repr=False)
    token: str = field(default="", repr=False)
    local: bool = False

    @property
    def name(self) -> str:
        return shown(self.base)

    def bundles(self, entry: Entry) -> list[str] | None:
        """The bundles of an asset's sha256, each as JSON; None where there are none.

        Raises AttestationError for an answer that makes no sense, SourceError where none comes.
        """
        url = f"{self.base}/repos/{self.repository}/attestations/sha256:{entry.sha256}"
        text = self._text(f"{url}?per_page={MOST_BUNDLES}&predicate_type=provenance", self.token)
        found = parse_answer(text, origin=self.name) if text is not None else []
        return [each.bundle or self._fetched(each.url) for each in found] or None

    def _text(self, url: str, token: str) -> str | None:
        body = self._body(url, {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": _VERSION}, token)
        try:
            return None if body is None else body.decode("utf-8")
        except UnicodeDecodeError:
            raise AttestationError(f"{self.name}: its answer is no text") from None

    def _fetched(self, url: str) -> str:
        """A bundle from the storage that the API names, which must not see the token."""
        if urlsplit(url).scheme != urlsplit(self.base).scheme:
            raise AttestationError(f"{self.name}: it names a bundle at {shown(url)[:200]}, which is not asked for")
        body = self._body(url, {}, "")
        if body is None:
            raise AttestationError(f"{self.name}: the bundle that it names is gone: {shown(url)[:200]}")
        return unpacked(body, origin=self.name)

    def _body(self, url: str, headers: Mapping[str, str], token: str) -> bytes | None:
        longest = min(self.access.download_timeout, _LONGEST)
        own = (("Authorization", f"Bearer {token}"),) if token else ()
        access = replace(self.access, headers=own, download_timeout=longest)
        with ask(url, access, headers=headers) as answer:
            if answer.status_code == 404:
                return None
            _refuse_limit(answer, self.name)
            refuse_bad_status(answer, url)
            return b"".join(pieces(answer, url, _LARGEST, Pace(access.timeout, access.min_rate, longest), decode=True))


@dataclass(frozen=True, slots=True)
class Listed:
    """One attestation of an answer: the bundle as JSON, or empty with the URL where it is."""

    bundle: str
    url: str


def parse_answer(text: str, *, origin: str) -> list[Listed]:
    """The attestations of an answer of the API. Raises AttestationError naming ``origin``."""
    try:
        listed = json.loads(text)["attestations"]
        found = [Listed(_dumped(each.get("bundle")), str(each.get("bundle_url") or "")) for each in listed]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise AttestationError(f"{origin}: its answer is no list of attestations: {text.strip()[:60]!r}") from None
    if len(found) > MOST_BUNDLES:
        raise AttestationError(f"{origin}: it has {len(found)} attestations of one archive; {MOST_BUNDLES} are read")
    if not all(each.bundle or each.url for each in found):
        raise AttestationError(f"{origin}: an attestation of its answer has neither a bundle nor a URL")
    return found


def unpacked(body: bytes, *, origin: str) -> str:
    """The text of a bundle in GitHub's storage, which has it packed by Snappy. Raises AttestationError."""
    if body.lstrip()[:1] != b"{":
        try:
            import cramjam
        except ImportError as error:
            raise AttestationError(
                f"{origin}: its bundles are packed by Snappy, which takes the Python package cramjam on the "
                f"controller ({error}): python3 -m pip install cramjam"
            ) from None
        try:
            size = cramjam.snappy.decompress_raw_len(body)
            body = bytes(cramjam.snappy.decompress_raw(body)) if size <= _LARGEST else b"\xff"
        except cramjam.DecompressionError:
            body = b"\xff"
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise AttestationError(f"{origin}: a bundle that it names is neither JSON nor JSON packed by Snappy") from None


def token_of(option: str | None, environment: Mapping[str, str], base: str) -> str:
    """The token for an API: the option's, else what the environment has for GitHub itself."""
    if option:
        return option
    found = environment.get("GH_TOKEN") or environment.get("GITHUB_TOKEN") or ""
    return found if base == API else ""


def wait_until(headers: Mapping[str, str], now: float) -> float | None:
    """The time (Unix, in seconds) at which GitHub answers again, as its headers say; None where they say nothing."""
    after, reset = headers.get("Retry-After", ""), headers.get("X-RateLimit-Reset", "")
    if after.isdecimal() and len(after) < 8:
        return now + int(after)
    if headers.get("X-RateLimit-Remaining") == "0" and reset.isdecimal() and len(reset) < 12:
        return float(reset)
    return None


def _refuse_limit(answer: requests.Response, name: str) -> None:
    if answer.status_code not in (403, 429):
        return
    now = time.time()
    until = wait_until(answer.headers, now)
    if until is not None:
        minutes = max(1, round((until - now) / 60))
        raise UnreachedError(
            f"{name}: it answers no more requests without a wait (HTTP {answer.status_code}, rate limit); again in "
            f"{minutes} minutes, at {datetime.fromtimestamp(until, UTC):%H:%M} UTC; a token raises the limit: "
            "attestation_token, or GH_TOKEN in the environment"
        )
    if answer.status_code == 403:
        raise SourceError(f"{name}: HTTP 403: it refuses whoever asks: see attestation_token, or GH_TOKEN")


def _dumped(bundle: object) -> str:
    return json.dumps(bundle) if isinstance(bundle, dict) else ""
