# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pin what a fleet runs: resolve requests for a host, or for named triples, and write them into a lock file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._options import lock_options
from ansible_collections.fleet.python.plugins.plugin_utils._action import FleetAction
from ansible_collections.fleet.python.plugins.plugin_utils._connection.remote import Remote, run_directory
from ansible_collections.fleet.python.plugins.plugin_utils._lock.attestations import kept_by
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Pin
from ansible_collections.fleet.python.plugins.plugin_utils._lock.store import add_pins, read_lock
from ansible_collections.fleet.python.plugins.plugin_utils._plan.pins import pins_of, rankings
from ansible_collections.fleet.python.plugins.plugin_utils._plan.result import with_warnings
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.attest import attester_of, texts
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import access_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.skipped import SkippedSources
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import sources_of


class ActionModule(FleetAction):
    """Runs on the controller; the host is asked only what it can run, and not even that where triples are named."""

    options = staticmethod(lock_options)

    def act(self, options: Mapping[str, Any], remote: Remote) -> dict[str, Any]:
        """Resolve, and write the pins."""
        path = Path(options["path"]).absolute()
        sources = sources_of(options["source"], access_of(options))
        skipped_sources = SkippedSources(run_directory())
        pins = pins_of(options, rankings(options, remote.run), sources, run_directory(), skipped_sources)
        before = read_lock(path) if path.exists() else None
        attester = attester_of(options, sources, [kept_by(path)], run_directory(), skipped_sources)
        if self._task.check_mode and before:
            attester.check(before)
        # CI checks a lock without network: only what is new in it is asked for.
        old = [entry.path for entry in before.entries()] if before and self._task.check_mode else []
        found = attester.find([pin.entry for pin in pins.values()], stored_only=old)
        change = add_pins(
            path,
            pins,
            write=not self._task.check_mode,
            settle=partial(attester.settle, found),
            attestations=texts(found),
        )
        attester.tell(list(pins.values()), found, before)
        result: dict[str, Any] = {
            "changed": bool(change),
            "path": str(path),
            "pins": [_shown(*pin) for pin in change.pins.items()],
        }
        if self._task.diff:
            where = {"before_header": str(path), "after_header": str(path)}
            result["diff"] = {"before": change.before, "after": change.after, **where}
        if self._task.check_mode and result["changed"]:
            # ansible-playbook --check fails, so that CI can check a lock.
            result |= {"failed": True, "msg": f"{path} is not up to date: run this without --check, and commit it"}
        return with_warnings(result, skipped_sources.notes)


def _shown(key: tuple[str, str], pin: Pin) -> dict[str, Any]:
    return {
        "triple": key[0],
        "request": key[1],
        "asset": pin.asset.name,
        "release": pin.release,
        "version": pin.asset.version,
        "sha256": pin.sha256,
        "size": pin.size,
        "attestation": asdict(pin.attestation) if pin.attestation else None,
    }
