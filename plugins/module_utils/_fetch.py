# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring an asset's bytes to a file, checked against their sha256 on the way."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import ssl
from collections.abc import Sequence
from http.client import HTTPException, InvalidURL
from typing import Any, BinaryIO, Callable
from urllib.error import URLError
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

_CHUNK = 1 << 18
# No archive that a host downloads comes near this; a body without an end must not fill its disk. In bytes.
MOST_BYTES = 512 << 20
# Seconds without a byte, as uv's default.
_TIMEOUT = 30


class FetchError(Exception):
    """No source gave the bytes whose digest was asked for."""


def shown(url: str) -> str:
    """A URL as it may be seen: without user, password and query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(what is no URL)"
    host = parts.netloc.rsplit("@", 1)[-1]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def allowed_next(url: str, following: str) -> bool:
    """Whether a redirect may be followed: to http(s) only, and never from https to http."""
    kinds = ("https",) if url.startswith("https:") else ("http", "https")
    return urlsplit(following).scheme in kinds


class _Redirects(HTTPRedirectHandler):
    def http_error_302(self, req: Request, fp: Any, code: int, msg: str, headers: Any) -> Any:
        following = urljoin(req.full_url, headers.get("Location") or headers.get("URI", ""))
        if not allowed_next(req.full_url, following):
            raise FetchError(f"{shown(req.full_url)} redirects to {shown(following)}: that is not followed")
        # Before 3.11 urllib does not know 308, which is 307 for good (RFC 9110, 15.4.9).
        return super().http_error_302(req, fp, 307 if code == 308 else code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _request(url: str) -> Request:
    """A request with the URL's user and password in a header, where urllib wants them and proxies' logs do not."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise FetchError(f"{shown(url)} is no http(s) URL")
    user, _mark, host = parts.netloc.rpartition("@")
    request = Request(urlunsplit(parts._replace(netloc=host)), headers={"User-Agent": "fleet.python"})
    if user:
        token = base64.b64encode(unquote(user).encode()).decode()
        # Not for another host, should the source send us to one.
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return request


def _copy(read: Callable[[int], bytes], target: str, most: int = 0) -> str:
    """Write all that ``read`` gives to the new file ``target``; its sha256. ``most``: bytes, 0 for no limit."""
    digest = hashlib.sha256()
    left = most
    with open(target, "xb") as out:
        while True:
            data = read(_CHUNK)
            if not data:
                return digest.hexdigest()
            left -= len(data)
            if most and left < 0:
                raise FetchError(f"it sends more than {most} bytes: no build is that large")
            digest.update(data)
            out.write(data)


def _checked(found: str, sha256: str, target: str, origin: str) -> None:
    if found != sha256:
        size = os.path.getsize(target)
        os.unlink(target)
        raise FetchError(f"{origin} has sha256 {found} ({size} bytes), not {sha256}")


def copy_checked(source: str, target: str, sha256: str) -> None:
    """Copy a file that lies on this host. Raises FetchError where its digest is another, OSError as the host does.

    The copy is what is hashed and used: whoever owns the original may change it meanwhile.
    """
    with open(source, "rb") as original:
        found = _copy(original.read, target)
    _checked(found, sha256, target, "the file that the controller sent")


def _download(url: str, target: str, sha256: str) -> None:
    with build_opener(_Redirects).open(_request(url), timeout=_TIMEOUT) as answer:
        body: BinaryIO = answer
        try:
            found = _copy(body.read, target, MOST_BYTES)
        except FetchError as error:
            raise FetchError(f"{shown(url)}: {error}") from None
    _checked(found, sha256, target, shown(url))


def download(urls: Sequence[str], target: str, sha256: str) -> str:
    """Download from the first of ``urls`` that gives the right bytes; returns it, as it may be shown.

    Raises FetchError with one line for each source that failed, OSError where this host refuses the file.
    """
    failures: list[str] = []
    for url in urls:
        try:
            _download(url, target, sha256)
        except FetchError as error:
            failures.append(str(error))
        except (InvalidURL, ValueError):
            # Their messages have the URL in them.
            failures.append(f"{shown(url)}: it is, or redirects to, no URL that can be asked for")
        # socket.timeout is a TimeoutError since 3.10 only.
        except (URLError, HTTPException, TimeoutError, ConnectionError, socket.timeout, ssl.SSLError) as error:
            code = getattr(error, "code", None)
            reason = " ".join(str(getattr(error, "reason", None) or error or type(error).__name__).split())
            failures.append("{}: {}".format(shown(url), f"HTTP {code} {reason}" if code else reason))
        else:
            return shown(url)
        if os.path.exists(target):
            os.unlink(target)
    raise FetchError("no source gave the archive:\n  " + "\n  ".join(failures))
