# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the demo, and its course: set up, first run, second run, clean up."""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.gates.places import BUILD, REPOSITORY
from tests.world import cli as world
from tests.world.cache import Cache
from tests.world.errors import WorldError
from tests.world.output import say, warn
from tests.world.podman import bridge_address, unavailable
from tests.world.server import MirrorServer

from .machines import CONTAINERS, Machine, containers, this_machine
from .play import DemoError, Play
from .stand_ins import note_on_stand_ins

VERSION = "3.13"
# The page of the report.
PAGE = BUILD / "report.html"
# What the demo needs of the test world; where all of that is built, nothing is fetched.
_BUILDS = f"{VERSION}.*"


@dataclass(frozen=True)
class _Options:
    name: str
    root: Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; return its exit status."""
    options = _options(arguments)
    reason = unavailable()
    wanted = [_BUILDS, *(() if reason else ("collections", *CONTAINERS.values()))]
    say("the embedded release mirror" + ("" if reason else ", and the images of four hosts without Python"))
    if world.main(["build", "--only", *wanted]):
        return 1
    if reason:
        say(f"this machine only, no containers: {reason}")
    if os.geteuid() != 0:
        say(f"not root: not into /opt/python, but into {options.root}")
    try:
        with _world(options, reason is None) as (machines, mirror):
            _show(Play(machines, mirror, VERSION))
    except (DemoError, WorldError) as error:
        warn(f"demo: {error}")
        return 1
    except KeyboardInterrupt:
        warn("interrupted")
        return 130
    return 0


def _options(arguments: Sequence[str] | None) -> _Options:
    root = Path("/opt/python") if os.geteuid() == 0 else Path.home() / ".local" / "share" / "fleet.python" / "demo"
    parser = argparse.ArgumentParser(
        prog="tests/demo/run", description="Run playbooks/site.yml against the test world."
    )
    parser.add_argument(
        "--name", default="demo", help="what the names of the containers begin with (default: %(default)s)"
    )
    parser.add_argument(
        "--root", type=Path, default=root, help="where this machine gets its Python (default: %(default)s)"
    )
    given = parser.parse_args(arguments)
    return _Options(given.name, given.root.absolute())


@contextlib.contextmanager
def _world(options: _Options, with_containers: bool) -> Iterator[tuple[list[Machine], str]]:
    """The machines and the URL of a mirror that all of them reach, for the block only."""
    with contextlib.ExitStack() as stack:
        machines = [this_machine(options.root)]
        if with_containers:
            machines += containers(options.name)
        bind = bridge_address() if with_containers else "127.0.0.1"
        mirror = stack.enter_context(MirrorServer(Cache().mirror, bind))
        say(f"the mirror is served at {mirror.url}")
        yield machines, mirror.url


def _show(play: Play) -> None:
    """Both runs, each of which ends with its table, and the report. Raises DemoError where one is not as it must be."""
    with tempfile.TemporaryDirectory(prefix="fleet-python-demo-") as scratch:
        say("\nfirst run")
        first = play.run(Path(scratch, "first"))
        started = play.versions_by_interpreters(first)
        say(f"started each interpreter on its host and imported ssl there: {', '.join(sorted(set(started)))}")
        note = note_on_stand_ins(first)
        if note:
            say(note)
        say("\nsecond run")
        second = play.run(Path(scratch, "second"))
        changed = [machine.name for machine in second if machine.changed]
        if changed:
            raise DemoError(f"the second run changed {', '.join(changed)}, and it must change nothing")
        say(f"changed=0 on all {len(second)} hosts" if len(second) > 1 else "changed=0")
        say("\nthe report")
        PAGE.parent.mkdir(exist_ok=True)
        play.report(Path(scratch, "report"), PAGE)
        say(f"the page, for a browser: {PAGE.relative_to(REPOSITORY)}")
