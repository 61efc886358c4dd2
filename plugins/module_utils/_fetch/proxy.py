# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say that a proxy is at fault, and where it was named. The proxy itself is never shown: it may hold a password."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

HTTP = ("http", "https")
# All that may stand in a URL's user and password only in this form, since each ends one of its parts (RFC 3986, 3.2).
QUOTED = "where a user or password stands in it, write / ? # @ [ ] in them as %2F %3F %23 %40 %5B %5D"


def origin_of(proxy: str, environment: Mapping[str, str], place: str) -> str:
    """The variable that names the proxy, such as ``http_proxy in the controller's environment``."""
    for name in sorted(environment, reverse=True):
        if name.lower().endswith("_proxy") and environment[name] == proxy:
            return f"{name} in {place}"
    return f"the settings of {place}"


def proxy_fault(proxy: str, kinds: Collection[str] = HTTP) -> str:
    """What is wrong with a proxy for a client that speaks ``kinds``, such as ``no http proxy``. Empty for nothing.

    A proxy without a scheme is one of ``http``, as every client has it.
    """
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        sound = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return _UNREADABLE
    # A password with one of these cuts the URL in two, and the first half may look like a host and its port.
    if not sound or parts.path not in ("", "/") or parts.query or parts.fragment:
        return _UNREADABLE
    if parts.scheme in kinds:
        return ""
    if parts.scheme.startswith("socks"):
        return "a SOCKS proxy, which cannot be used here"
    return "no http proxy"


_UNREADABLE = f"no URL such as http://proxy.example.com:3128; {QUOTED}"
