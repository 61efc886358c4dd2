# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pin what a fleet runs: resolve requests for a host, or for named triples, and write them into a lock file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._options import lock_options
from ansible_collections.fleet.python.plugins.plugin_utils._action import FleetAction
from ansible_collections.fleet.python.plugins.plugin_utils._choice import Chooser
from ansible_collections.fleet.python.plugins.plugin_utils._lock import Pin, host_triple
from ansible_collections.fleet.python.plugins.plugin_utils._lock_store import add_pins
from ansible_collections.fleet.python.plugins.plugin_utils._observe import observe
from ansible_collections.fleet.python.plugins.plugin_utils._plan_model import Ranking
from ansible_collections.fleet.python.plugins.plugin_utils._platform import platform_of, triples_of
from ansible_collections.fleet.python.plugins.plugin_utils._remote import Remote, run_directory
from ansible_collections.fleet.python.plugins.plugin_utils._request import parse_request
from ansible_collections.fleet.python.plugins.plugin_utils._source import size_in, sources_of
from ansible_collections.fleet.python.plugins.plugin_utils._triples import TRIPLES, runs


class ActionModule(FleetAction):
    """Runs on the controller; the host is asked only what it can run, and not even that where triples are named."""

    options = staticmethod(lock_options)

    def act(self, options: Mapping[str, Any], remote: Remote) -> dict[str, Any]:
        """Resolve, and write the pins."""
        path = Path(options["path"]).absolute()
        pins = _pins(options, self._rankings(options, remote))
        before, after = add_pins(path, pins, write=not self._task.check_mode)
        result: dict[str, Any] = {
            "changed": before != after,
            "path": str(path),
            "pins": [_shown(*pin) for pin in pins.items()],
        }
        if self._task.diff:
            result["diff"] = {"before": before, "after": after, "before_header": str(path), "after_header": str(path)}
        if self._task.check_mode and result["changed"]:
            # So that CI can hold a lock: ansible-playbook --check ends with a failure.
            result |= {"failed": True, "msg": f"{path} is not up to date: run this without --check, and commit it"}
        return result

    def _rankings(self, options: Mapping[str, Any], remote: Remote) -> list[Ranking]:
        """What each host in question can run, best first; a named triple stands for a host whose best it is."""
        if options["triples"]:
            return [partial(_named, triple) for triple in options["triples"]]
        platform = platform_of(observe(remote.run, "/opt/python"))
        return [partial(triples_of, platform, options["libc"], options["max_level"])]


def _named(triple: str, *, static: bool = False) -> tuple[str, ...]:
    """Which build options are wanted changes nothing: a static build has a triple of its own."""
    return runs(triple) if triple in TRIPLES else (triple,)


def _pins(options: Mapping[str, Any], rankings: Iterable[Ranking]) -> dict[tuple[str, str], Pin]:
    sources = sources_of(options["source"])
    pins = {}
    for ranking in rankings:
        chooser = Chooser(options, sources, ranking, run_directory())
        for text in options["version"]:
            resolution = chooser.resolution(parse_request(text))
            entry = resolution.chosen
            size = size_in(sources, entry)
            pins[host_triple(resolution.query), text] = Pin(entry.asset, entry.release, entry.sha256, size)
    return pins


def _shown(key: tuple[str, str], pin: Pin) -> dict[str, Any]:
    return {
        "triple": key[0],
        "request": key[1],
        "asset": pin.asset.name,
        "release": pin.release,
        "version": pin.asset.version,
        "sha256": pin.sha256,
        "size": pin.size,
    }
