# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deltas between two real builds: their size, what making one takes, and what applying it takes on a host.

``python -m tests.bench.deltas OLD NEW TARGET SCRATCH`` makes one, in a process of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._archive.manifest import write_manifest
from ansible_collections.fleet.python.plugins.module_utils._archive.unpack import unpack
from ansible_collections.fleet.python.plugins.plugin_utils._delta.make import make_delta
from ansible_collections.fleet.python.plugins.plugin_utils._sources.digest import digest_of
from tests.gates.places import COLLECTIONS, REPOSITORY
from tests.world import hosts

from .filesystem import fresh
from .measure import Result, sample

OLD, NEW = ("3.12.2", "20240224"), ("3.12.6", "20240909")
TRIPLES = {"x86_64": "x86_64_v2-unknown-linux-gnu", "aarch64": "aarch64-unknown-linux-gnu"}
_TIMES = 5
# What a host does. It says how many seconds it has taken since Python has started, and its CPU time.
_APPLY = """
import json, sys, time
start = time.monotonic()
sys.path.append(sys.argv[1])
from ansible_collections.fleet.python.plugins.module_utils._delta.apply import apply_delta
apply_delta(*sys.argv[2:])
print(json.dumps({"wall": time.monotonic() - start, "cpu": time.process_time()}))
"""


def archive_of(mirror: Path, build: tuple[str, str], triple: str) -> Path:
    """The archive of a build, a version and a release, in a mirror's folder."""
    version, release = build
    return mirror / release / f"cpython-{version}+{release}-{triple}-install_only_stripped.tar.gz"


def deltas(mirror: Path, scratch: Path) -> dict[str, Any]:
    """Sizes in bytes, and the process that makes each delta and the one that applies it here, on one core.

    Leaves the delta of each architecture, and a home that it leads from, in the folder ``scratch``.
    Raises BenchError where a process fails: the one that applies it compares the tree with the archive's.
    """
    found: dict[str, Any] = {"date": date.today().isoformat()}
    for name, triple in TRIPLES.items():
        folder = scratch / name
        home = folder / "home"
        home.mkdir(parents=True)
        old, new = (archive_of(mirror, build, triple) for build in (OLD, NEW))
        write_manifest(str(home), unpack(str(old), str(home)))
        target = folder / "delta"
        making: list[str | Path] = [sys.executable, "-m", "tests.bench.deltas", old, new, target, folder / "trees"]
        found[name] = {
            "archive": new.stat().st_size,
            "made": Result((sample(making),)).as_json(),
            "delta": target.stat().st_size,
        }
        if name == "x86_64":
            found[name]["applied"] = applied(new, folder).as_json()
    # Of the last 15 minutes: what else ran makes CPU time longer too.
    found["load"] = round(os.getloadavg()[2], 1)
    return found


def applied(new: Path, folder: Path) -> Result:
    """Apply the delta in a folder on one processor, as often as it takes for a median. ``new``: the archive's file."""
    samples = []
    for _time in range(_TIMES):
        with _host_of(folder) as host:
            applying = _applying(host / "home", str(COLLECTIONS), host, digest_of(new))
            samples.append(sample(["taskset", "--cpu-list", "0", *applying]))
    return Result(tuple(samples))


@contextmanager
def _host_of(folder: Path) -> Iterator[Path]:
    """The home and the delta of a folder, on a file system that nothing was deleted from yet."""
    with fresh("delta") as place:
        shutil.copytree(folder / "home", place / "home", symlinks=True)
        shutil.copyfile(folder / "delta", place / "delta")
        os.sync()
        yield place


def emulated(mirror: Path, scratch: Path) -> dict[str, float]:
    """Seconds that the old build for aarch64 takes to apply the delta which `deltas` has left, in an emulated host."""
    name = "aarch64"
    new = archive_of(mirror, NEW, TRIPLES[name])
    with _host_of(scratch / name) as place:
        volumes = (f"{place}:/bench", f"{REPOSITORY}:/fleet/ansible_collections/fleet/python:ro")
        with hosts.host("debian12-arm64", "bench-delta", [f"--volume={volume}" for volume in volumes]) as host:
            command = _applying(Path("/bench/home"), "/fleet", Path("/bench"), digest_of(new))
            found: dict[str, float] = json.loads(hosts.run(host, *command))
    return found


def _applying(home: Path, collections: str, folder: Path, sha256: str) -> Sequence[str]:
    """What applies a delta with the Python of the home that it leads from, as hosts do."""
    tree = folder / "applied"
    make_folder = "import os, sys; os.mkdir(sys.argv[4])"
    given = (collections, str(folder / "delta"), str(home), str(tree), sha256)
    return [str(home / "bin" / "python3.12"), "-I", "-B", "-c", make_folder + _APPLY, *given]


def main() -> None:
    """Make one delta."""
    old, new, target, scratch = map(Path, sys.argv[1:])
    make_delta((old, digest_of(old)), (new, digest_of(new)), ("python",), target, scratch)


if __name__ == "__main__":
    main()
