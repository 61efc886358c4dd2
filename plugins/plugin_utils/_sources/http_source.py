# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A base URL as a source, with PBS's layout: ``<base>/<release>/<asset>``."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from ansible_collections.fleet.python.plugins.module_utils._fetch.pace import Pace
from ansible_collections.fleet.python.plugins.module_utils._fetch.proxy import QUOTED
from ansible_collections.fleet.python.plugins.module_utils._fetch.web import shown
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import Access
from ansible_collections.fleet.python.plugins.plugin_utils._sources.digest import check_digest, digest_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.download import Watch, download, unwatched
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError
from ansible_collections.fleet.python.plugins.plugin_utils._sources.file import SourceFile
from ansible_collections.fleet.python.plugins.plugin_utils._sources.http import ask, pieces, refuse_bad_status

UPSTREAM: Final = (
    "https://releases.astral.sh/github/python-build-standalone/releases/download",
    "https://github.com/astral-sh/python-build-standalone/releases/download",
)
# Upstream keeps latest-release.json on a branch of its own, not beside the releases (PBS docs, "distributions").
_LATEST: Final = (
    "https://raw.githubusercontent.com/astral-sh/python-build-standalone/latest-release/latest-release.json"
)
_ELSEWHERE: Final = {f"{base}/latest-release.json": _LATEST for base in UPSTREAM}

# Characters that a URL may hold unquoted (RFC 3986, reserved, and % for what is quoted already).
_URL_MARKS: Final = "%:/?#[]@!$&'()*+,;=~"
# A SHA256SUMS of a release has about 45 kB, the one of all releases about 1 MB.
LARGEST_TEXT: Final = 16 << 20


@dataclass(frozen=True)
class HttpSource:
    """A base URL."""

    base: str
    access: Access = field(default_factory=Access)
    pullable: bool = True

    @property
    def name(self) -> str:
        return shown(self.base)

    @property
    def authentic(self) -> bool:
        return self.base.startswith("https:") or _is_loopback(urlsplit(self.base).hostname or "")

    def read_text(self, relative: str) -> str | None:
        url = f"{self.base}/{relative}"
        # Another server, which must not see this one's token.
        elsewhere = _ELSEWHERE.get(url)
        access = replace(self.access, headers=()) if elsewhere else self.access
        with ask(elsewhere or url, access) as answer:
            if answer.status_code == 404:
                return None
            refuse_bad_status(answer, url)
            pace = Pace(access.timeout, access.min_rate, access.download_timeout)
            text = b"".join(pieces(answer, url, LARGEST_TEXT, pace, decode=True))
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise SourceError(f"{shown(url)} is no text: {error}") from error

    def url(self, file: SourceFile) -> str:
        return f"{self.base}/{file.url_path}"

    def size(self, file: SourceFile) -> int | None:
        with ask(self.url(file), self.access, "HEAD") as answer:
            length = answer.headers.get("Content-Length", "")
            return int(length) if answer.status_code == 200 and length.isdigit() else None

    def fetch(self, file: SourceFile, target: Path, watch: Watch = unwatched) -> None:
        url = self.url(file)
        begun = target.is_file() and target.stat().st_size > 0
        if begun and digest_of(target) == file.sha256:
            return
        download(url, self.access, target, watch)
        if begun and digest_of(target) != file.sha256:
            # Another source, or an earlier state of this one, began it with other bytes.
            target.unlink()
            download(url, self.access, target, watch)
        check_digest(target, file.sha256, shown(url))


def http_source(text: str, number: int, access: Access) -> HttpSource:
    """The source of a URL, which is the option's of that ``number``.

    Raises SourceError for a URL that cannot be taken apart, which then cannot be shown either.
    """
    try:
        parts = urlsplit(text)
        sound = bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise SourceError(f"source number {number} is no URL with a host: {QUOTED}")
    return HttpSource(quote(text.rstrip("/"), safe=_URL_MARKS), access)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
