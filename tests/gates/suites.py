# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests themselves, the world that they run in, and the demo."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from xml.etree import ElementTree

from tests.world.pins import IMAGES

from .commands import logged, stream
from .environments import Environment, environment
from .legs import Leg, main_leg
from .outcome import StepError
from .packages import ensure_packages
from .places import LOGS, REPOSITORY

# Debian's packages of the browser that opens the report, and of what drives it.
BROWSER = ("chromium", "chromium-driver")


def unit(leg: Leg) -> str:
    """Run the unit tests of a leg."""
    env = environment(leg)
    return _pytest(env, env.variables(), f"unit-{leg.name}", "tests/unit", f"--numprocesses={processors()}")


def page() -> str:
    """Run the tests of the report's page, in one process: they share a browser."""
    ensure_packages(BROWSER)
    env = environment(main_leg())
    return _pytest(env, env.variables(), "page", "tests/page", "--capture=no", beside=True)


def in_world(leg: Leg, folder: str, marked: str, at_once: int = 0, *, beside: bool = False) -> str:
    """Run those tests of a folder that carry (or, with ``not``, do not carry) a marker, in the test world.

    ``at_once`` says how many run side by side; without it as many as the machine does well. ``beside``: see `Step`.
    """
    env = environment(leg)
    name = f"{folder}-{leg.name}-{marked.replace(' ', '-')}"
    variables = {**env.variables(), **world_variables(env)}
    # One more than there are processors: these tests wait for Ansible and podman half of their time.
    workers = f"--numprocesses={at_once or processors() + 1}"
    # Neighbours stay together, so that a module's shared hosts are made once; whoever is done first takes of the rest.
    return _pytest(env, variables, name, f"tests/{folder}", "-m", marked, workers, "--dist=worksteal", beside=beside)


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def world() -> str:
    """Build the test world: release mirror, host images, collections."""
    _world("build")
    return ""


def slow_world() -> str:
    """Build what only the slow tests use of the test world."""
    names = [image.name for image in IMAGES if image.only_named]
    _world("build", "--only", *names)
    return ", ".join(names)


def collections() -> str:
    """Fetch the collections that only the tests use."""
    _world("collections")
    return ""


def demo() -> str:
    """Run the demo in the main leg's environment."""
    env = environment(main_leg())
    stream([REPOSITORY / "tests" / "demo" / "run"], env.variables())
    return ""


def bench() -> str:
    """Run the benchmark, on a machine that does nothing else; its results go into docs/."""
    env = environment(main_leg())
    variables = {**env.variables(), **world_variables(env)}
    stream([env.python, "-m", "tests.bench", "--uv", env.path / "bin" / "uv"], variables)
    return ""


def world_variables(env: Environment) -> dict[str, str]:
    """Return what callers of podman must have in their environment, as the test world says it."""
    command = [str(env.python), "-m", "tests.world", "env"]
    done = subprocess.run(
        command,
        env=env.variables(),
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StepError("tests.world env failed; its own words are above")
    return parse_exports(done.stdout)


def parse_exports(text: str) -> dict[str, str]:
    """Return the variables in lines of the form ``export NAME=value``, quoted as a shell wants them."""
    words = (shlex.split(line) for line in text.splitlines())
    pairs = (line[1].partition("=") for line in words if len(line) == 2 and line[0] == "export")
    return {name: value for name, _equals, value in pairs}


def _world(*command: str) -> None:
    env = environment(main_leg())
    stream([env.python, "-m", "tests.world", *command], env.variables())


def _pytest(env: Environment, variables: dict[str, str], name: str, *arguments: str, beside: bool = False) -> str:
    LOGS.mkdir(parents=True, exist_ok=True)
    report = LOGS / f"{name}.xml"
    report.unlink(missing_ok=True)
    command: list[str | Path] = [env.python, "-m", "pytest", *arguments, f"--junit-xml={report}"]
    try:
        if beside:
            logged(command, variables, name)
        else:
            stream(command, variables)
    except StepError as error:
        if report.is_file():
            raise StepError(f"{summary(report.read_text())} ({error})") from error
        raise
    return summary(report.read_text())


def summary(report: str) -> str:
    """Return the counts of a JUnit report as pytest writes it, in pytest's own words."""
    suites = list(ElementTree.fromstring(report).iter("testsuite"))
    count = {
        key: sum(int(suite.get(key, "0")) for suite in suites) for key in ("tests", "failures", "errors", "skipped")
    }
    failed = count["failures"] + count["errors"]
    words = [f"{count['tests'] - failed - count['skipped']} passed"]
    if failed:
        words.insert(0, f"{failed} failed")
    if count["skipped"]:
        words.append(f"{count['skipped']} skipped")
    return ", ".join(words)
