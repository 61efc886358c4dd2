# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP request of the host, with urllib."""

from __future__ import annotations

import base64
import netrc
import os
import ssl
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit
from urllib.request import (
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
    getproxies,
    proxy_bypass,
)

from ansible_collections.fleet.python.plugins.module_utils._fetch.proxy import origin_of, proxy_fault
from ansible_collections.fleet.python.plugins.module_utils._fetch.pull import Pull


class RedirectError(Exception):
    """A source redirects to a URL that we do not follow."""


def shown(url: str) -> str:
    """A URL without user, password and query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(what is no URL)"
    host = parts.netloc.rsplit("@", 1)[-1]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def allowed_next(url: str, following: str) -> bool:
    """Whether a redirect may be followed: to http(s) only, and never from https to http."""
    kinds = ("https",) if urlsplit(url).scheme == "https" else ("http", "https")
    return urlsplit(following).scheme in kinds


class _Redirects(HTTPRedirectHandler):
    def http_error_302(self, req: Request, fp: Any, code: int, msg: str, headers: Any) -> Any:
        following = urljoin(req.full_url, headers.get("Location") or headers.get("URI", ""))
        if not allowed_next(req.full_url, following):
            raise RedirectError(f"{shown(req.full_url)} redirects to {shown(following)}: that is not followed")
        # Before 3.11 urllib does not know 308, the permanent form of 307 (RFC 9110, 15.4.9).
        return super().http_error_302(req, fp, 307 if code == 308 else code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        """The request that urllib makes, with user and token only if the server stays the same."""
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following and urlsplit(newurl)[:2] == urlsplit(req.full_url)[:2]:
            for name, value in req.unredirected_hdrs.items():
                if name.lower() not in ("host", "content-length", "content-type"):
                    following.add_unredirected_header(name, value)
        return following


class _Http(HTTPHandler):
    """A connection with its own time-out for connecting."""

    def __init__(self, connect_timeout: int) -> None:
        super().__init__()
        self.connection = _quick(HTTPConnection, connect_timeout)

    def http_open(self, req: Request) -> Any:
        return self.do_open(self.connection, req)


class _Https(HTTPSHandler):
    def __init__(self, connect_timeout: int, context: ssl.SSLContext | None) -> None:
        super().__init__()
        self.context = context
        self.connection = _quick(HTTPSConnection, connect_timeout)

    def https_open(self, req: Request) -> Any:
        # Loading the trust store takes time, and plain HTTP does not need it.
        self.context = self.context or ssl.create_default_context()
        return self.do_open(self.connection, req, context=self.context)


def _quick(kind: Any, connect_timeout: int) -> Any:
    class Connection(kind):  # type: ignore[misc]
        timeout: Any

        def connect(self) -> None:
            patience, self.timeout = self.timeout, min(self.timeout, connect_timeout)
            super().connect()
            self.timeout = patience
            self.sock.settimeout(patience)

    return Connection


class _Proxy(ProxyHandler):
    """Use the option's proxy for every source, as curl and the controller do.

    urllib's own handler respects the host's no_proxy.
    """

    def proxy_open(self, req: Request, proxy: str, type: str) -> Any:  # noqa: A002 (urllib's name)
        parts = urlsplit(proxy)
        user, _mark, server = parts.netloc.rpartition("@")
        if user:
            secret = base64.b64encode(unquote(user).encode()).decode("ascii")
            req.add_header("Proxy-authorization", f"Basic {secret}")
        req.set_proxy(server, parts.scheme)
        # Do as urllib does: open again if the proxy has another scheme than the source.
        return None if type in (parts.scheme, "https") else self.parent.open(req, timeout=req.timeout)


def opener_of(pull: Pull) -> OpenerDirector:
    """An opener with the proxy, certificates and time-outs of ``pull``. Raises ssl.SSLError for bad certificates."""
    context = ssl.create_default_context(cadata=pull.authorities) if pull.authorities else None
    handlers: list[Any] = [_Redirects, _Http(pull.connect_timeout), _Https(pull.connect_timeout, context)]
    if pull.proxy:
        handlers.append(_Proxy({"http": pull.proxy, "https": pull.proxy}))
    return build_opener(*handlers)


def by_way_of(url: str, pull: Pull) -> Iterator[tuple[str, str]]:
    """The proxies for a URL and for where it may redirect to: where each was named, and its fault, if it has one."""
    if pull.proxy:
        yield "the option proxy", proxy_fault(pull.proxy)
        return
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    for scheme in (parts.scheme, "http", "https"):
        proxy = getproxies().get(scheme)
        if proxy and not proxy_bypass(parts.netloc.rpartition("@")[2]):
            yield origin_of(proxy, os.environ, "the host's environment"), proxy_fault(proxy)


def request_of(url: str, pull: Pull, start: int = 0) -> Request:
    """A request for the bytes from ``start`` on. Its secrets are in headers that redirects do not pass on.

    Raises ValueError if ``url`` is no http(s) URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError("no http(s) URL")
    user, _mark, host = parts.netloc.rpartition("@")
    # urllib expects the user in a header, and proxies should not log it.
    request = Request(urlunsplit(parts._replace(netloc=host)), headers={"User-Agent": "fleet.python"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    user = unquote(user) or ("" if _names_token(pull) else _netrc_user(parts.hostname or "") or "")
    if user:
        token = base64.b64encode(user.encode()).decode()
        request.add_unredirected_header("Authorization", "Basic " + token)
    for header in pull.headers:
        name, _colon, value = header.partition(": ")
        request.add_unredirected_header(name, value)
    return request


def _names_token(pull: Pull) -> bool:
    return any(header.lower().startswith("authorization:") for header in pull.headers)


def _netrc_user(host: str) -> str | None:
    """``user:password`` for a host from ``~/.netrc``, as curl and wget find it."""
    try:
        found = netrc.netrc().authenticators(host)
    except (OSError, netrc.NetrcParseError):
        return None
    return f"{found[0] or ''}:{found[2] or ''}" if found else None
