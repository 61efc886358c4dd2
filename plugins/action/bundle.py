# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write everything that a lock needs, or that hosts need, into one directory or tar file of the controller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._options import bundle_options
from ansible_collections.fleet.python.plugins.plugin_utils._action import FleetAction
from ansible_collections.fleet.python.plugins.plugin_utils._boot.carrier import read_carrier
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Catalogue, format_sums
from ansible_collections.fleet.python.plugins.plugin_utils._bundle.contents import KEPT, BundleFile, actions, contents
from ansible_collections.fleet.python.plugins.plugin_utils._bundle.deltas import MOST_PATCHES, DeltaMaker, deltas_of
from ansible_collections.fleet.python.plugins.plugin_utils._bundle.files import (
    Bundle,
    BundleError,
    bundle_at,
    locked,
)
from ansible_collections.fleet.python.plugins.plugin_utils._connection.remote import Remote, run_directory
from ansible_collections.fleet.python.plugins.plugin_utils._lock.attestations import kept_by
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Lock, Pin, check_digests, update_lock
from ansible_collections.fleet.python.plugins.plugin_utils._lock.store import read_lock_text
from ansible_collections.fleet.python.plugins.plugin_utils._lock.text import format_lock, parse_lock
from ansible_collections.fleet.python.plugins.plugin_utils._plan.chooser import catalogue_of
from ansible_collections.fleet.python.plugins.plugin_utils._plan.pins import pins_of, rankings
from ansible_collections.fleet.python.plugins.plugin_utils._plan.result import with_warnings
from ansible_collections.fleet.python.plugins.plugin_utils._provenance.attest import Attester, attester_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import access_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.skipped import SkippedSources
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import Source, sources_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.tar import TarError


class ActionModule(FleetAction):
    """Runs on the controller; a host is asked what it can run, and only where neither a lock nor triples are named."""

    options = staticmethod(bundle_options)

    def act(self, options: Mapping[str, Any], remote: Remote) -> dict[str, Any]:
        """Find out what belongs into the bundle, compare, and write what is missing."""
        if bool(options["lock"]) == bool(options["version"]):
            raise BundleError("name either a lock, or the versions to resolve for the hosts, and not both")
        sources = sources_of(options["source"], access_of(options))
        skipped_sources = SkippedSources(run_directory())
        path = Path(options["path"]).absolute()
        bundle_at(path)
        carriers = {carrier.name: carrier.data for carrier in map(read_carrier, map(Path, options["carriers"]))}
        kept = [kept_by(Path(options["lock"])) if options["lock"] else None, kept_by(path)]
        attester = attester_of(options, sources, kept, run_directory(), skipped_sources)
        # Outside of the lock, so that hosts answer side by side.
        pins = (
            {}
            if options["lock"]
            else pins_of(options, rankings(options, remote.run), sources, run_directory(), skipped_sources)
        )
        try:
            with locked(path):
                bundle = bundle_at(path)
                text = _lock_text(options, pins, bundle, attester)
                lock = parse_lock(text, origin=str(options["lock"] or path))
                if options["lock"]:
                    check_digests(lock.entries(), _catalogue(options, sources), origin=str(options["lock"]))
                maker = DeltaMaker(
                    sources, skipped_sources, write=not self._task.check_mode, makes=options["delta_from"] > 0
                )
                named = _with_deltas(lock, options, bundle, sources, maker)
                if named != lock:
                    lock, text = named, format_lock(named)
                files: tuple[BundleFile, ...] = ()
                if lock.entries():
                    carried = attester.carried(lock)
                    files = contents(text, lock.entries(), carried, carriers, lock.deltas().values())
                result = self._filled(bundle, files, lock, maker)
                return with_warnings(result, skipped_sources.notes)
        except OSError as error:
            raise BundleError(
                f"{error.filename or path}: {error.strerror or error}; what is complete stays, and is not fetched again"
            ) from error
        except TarError as error:
            raise BundleError(f"{error}; or remove it, and it is made again") from error

    def _filled(
        self,
        bundle: Bundle,
        files: tuple[BundleFile, ...],
        lock: Lock,
        maker: DeltaMaker,
    ) -> dict[str, Any]:
        if not files:
            raise BundleError("the lock pins nothing, so there is nothing to bundle")
        before = bundle.lock_text()
        todo = actions(files, bundle.digests([file.name for file in files]))
        stale = bundle.stale(files)
        changed = bool(stale) or any(action != KEPT for action in todo.values())
        if changed and not self._task.check_mode:
            bundle.write(files, todo, stale, maker.get)
        result: dict[str, Any] = {
            "changed": changed,
            "path": str(bundle.path),
            "files": [{"name": file.name, "sha256": file.sha256, "action": todo[file.name]} for file in files],
            "removed": list(stale),
        }
        if self._task.diff:
            old = _listing(parse_lock(before, origin=str(bundle.path))) if before else ""
            where = {"before_header": str(bundle.path), "after_header": str(bundle.path)}
            result["diff"] = {"before": old, "after": _listing(lock), **where}
        return result


def _lock_text(
    options: Mapping[str, Any], pins: Mapping[tuple[str, str], Pin], bundle: Bundle, attester: Attester
) -> str:
    """The text of the bundle's lock: the named lock as it is, or the bundle's own with new pins."""
    if options["lock"]:
        return read_lock_text(Path(options["lock"]))
    before = bundle.lock_text()
    lock = parse_lock(before, origin=str(bundle.path)) if before else None
    found = attester.find([pin.entry for pin in pins.values()])
    final = {
        (triple, request): attester.settle(found, pin, lock.pins.get(triple, {}).get(request) if lock else None)
        for (triple, request), pin in pins.items()
    }
    return format_lock(update_lock(lock, final))


def _catalogue(options: Mapping[str, Any], sources: Sequence[Source]) -> Catalogue:
    """What digests are compared with, as in a host's task, and what says which older builds there are."""
    return catalogue_of(options["catalogue"], sources, options["release"], run_directory(), insecure=True)


def _with_deltas(
    lock: Lock, options: Mapping[str, Any], bundle: Bundle, sources: Sequence[Source], maker: DeltaMaker
) -> Lock:
    """The lock with the deltas that the bundle is to hold: those that it names, and those of ``delta_from``.

    Raises BundleError, CatalogueError, SourceError.
    """
    count = options["delta_from"]
    if not 0 <= count <= MOST_PATCHES:
        raise BundleError(f"delta_from: {count} is no number of patch versions from 0 to {MOST_PATCHES}")
    named = lock.deltas().values() if options["lock"] else ()
    if not count:
        return lock.with_deltas(named)
    before = bundle.lock_text()
    there = parse_lock(before, origin=str(bundle.path)).deltas().values() if before else ()
    made, notes = deltas_of(lock, [*there, *named], count, _catalogue(options, sources), maker.make)
    maker.skipped_sources.notes += notes
    return lock.with_deltas({delta.path: delta for delta in (*made, *named)}.values())


def _listing(lock: Lock) -> str:
    """What the lock pins, as ``--diff`` shows it: like a SHA256SUMS, the deltas last."""
    deltas = (f"{delta.sha256 or 'not made yet'}  {path}\n" for path, delta in lock.deltas().items())
    return format_sums(lock.entries()) + "".join(deltas)
