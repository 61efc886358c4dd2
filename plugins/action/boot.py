# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a boot script and its carrier from a lock, on the controller. No host is contacted."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._options import boot_options
from ansible_collections.fleet.python.plugins.plugin_utils._action import FleetAction
from ansible_collections.fleet.python.plugins.plugin_utils._boot.candidates import candidates
from ansible_collections.fleet.python.plugins.plugin_utils._boot.carried import carried_of
from ansible_collections.fleet.python.plugins.plugin_utils._boot.carrier import make_carrier
from ansible_collections.fleet.python.plugins.plugin_utils._boot.errors import BootError
from ansible_collections.fleet.python.plugins.plugin_utils._boot.script import (
    boot_text,
    read_bytes,
    ways_of,
    write,
)
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import parse_request
from ansible_collections.fleet.python.plugins.plugin_utils._connection.remote import Remote, run_directory
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import check_digests, pinned_text
from ansible_collections.fleet.python.plugins.plugin_utils._lock.store import read_lock
from ansible_collections.fleet.python.plugins.plugin_utils._plan.chooser import catalogue_of
from ansible_collections.fleet.python.plugins.plugin_utils._plan.result import with_warnings
from ansible_collections.fleet.python.plugins.plugin_utils._plan.task import task_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import access_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import sources_of


class ActionModule(FleetAction):
    """Runs on the controller, and asks no host."""

    options = staticmethod(boot_options)

    def act(self, options: Mapping[str, Any], remote: Remote) -> dict[str, Any]:
        """Make both files, compare, and write what is not there yet."""
        path = Path(options["path"]).absolute()
        directory = Path(options["carrier_path"]).absolute() if options["carrier_path"] else path.parent
        lock_path = Path(options["lock"])
        lock = read_lock(lock_path)
        # The newest first, as a person would name them: links such as python3 belong to the first.
        options = {**options, "version": options["version"] or list(reversed(lock.requests)), "state": "present"}
        root = task_of(options).root
        requests = [pinned_text(lock, parse_request(text), str(lock_path)) for text in options["version"]]
        for name in ("delay", "spread", "retries"):
            if not 0 <= options[name] <= 86400:
                raise BootError(f"{name}: {options[name]} is not between 0 and 86400")
        access = access_of(options)
        sources = sources_of(options["source"], access)
        carriers = sources_of(options["carrier_source"], access) if options["carrier_source"] else ()
        catalogue = catalogue_of(options["catalogue"], sources, options["release"], run_directory(), insecure=True)
        check_digests(lock.entries(), catalogue, origin=str(lock_path))
        rows = candidates(lock, requests, options)
        # Paths of this controller mean nothing on hosts.
        carrier = make_carrier(carried_of({**options, "root": root}, lock, lock_path.name), rows)
        ways = ways_of(sources, carriers, access, secrets=options["secrets"])
        text = boot_text(ways, carrier, {**options, "root": root}, f"{', '.join(requests)} ({lock_path.name})")
        return (
            self._written(path, directory / carrier.name, text, carrier.data, ways.secret)
            | {
                "carrier_sha256": carrier.sha256,
                "carrier_sources": [source.name for source in sources_of(ways.carrier_sources)],
                "triples": sorted({candidate.triple for candidate in rows}),
            }
            | with_warnings({}, _warnings(path, ways.secret, ways.left_out))
        )

    def _written(self, path: Path, carrier_path: Path, text: str, carrier: bytes, secret: bool) -> dict[str, Any]:
        data = text.encode()
        mode = 0o600 if secret else 0o644
        before = read_bytes(path)
        stale = before != data or path.stat().st_mode & 0o777 != mode
        changed = stale or read_bytes(carrier_path) != carrier
        if changed and not self._task.check_mode:
            # The carrier first: a script without one is of no use.
            write(carrier_path, carrier, 0o644)
            write(path, data, mode)
        result: dict[str, Any] = {
            "changed": changed,
            "path": str(path),
            "carrier_path": str(carrier_path),
            "size": len(data),
            "gzipped": len(gzip.compress(data, mtime=0)),
        }
        if self._task.diff and not secret:
            old = (before or b"").decode("utf-8", "replace")
            where = {"before_header": str(path), "after_header": str(path)}
            result["diff"] = {"before": old, "after": text, **where}
        return result


def _warnings(path: Path, secret: bool, left_out: tuple[str, ...]) -> list[str]:
    if secret:
        readers = "whoever may read a machine's user data or an image's history reads them too"
        return [f"{path} holds secrets of the sources, and so has mode 0600: {readers}"]
    if left_out:
        way = "hosts that need them do not get through, unless root's .netrc there has them; or set secrets to true"
        return [f"{path} is without the secrets of {', '.join(left_out)}: {way}"]
    return []
