# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make bench``: everything, side by side, in one run; the results as JSON, Markdown and SVG."""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible.release import __version__ as ansible_version

from tests.gates.places import COLLECTIONS, REPOSITORY
from tests.gates.suites import processors
from tests.world import hosts
from tests.world.cache import Cache
from tests.world.podman import bridge_address, unavailable
from tests.world.server import MirrorServer

from . import idle, plays, probe
from .aims import HEAD, aims
from .controller import Controller
from .floors import floors
from .fresh import ASSET, RELEASE, SETTINGS, VERSION, Install, pairs
from .local_host import LocalHost
from .many import many
from .parts import ALONE, measured, resolution, some
from .plot import plot
from .report import page, table
from .trips import round_trips

_SSH_NAMES = ("ours", "our role", "raw", "usual role", "tuned role")
_PLOTTED = ("ours", "our role", "raw", "tuned role", "usual role")
_ON_CONTAINERS = ("ssh", "fresh play", "upgrade", "round trips")
_PANELS = {"local": "local hosts", "ssh": "over ssh"}


def main() -> int:
    """Run the benchmark; the exit status says whether it ran, not what it found."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.bench", description="The benchmark of fleet.python.")
    parser.add_argument("--uv", type=Path, help="the program uv, for all that is not named by --only")
    parser.add_argument(
        "--only", action="append", choices=sorted(ALONE), help="measure this alone; the other results stay as they are"
    )
    parser.add_argument("--to", type=Path, default=REPOSITORY / "docs", help="directory for the results")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if not options.only and not options.uv:
        parser.error("--uv is required without --only")
    start = time.monotonic()
    kept = options.to / "benchmark.json"
    with tempfile.TemporaryDirectory(prefix="fleet-python-bench-") as directory:
        if options.only:
            results = some(Path(directory), options.only, json.loads(kept.read_text()))
        else:
            results = Bench(Path(directory), options.uv, options.rounds).run()
            results["machine"]["seconds"] = round(time.monotonic() - start)
    kept.write_text(json.dumps(results, indent=1) + "\n")
    (options.to / "benchmark.md").write_text(page(results))
    panels = {title: _lines(results[kind]) for kind, title in _PANELS.items() if kind in results}
    if panels and not options.only:
        (options.to / "benchmark.svg").write_text(plot("Nothing to do: how long a play takes", panels))
    print(table(HEAD, (aim.row() for aim in aims(results))))
    for name, why in results["not measured"].items():
        print(f"not measured: {name}: {why}")
    return 0


def _lines(by_count: Mapping[str, Any]) -> dict[str, dict[int, float]]:
    """Wall seconds by number of hosts, of each contender that ran with more than one number."""
    lines: dict[str, dict[int, float]] = {}
    for count, names in by_count.items():
        for name, result in names.items():
            lines.setdefault(name, {})[int(count)] = result["wall"]
    return {name: lines[name] for name in _PLOTTED if len(lines.get(name, ())) > 1}


class Bench:
    """One run of all parts; what one of them cannot measure is named, and the others go on."""

    def __init__(self, directory: Path, uv: Path, rounds: int) -> None:
        self._directory = directory
        self._uv = uv
        self._rounds = rounds
        self._cache = Cache()
        self._results: dict[str, Any] = {"machine": _machine(uv), "not measured": {}}

    def run(self) -> dict[str, Any]:
        """All parts."""
        with MirrorServer(self._cache.mirror, "127.0.0.1") as mirror:
            scratch = self._directory / "scratch"
            scratch.mkdir()
            install = Install(mirror, self._cache.mirror / "SHA256SUMS", scratch, self._uv, COLLECTIONS)
            self._part("on the host", lambda: self._on_the_host(install))
            archive = self._cache.mirror / RELEASE / ASSET
            self._part("floors", lambda: _json(floors(archive, COLLECTIONS, self._rounds * 2)))
            stage = self._stage(install, scratch)
            self._part("probe", lambda: _json(probe.probes(stage.root, self._rounds * 3)))
            self._part("verify", lambda: _json(probe.verifying(stage.root, self._rounds)))
            self._part("resolution", resolution)
            some(self._directory, ("fleet report", "delta"), self._results)
            self._part("no task", lambda: idle.base(stage, self._rounds).as_json())
            self._part("local", lambda: self._local(stage))
            self._part("recorded", lambda: _by_count(many(stage, self._rounds)))
            self._part("forks", lambda: self._forks(stage))
            self._part("push", lambda: plays.push(stage.controller, mirror, self._directory / "pushed"))
        if reason := unavailable():
            self._results["not measured"].update(dict.fromkeys(_ON_CONTAINERS, reason))
        else:
            self._containers(stage)
        return self._results

    def _containers(self, stage: idle.Stage) -> None:
        controller = stage.controller
        # Without any container podman's bridge has no address.
        with hosts.host("alpine", "bench-bridge"), MirrorServer(self._cache.mirror, bridge_address()) as mirror:
            url = str(stage.variables["python_url"])
            variables = {**stage.variables, "python_url": mirror.url + urlsplit(url).path}
            self._part("ssh", lambda: self._ssh(stage, mirror, variables))
            self._part("round trips", lambda: round_trips(controller, mirror))
            self._part("fresh play", lambda: _json(plays.fresh_play(controller, mirror, variables, self._rounds - 1)))
            self._part("upgrade", lambda: plays.upgrade(controller, mirror, 1).as_json())

    def _part(self, name: str, measure: Callable[[], Any]) -> None:
        measured(self._results, name, measure)

    def _on_the_host(self, install: Install) -> dict[str, Any]:
        return {name: pair.as_json() for name, pair in pairs(install, self._rounds * 2, SETTINGS).items()}

    def _stage(self, install: Install, scratch: Path) -> idle.Stage:
        """An interpreter installed once, by each contender in its own way, for the runs that have nothing to do."""
        root = self._directory / "python"
        install.act(LocalHost(Path("/usr/bin/python3"), COLLECTIONS, scratch), root, bytecode=True)
        variables = {
            "python_url": f"{install.url}",
            "python_sha256": install.sha256,
            "python_version": f"{VERSION}+{RELEASE}",
        }
        home = root / f"cpython-{VERSION}+{RELEASE}"
        home.symlink_to(next(root.glob("cpython-*-gnu")).name)
        # As the usual role leaves it.
        shutil.copy(self._cache.mirror / RELEASE / ASSET, root / ASSET)
        (root / ASSET).chmod(0o644)
        for program in ("python3", "pip3"):
            (root / program).symlink_to(home / "bin" / program)
        own = self._directory / "uv"
        environment = install.uv_environment(own)
        command: list[str | Path] = [self._uv, "python", "install", "--quiet", VERSION]
        subprocess.run(command, env=environment, check=True)
        controller = Controller(self._directory, (COLLECTIONS, self._cache.collections))
        return idle.Stage(controller, root, variables, self._uv, environment)

    def _local(self, stage: idle.Stage) -> dict[str, Any]:
        # As idle.SELDOM: these take long.
        rounds = {1000: 1}
        return _by_count(
            {
                count: idle.local(stage, count, 20, names, rounds.get(count, self._rounds))
                for count, names in idle.LOCAL.items()
            }
        )

    def _forks(self, stage: idle.Stage) -> dict[str, Any]:
        by_number = {
            str(forks): _json(idle.local(stage, idle.FORKS_AT, forks, ("ours", "raw"), self._rounds - 1))
            for forks in idle.FORKS
        }
        return {"hosts": idle.FORKS_AT, "by number": by_number}

    def _ssh(self, stage: idle.Stage, mirror: MirrorServer, variables: Mapping[str, Any]) -> dict[str, Any]:
        key = self._directory / "key"
        there = replace(stage, variables=variables)
        return _by_count(plays.ssh(there, mirror, key, idle.SSH, self._rounds * 2, _SSH_NAMES))


def _by_count(results: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    return {str(count): _json(names) for count, names in results.items()}


def _json(results: dict[str, Any]) -> dict[str, Any]:
    return {name: result.as_json() for name, result in results.items()}


def _machine(uv: Path) -> dict[str, Any]:
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    said = subprocess.run([uv, "--version"], capture_output=True, text=True, check=True).stdout.split()
    return {
        "date": datetime.datetime.now(tz=datetime.UTC).strftime("%Y-%m-%d"),
        "system": f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release()}",
        "processor": model[0].partition(":")[2].strip() if model else platform.machine(),
        "processors": processors(),
        "ansible": ansible_version,
        "python": platform.python_version(),
        "uv": said[1],
    }


if __name__ == "__main__":
    sys.exit(main())
