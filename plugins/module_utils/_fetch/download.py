# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Download an asset to a file, and check its sha256 on the way."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import ssl
import time
from contextlib import suppress
from http.client import HTTPException, InvalidURL
from typing import Any, BinaryIO, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import OpenerDirector, getproxies

from ansible_collections.fleet.python.plugins.module_utils._digest import digest_of
from ansible_collections.fleet.python.plugins.module_utils._fetch.pace import Pace, TooSlowError, bounded
from ansible_collections.fleet.python.plugins.module_utils._fetch.pull import Pull
from ansible_collections.fleet.python.plugins.module_utils._fetch.verify import FetchError, UnreachedError, check_digest
from ansible_collections.fleet.python.plugins.module_utils._fetch.web import (
    RedirectError,
    by_way_of,
    opener_of,
    request_of,
    shown,
)

_CHUNK = 1 << 18
# In bytes. No archive comes near this, and an endless body must not fill the disk.
MOST_BYTES = 512 << 20
# How many connections in a row may bring nothing new.
_TRIES = 4
# HTTP statuses of faults that may pass.
_PASSING = (429, 500, 502, 503, 504)
_BROKEN = (HTTPException, ConnectionError, TimeoutError, socket.timeout, ssl.SSLError)


class Fetched(NamedTuple):
    """The source of the bytes, without credentials, and a line for each source that failed before it."""

    source: str
    skipped_sources: list[str]


class _BrokenOffError(Exception):
    """A connection ended before the file did."""


class _Arriving:
    """A file that arrives in one or more pieces. It is hashed on the way if it arrives from its first byte on."""

    def __init__(self, path: str, pace: Pace) -> None:
        self.path = path
        self._pace = pace
        self._digest = hashlib.sha256()
        self._hashed = 0

    def size(self) -> int:
        return os.path.getsize(self.path) if os.path.exists(self.path) else 0

    def note_headers(self, headers: Any) -> None:
        """Write the expected length beside the file, so that download_progress.py can show the progress."""
        with open(self.path + ".headers", "w", encoding="utf-8") as note:
            note.writelines(f"{name}: {headers.get(name, '')}\n" for name in ("Content-Length", "Content-Range"))

    def begin_anew(self) -> None:
        self._digest = hashlib.sha256()
        self._hashed = 0

    def came(self, at: int, data: bytes) -> None:
        """Note that these bytes are in the file now, from position ``at`` on. Raises TooSlowError."""
        if at == self._hashed:
            self._digest.update(data)
            self._hashed += len(data)
        self._pace.came(len(data))

    def sha256(self) -> str:
        return self._digest.hexdigest() if self._hashed == self.size() else digest_of(self.path)


def download(pull: Pull, target: str, sha256: str, *, resumes: bool = False) -> Fetched:
    """Download to the new file ``target`` from the first of the URLs that gives the right bytes.

    ``resumes``: go on with what is there of the file, if the right bytes come of it, and leave what has come if no
    source is reached any more. Raises FetchError with one line for each source that failed, UnreachedError if none of
    them sent wrong bytes, and OSError if this host refuses the file.
    """
    try:
        opener = opener_of(pull)
    except ssl.SSLError as error:
        raise FetchError(f"ca_path: the certificates cannot be used: {error}") from None
    failures: list[str] = []
    wrong = False
    with open(target, "ab" if resumes else "xb"):
        pass
    for url in pull.urls:
        try:
            with bounded(pull.download_timeout):
                _from_source(opener, url, pull, target, sha256)
        except TooSlowError as error:
            failures.append(f"{shown(url)}: {error}")
        except UnreachedError as error:
            failures.append(str(error))
        except FetchError as error:
            failures.append(str(error))
            wrong = True
            with suppress(FileNotFoundError):
                os.unlink(target)
        else:
            return Fetched(shown(url), failures)
    if not resumes:
        with suppress(FileNotFoundError):
            os.unlink(target)
    raise (FetchError if wrong else UnreachedError)("no source gave the archive:\n  " + "\n  ".join(failures))


def _from_source(opener: OpenerDirector, url: str, pull: Pull, target: str, sha256: str) -> None:
    file = _Arriving(target, Pace(pull.timeout, pull.min_rate, pull.download_timeout))
    begun = file.size() > 0
    # All of it may be there: who asks for what comes after its end gets an error.
    if begun and file.sha256() == sha256:
        return
    _whole(opener, url, pull, file)
    if begun and file.sha256() != sha256:
        # Another source began it with other bytes.
        os.unlink(target)
        _whole(opener, url, pull, file)
    check_digest(target, file.sha256(), sha256, shown(url))


def _whole(opener: OpenerDirector, url: str, pull: Pull, file: _Arriving) -> None:
    """Download the rest of a file while connections bring something new. Raises FetchError, OSError."""
    idle = 0
    most = 0
    while True:
        most = max(most, file.size())
        try:
            return _go_on(opener, url, pull, file)
        except RedirectError as error:
            raise FetchError(str(error)) from None
        except HTTPError as error:
            reason = f"HTTP {error.code} {' '.join(str(error.reason).split())}"
            if error.code == 416 and most:
                # What is here is longer than the file, so it is the beginning of another one.
                os.unlink(file.path)
            elif error.code not in _PASSING:
                raise UnreachedError(f"{shown(url)}: {reason}") from None
        except _BrokenOffError as error:
            reason = str(error)
        except (InvalidURL, ValueError):
            # Their messages contain the URL, or the proxy.
            reason = _proxy_fault(url, pull) or "it is, or redirects to, no URL that can be asked for"
            raise UnreachedError(f"{shown(url)}: {reason}") from None
        except (URLError, *_BROKEN) as error:
            reason = _proxy_fault(url, pull) or _plain(error) + _proxy_named(url, pull)
            # Do not retry a source that was never reached. Retry one that was reached before.
            if not most and isinstance(error, (URLError, TimeoutError, socket.timeout)):
                raise UnreachedError(f"{shown(url)}: {reason}") from None
        idle = 0 if file.size() > most else idle + 1
        if idle == _TRIES:
            raise UnreachedError(f"{shown(url)}: {reason}")
        time.sleep(idle)


def _go_on(opener: OpenerDirector, url: str, pull: Pull, file: _Arriving) -> None:
    had = file.size()
    with opener.open(request_of(url, pull, had), timeout=pull.timeout) as answer:
        at = _start(answer) if had else 0
        if at not in (0, had):
            raise FetchError(f"{shown(url)}: it was asked for what comes after byte {had}, and sends from byte {at}")
        length = answer.headers.get("Content-Length", "")
        total = at + int(length) if length.isdigit() else None
        if not at:
            file.begin_anew()
        with suppress(OSError):
            file.note_headers(answer.headers)
        with open(file.path, "ab" if at else "wb") as out:
            at = _copy(answer, out, file, at, url)
    if total is not None and at < total:
        raise _BrokenOffError(f"the download broke off ({at} bytes)")


def _start(answer: Any) -> int:
    """The position of the first byte of an answer."""
    found = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", "")) if answer.status == 206 else None
    return int(found.group(1)) if found else 0


def _copy(body: Any, out: BinaryIO, file: _Arriving, at: int, url: str) -> int:
    while True:
        try:
            # Not read(), which waits for a whole chunk however slowly it comes.
            data = body.read1(_CHUNK)
        except _BROKEN as error:
            raise _BrokenOffError(f"the download broke off ({at} bytes): {_plain(error)}") from None
        if not data:
            return at
        if at + len(data) > MOST_BYTES:
            raise FetchError(f"{shown(url)}: it sends more than {MOST_BYTES} bytes: no build is that large")
        out.write(data)
        file.came(at, data)
        at += len(data)


def _proxy_fault(url: str, pull: Pull) -> str:
    faults = (f"the proxy is at fault: {origin} names {fault}" for origin, fault in by_way_of(url, pull) if fault)
    return next(faults, "")


def _proxy_named(url: str, pull: Pull) -> str:
    """For a failure that may be the proxy's own: where it was named."""
    for origin, _fault in by_way_of(url, pull):
        return f" (by way of the proxy, {origin})"
    # urllib has no such variable, other than curl.
    unused = "all" in getproxies() and not pull.proxy
    return " (all_proxy does not count here: set http_proxy and https_proxy, or the option proxy)" if unused else ""


def _plain(error: Exception) -> str:
    return " ".join(str(getattr(error, "reason", None) or error or type(error).__name__).split())
