# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a boot script, without secrets unless they are asked for, and both files on the controller's disk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ansible_collections.fleet.python.plugins.module_utils._fetch.pull import Pull
from ansible_collections.fleet.python.plugins.module_utils._fetch.web import shown
from ansible_collections.fleet.python.plugins.plugin_utils._boot.carrier import Carrier
from ansible_collections.fleet.python.plugins.plugin_utils._boot.errors import BootError
from ansible_collections.fleet.python.plugins.plugin_utils._host.script import script_text
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import Access
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import UPSTREAM, HttpSource, Source

# In bytes: what EC2 takes as user data before it encodes it (Amazon EC2 User Guide, "Run commands at launch").
LARGEST: Final = 16384
_HEADER: Final = """\
#!/bin/sh
# Makes this host have the Pythons of a lock. Written by: ansible-playbook fleet.python.boot
# Run it as root. It says in one line of JSON what it has done.
# pins: {pins}
"""


@dataclass(frozen=True, slots=True)
class Ways:
    """How hosts reach sources: the base URLs of archives and of the carrier, and the rest of a pull file.

    ``left_out`` names the secrets that are not in it.
    """

    sources: tuple[str, ...]
    carrier_sources: tuple[str, ...]
    pull: Pull
    secret: bool
    left_out: tuple[str, ...] = ()


def ways_of(sources: Sequence[Source], carrier_sources: Sequence[Source], access: Access, *, secrets: bool) -> Ways:
    """The ways of these options; ``secrets`` says whether users, passwords, queries and headers go along.

    Raises BootError where a source is no URL, and where the carrier has none but upstream.
    """
    archives = _urls("source", sources)
    # Upstream has no carrier of ours.
    carriers = _urls("carrier_source", carrier_sources) or tuple(url for url in archives if url not in UPSTREAM)
    if not carriers:
        raise BootError(
            "carrier_source: name the base URL at which you serve the carrier; upstream, which is the source, has none"
        )
    named = {"source": archives, "carrier_source": carriers, "proxy": (access.proxy,) if access.proxy else ()}
    found = [option for option, urls in named.items() if any(shown(url) != url for url in urls)]
    found += [f"header {name}" for name, _value in access.headers]
    if found and not secrets:
        archives, carriers = (tuple(map(shown, urls)) for urls in (archives, carriers))
    pull = Pull(
        urls=(),
        headers=tuple(f"{name}: {value}" for name, value in access.headers) if secrets else (),
        proxy=access.proxy if secrets else shown(access.proxy),
        connect_timeout=access.connect_timeout,
        timeout=access.timeout,
        min_rate=access.min_rate,
        download_timeout=access.download_timeout,
        authorities=access.ca_path.read_text(encoding="ascii", errors="replace") if access.ca_path else "",
    )
    return Ways(archives, carriers, pull, bool(found) and secrets, () if secrets else tuple(dict.fromkeys(found)))


def _urls(option: str, sources: Sequence[Source]) -> tuple[str, ...]:
    for source in sources:
        if not isinstance(source, HttpSource):
            raise BootError(f"{option}: {source.name} is no URL, and a host that boots reaches nothing else")
    return tuple(source.base for source in sources if isinstance(source, HttpSource))


def boot_text(ways: Ways, carrier: Carrier, options: Mapping[str, Any], pins: str) -> str:
    """The script. ``pins`` says in its header what it installs. Raises BootError where it is too long for user data."""
    settings, _blank, authorities = ways.pull.text().partition("\n\n")
    values = {
        "FLEET_ROOT": options["root"],
        "FLEET_CARRIER": carrier.sha256,
        "FLEET_NAME": carrier.name,
        "FLEET_CARRIER_SOURCES": "\n".join(ways.carrier_sources),
        "FLEET_SOURCES": "\n".join(ways.sources),
        "FLEET_ACCESS": settings,
        "FLEET_AUTHORITIES": authorities,
        "FLEET_DELAY": str(options["delay"]),
        "FLEET_SPREAD": str(options["spread"]),
        "FLEET_RETRIES": str(options["retries"]),
    }
    code = script_text(values, "_resume/digest.sh", "_execute/downloaders.sh", "_execute/fetch.sh", "_boot/boot.sh")
    # The last line starts it, so that half of a script does nothing.
    text = f"{_HEADER.format(pins=pins)}{code}boot\n"
    if len(text.encode()) > LARGEST:
        raise BootError(
            f"the script would have {len(text.encode())} bytes, and user data may have {LARGEST}: name fewer sources, "
            "or fewer certificates in ca_path"
        )
    return text


def read_bytes(path: Path) -> bytes | None:
    """What is in a file, None where there is none. Raises BootError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BootError(f"{path} cannot be read: {error.strerror}") from error


def write(path: Path, data: bytes, mode: int) -> None:
    """Replace a file in one step. Raises BootError."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
                os.fchmod(file.fileno(), mode)
            os.rename(name, path)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(name)
    except OSError as error:
        raise BootError(f"{path} cannot be written: {error.strerror or error}") from error
