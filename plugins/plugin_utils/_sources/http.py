# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP request of the controller, with requests."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from ansible_collections.fleet.python.plugins.module_utils._background import Background
from ansible_collections.fleet.python.plugins.module_utils._fetch.pace import Pace, TooSlowError
from ansible_collections.fleet.python.plugins.module_utils._fetch.proxy import HTTP, origin_of, proxy_fault
from ansible_collections.fleet.python.plugins.module_utils._fetch.web import allowed_next, shown
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import Access, named_authorities
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import (
    BrokenOffError,
    SourceError,
    UnreachedError,
)

if TYPE_CHECKING:
    import requests

_CHUNK: Final = 1 << 18
_PASSING: Final = (429, 500, 502, 503, 504)
_WANTED: Final = {
    401: ": it wants a user and password, or a token: see its URL, the option headers, and ~/.netrc",
    403: ": it refuses whoever asks, or how: see its URL, the option headers, and ~/.netrc",
    407: ": the proxy wants a user and password: see the option proxy",
}


def ask(url: str, access: Access, method: str = "GET", headers: Mapping[str, str] | None = None) -> requests.Response:
    """The answer, with its body unread. Raises SourceError, without the URL's secrets, if none comes."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util.retry import Retry

    session = requests.Session()
    own = dict(access.headers)

    def redirect_target(answer: requests.Response) -> str | None:
        following = requests.Session.get_redirect_target(session, answer)
        if following and not allowed_next(answer.url, urljoin(answer.url, following)):
            raise SourceError(f"{shown(answer.url)} redirects to {shown(following)}: that is not followed")
        return following

    def rebuild_auth(prepared: requests.PreparedRequest, answer: requests.Response) -> None:
        # requests removes only Authorization for another host.
        if urlsplit(str(prepared.url))[:2] != urlsplit(str(answer.request.url))[:2]:
            for name in own:
                prepared.headers.pop(name, None)
        requests.Session.rebuild_auth(session, prepared, answer)

    # requests would follow from https to http.
    setattr(session, "get_redirect_target", redirect_target)  # noqa: B010 (mypy: a method is not assigned to)
    setattr(session, "rebuild_auth", rebuild_auth)  # noqa: B010
    # Retry what may pass, with growing pauses, but not a 404 or a bad certificate. How long the
    # server wants us to stay away (Retry-After) may be hours: the next source comes sooner.
    retry: Any = Retry(
        total=3,
        connect=1,
        backoff_factor=0.5,
        status_forcelist=_PASSING,
        raise_on_status=False,
        respect_retry_after_header=False,
    )
    session.mount("https://", HTTPAdapter(max_retries=retry))
    session.mount("http://", HTTPAdapter(max_retries=retry))
    # A token in our headers is meant, or a user in the URL, whatever ~/.netrc says; requests would let that one win.
    auth: Any = None
    if any(name.lower() == "authorization" for name in own):
        auth = _unchanged
    elif "@" in urlsplit(url).netloc:
        auth = requests.utils.get_auth_from_url(url)
    request = partial(
        session.request,
        method,
        url,
        stream=True,
        timeout=(access.connect_timeout, access.timeout),
        headers={"User-Agent": "fleet.python", **own, **(headers or {})},
        auth=auth,
        proxies={"http": access.proxy, "https": access.proxy} if access.proxy else None,
        verify=str(access.ca_path) if access.ca_path else None,
        allow_redirects=True,
    )
    try:
        # The time-outs of requests are for one read each, and headers may take any number of them.
        asked = Background(request)
        if not asked.wait(access.download_timeout):
            raise UnreachedError(f"{shown(url)}: it did not answer in {access.download_timeout} seconds")
        return asked.result()
    except SourceError:
        raise
    except ValueError as error:  # among them requests' own, with the URL or the proxy in their messages
        why = _proxy_fault(session, url, access) or "it is, or redirects to, no URL that can be asked for"
        raise SourceError(f"{shown(url)}: {why}") from error
    except requests.RequestException as error:
        why = _plain(error)
        if isinstance(error, requests.exceptions.ProxyError):
            origin = next((origin for _proxy, origin in _proxies(session, url, access)), "whoever named it")
            why = _proxy_fault(session, url, access) or f"{why} (by way of the proxy, {origin})"
        elif isinstance(error, requests.exceptions.SSLError):
            why += named_authorities(access, os.environ)
        raise UnreachedError(f"{shown(url)}: {why}") from error
    except OSError as error:
        # requests looks for the file of its certificates before it connects, and this is no error of its own kind.
        named = named_authorities(access, os.environ)
        raise SourceError(f"{shown(url)}: the certificates to trust cannot be read{named or f': {error}'}") from error


def _proxies(session: requests.Session, url: str, access: Access) -> Iterator[tuple[str, str]]:
    """The proxies for a URL and for where it may redirect to, each with the words for where it was named."""
    import requests

    if access.proxy:
        yield access.proxy, "the option proxy"
        return
    for scheme in (urlsplit(url).scheme, *HTTP):
        asked = urlsplit(url)._replace(scheme=scheme).geturl()
        found = session.merge_environment_settings(asked, {}, True, None, None)["proxies"]
        if proxy := requests.utils.select_proxy(asked, found):
            yield proxy, origin_of(proxy, os.environ, "the controller's environment")


def _proxy_fault(session: requests.Session, url: str, access: Access) -> str:
    socks = ("socks4", "socks4a", "socks5", "socks5h") if find_spec("socks") else ()
    for proxy, origin in _proxies(session, url, access):
        if fault := proxy_fault(proxy, (*HTTP, *socks)):
            hint = ": it takes PySocks beside requests, on the controller" if "SOCKS" in fault else ""
            return f"the proxy is at fault: {origin} names {fault}{hint}"
    return ""


def _unchanged(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    return prepared


def pieces(answer: requests.Response, url: str, most: int, pace: Pace, *, decode: bool) -> Iterator[bytes]:
    """The body in pieces. Raises SourceError beyond ``most`` bytes, BrokenOffError if it breaks off.

    Raises UnreachedError if it comes more slowly than ``pace`` allows.
    """
    from urllib3.exceptions import HTTPError

    left = most
    try:
        while piece := _read(answer, decode):
            pace.came(len(piece))
            left -= len(piece)
            if left < 0:
                raise SourceError(f"{shown(url)}: it sends more than {most} bytes: no build is that large")
            yield piece
    except TooSlowError as error:
        raise UnreachedError(f"{shown(url)}: {error}") from None
    except HTTPError as error:
        raise BrokenOffError(f"{shown(url)}: the download broke off: {_plain(error)}") from error


def _read(answer: requests.Response, decode: bool) -> bytes:
    # read() waits for a whole chunk, however slowly it comes. urllib3 before 2.1 has no other.
    read = getattr(answer.raw, "read1", answer.raw.read)
    return bytes(read(_CHUNK, decode_content=decode))


def refuse_bad_status(answer: requests.Response, url: str) -> None:
    """Raises SourceError unless the body is what was asked for."""
    code = answer.status_code
    if code not in (200, 206):
        kind = UnreachedError if code in (*_PASSING, 407) else SourceError
        raise kind(f"{shown(url)}: HTTP {code} {answer.reason}{_WANTED.get(code, '')}")


def _plain(error: BaseException) -> str:
    """The innermost reason. requests wraps it several times, with the URL and its secrets."""
    inner = error
    while inner.__cause__ or inner.__context__:
        inner = inner.__cause__ or inner.__context__ or inner
    # Where an error has no words, its name is all that there is.
    said = str(getattr(inner, "strerror", None) or inner) if inner is not error else ""
    return said or type(inner).__name__
