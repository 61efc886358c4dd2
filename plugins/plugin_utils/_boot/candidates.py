# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The candidates of a boot script: for each kind of host that the lock pins, a build that can run the carrier.

sh takes the best one that fits what it sees. What is installed in the end is up to the plan, as in every run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ansible_collections.fleet.python.plugins.plugin_utils._boot.errors import BootError
from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import home_name, version_key
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._builds.triples import TRIPLES
from ansible_collections.fleet.python.plugins.plugin_utils._host.loader import LOADERS
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Lock
from ansible_collections.fleet.python.plugins.plugin_utils._plan.build import archive_top, build_of, program_of

# The plan is made by code of the controller, which is written for this version and later ones.
OLDEST: Final = (3, 11)


@dataclass(frozen=True, slots=True)
class Candidate:
    """``loader`` is that of the hosts, ``level`` the x86-64 level that they have, 0 for other machines."""

    loader: str
    level: int
    entry: Entry

    @property
    def triple(self) -> str:
        return self.entry.asset.normal_triple

    def row(self) -> str:
        """The words that carrier.sh reads: loader, level, path below a source, sha256, top, program, triple."""
        entry = self.entry
        build = build_of(entry.asset, home_name(entry.asset), entry.release, entry.sha256)
        words = (self.loader, str(self.level), entry.url_path, entry.sha256, "/".join(archive_top(build)))
        return " ".join((*words, program_of(build), self.triple))


def candidates(lock: Lock, requests: Sequence[str], options: Mapping[str, Any]) -> tuple[Candidate, ...]:
    """The candidates, best level first. ``requests`` are as the lock spells them, the first one preferred.

    Raises BootError where hosts of a triple would have no build that can carry out the installation.
    """
    found = []
    for name, by_request in lock.pins.items():
        triple = TRIPLES[name]
        pins = [by_request[text] for text in requests if text in by_request]
        unwanted = options["libc"] not in ("auto", triple.libc) or (triple.level or 0) > options["max_level"]
        loader = LOADERS.get((triple.arch, triple.libc or "", triple.float_abi))
        if not pins or unwanted or loader is None:
            continue
        fit = [pin for pin in pins if version_key(pin.asset.version)[:2] >= OLDEST and not pin.asset.static]
        if not fit:
            wanted = ".".join(map(str, OLDEST))
            raise BootError(
                f"for {name} the lock pins {', '.join(pin.asset.version for pin in pins)}, and none of these can carry "
                f"out the installation: add a build of {wanted} or later that is not static, 3.13 say"
            )
        if packed := next((pin.asset.name for pin in pins if pin.asset.archive != "tar.gz"), None):
            raise BootError(f"{packed}: hosts cannot unpack it; pin another flavor, such as install_only_stripped")
        found.append(Candidate(loader, triple.level or 0, fit[0].entry))
    if not found:
        raise BootError(f"the lock pins {', '.join(requests)} for no Linux host that the options allow")
    return tuple(sorted(found, key=lambda each: (each.loader, -each.level)))
