# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pull file: what a host needs for a download. The controller sends it as a file if it holds secrets, else as text.

It has lines with a word and a value, an empty line, and then the certificates to trust, if any.
This module and fetch.sh read it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import NamedTuple

_NUMBERS = ("connect_timeout", "timeout", "min_rate", "download_timeout")


class Pull(NamedTuple):
    """``urls`` are tried in this order. ``headers`` are ``Name: value``, for the hosts of ``urls`` only.

    ``proxy`` is a URL, or empty for the proxy of the environment. Time-outs are in seconds, ``min_rate`` is in bytes
    per second. ``authorities`` are certificates in PEM form, or empty for those that the host trusts.
    """

    urls: tuple[str, ...]
    headers: tuple[str, ...] = ()
    proxy: str = ""
    connect_timeout: int = 10
    timeout: int = 30
    min_rate: int = 1000
    download_timeout: int = 3600
    authorities: str = ""

    def text(self) -> str:
        """The text of the pull file."""
        lines = [f"{name} {getattr(self, name)}" for name in _NUMBERS]
        lines += ["proxy " + self.proxy] if self.proxy else []
        lines += ["url " + url for url in self.urls]
        lines += ["header " + header for header in self.headers]
        return "\n".join(lines) + "\n\n" + self.authorities


def parse_pull(text: str) -> Pull:
    """The reverse of `Pull.text`."""
    settings, _blank, authorities = text.partition("\n\n")
    words = [line.partition(" ")[::2] for line in settings.splitlines()]

    def values(name: str) -> tuple[str, ...]:
        return tuple(value for word, value in words if word == name)

    return Pull(
        urls=values("url"),
        headers=values("header"),
        proxy="".join(values("proxy")),
        **{name: int("".join(values(name))) for name in _NUMBERS},
        authorities=authorities,
    )


def take_pull(path: str) -> Pull:
    """Read the file and remove it, so that its secrets do not stay on the host. Raises OSError."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    # If this user may read it but not remove it, Ansible removes it.
    with suppress(OSError):
        os.unlink(path)
    return parse_pull(text)
