# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to reach a source: time-outs, proxy, certificates, headers."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ansible_collections.fleet.python.plugins.module_utils._fetch.proxy import QUOTED, proxy_fault
from ansible_collections.fleet.python.plugins.plugin_utils._sources.errors import SourceError

# A subset of RFC 9110, 5.1 and 5.5, that is enough for any secret.
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\x20-\x7e]*")
# A year, which alarm(2) and each downloader takes.
_LONGEST: Final = 366 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Access:
    """The options ``timeout``, ``connect_timeout`` and ``download_timeout`` (seconds), ``min_rate`` (bytes per second),
    ``proxy``, ``ca_path`` and ``headers``.

    Proxy and headers may be secrets: they are not in its repr.
    """

    timeout: int = 30
    connect_timeout: int = 10
    min_rate: int = 1000
    download_timeout: int = 3600
    proxy: str = field(default="", repr=False)
    ca_path: Path | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def access_of(options: Mapping[str, Any]) -> Access:
    """What a task's options say. Raises SourceError naming the option, and never a value that may be a secret."""
    for name in ("timeout", "connect_timeout", "download_timeout"):
        if not 1 <= options[name] <= _LONGEST:
            raise SourceError(f"{name}: {options[name]} is no number of seconds to wait")
    if options["min_rate"] < 0:
        raise SourceError(f"min_rate: {options['min_rate']} is no number of bytes per second")
    return Access(
        timeout=options["timeout"],
        connect_timeout=options["connect_timeout"],
        min_rate=options["min_rate"],
        download_timeout=options["download_timeout"],
        proxy=_proxy(options["proxy"] or ""),
        ca_path=_authorities(options["ca_path"]) if options["ca_path"] else None,
        headers=_headers(options["headers"] or {}),
    )


def _proxy(text: str) -> str:
    sound = not text or ("://" in text and not proxy_fault(text))
    if not sound or not _VALUE.fullmatch(text) or " " in text:
        raise SourceError(f"proxy is no URL such as http://proxy.example.com:3128; {QUOTED}")
    return text


def _authorities(text: str) -> Path:
    path = Path(text)
    try:
        sound = b"-----BEGIN" in path.read_bytes()
    except OSError as error:
        raise SourceError(f"ca_path: {path} cannot be read on the controller: {error.strerror}") from error
    if not sound:
        raise SourceError(f"ca_path: {path} holds no certificate in PEM form")
    return path


def named_authorities(access: Access, environment: Mapping[str, str]) -> str:
    """For messages: where the certificates come from, unless it is ca_path. Empty for those that requests brings along.

    requests takes the first of these variables that is set (requests, "SSL Cert Verification").
    """
    if access.ca_path:
        return ""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if path := environment.get(name):
            gone = "" if os.path.exists(path) else ", which is not there"
            return f": {name} in the controller's environment names {path}{gone}"
    return ""


def _headers(given: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    for number, (name, value) in enumerate(given.items(), start=1):
        if not _NAME.fullmatch(str(name)) or not _VALUE.fullmatch(str(value)):
            raise SourceError(f"headers: number {number} is no header of one line in plain ASCII")
    return tuple((str(name), str(value)) for name, value in given.items())
