# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of ``python3 -m tests.gates``: one for each target of the Makefile."""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Callable, Sequence
from functools import partial

from tests.molecule import consumer, scenario

from . import artifact, lint, site, suites
from .environments import environment
from .legs import LEGS, Leg, main_leg, python_for
from .outcome import StepNotRun
from .packages import ensure_packages, world_packages
from .places import BUILD
from .sanity import sanity
from .steps import Step, run, table

# The folders of tests that need the test world, and take longer than what a change can wait for.
_LONG = ("homes", "faults")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the steps of one target; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.gates", description="Set-up, gates and tests of fleet.python."
    )
    parser.add_argument("target", choices=[*_TARGETS, "clean"])
    target: str = parser.parse_args(arguments).target
    if target == "clean":
        shutil.rmtree(BUILD, ignore_errors=True)
        return 0
    start = time.monotonic()
    try:
        results = run(_TARGETS[target]())
    except KeyboardInterrupt:
        print("interrupted")
        return 130
    # The demo ends with a table of its own.
    if target != "demo":
        print(table(results, time.monotonic() - start))
    return 1 if any(result.outcome == "failed" for result in results) else 0


def _packages() -> Step:
    return Step("packages", lambda: ensure_packages(world_packages()))


def _main() -> Step:
    return Step("environment", _environment_of_main)


def _environment_of_main() -> str:
    try:
        leg = main_leg()
    except StepNotRun as reason:
        raise SystemExit(f"nothing can run: {reason}") from None
    environment(leg)
    return f"{leg.name}, {python_for(leg)}"


def _others() -> list[Leg]:
    return [leg for leg in LEGS if leg != main_leg()]


def _environments() -> list[Step]:
    return [_main(), *(Step(f"environment {leg.name}", partial(_environment_of, leg)) for leg in _others())]


def _environment_of(leg: Leg) -> str:
    environment(leg)
    return str(python_for(leg))


def _world() -> Step:
    return Step("world", suites.world, ("environment",))


def _collections() -> Step:
    return Step("collections", suites.collections, ("environment",))


def _lint() -> list[Step]:
    checks: dict[str, Callable[[], str]] = {
        "ansible-lint": lint.ansible_lint,
        "mypy": lint.mypy,
        "yamllint": lint.yamllint,
        "shellcheck": lint.shellcheck,
        "zizmor": lint.zizmor,
        "ruff": lint.ruff,
        "biome": lint.biome,
        "docs": lint.docs,
        "prose": lint.prose,
        "role README": lint.role_readme,
        "platforms": lint.platforms,
        "module map": lint.module_map,
        "changelog": lint.changelog,
    }
    return [Step(name, check, ("environment", "collections"), beside=True) for name, check in checks.items()]


def _site() -> Step:
    return Step("docs site", site.site, ("environment",), beside=True)


def _by_leg(name: str, check: Callable[[Leg], str], *, beside: bool = False) -> list[Step]:
    return [
        Step(f"{name} {leg.name}", partial(check, leg), ("environment", f"environment {leg.name}"), beside)
        for leg in LEGS
    ]


def _sanity() -> list[Step]:
    return _by_leg("sanity", sanity, beside=True)


def _page() -> Step:
    # The only one of its neighbours that writes to the terminal.
    return Step("page", suites.page, ("environment",), beside=True)


def _build() -> Step:
    return Step("build", artifact.build, ("environment",))


def _importer() -> Step:
    return Step("galaxy-importer", artifact.galaxy_importer, ("build",), beside=True)


def _integration() -> list[Step]:
    steps = [_in_world("integration", "not slow")]
    for leg in _others():
        check = partial(suites.in_world, leg, "integration", "leg")
        steps.append(Step(f"integration {leg.name}", check, ("world", f"environment {leg.name}")))
    return steps


def _molecule(names: Sequence[str], world: str = "world", *, beside: bool = True) -> list[Step]:
    return [Step(f"molecule {name}", partial(scenario.run, name), ("build", world), beside) for name in names]


def _consumer() -> Step:
    return Step("consumer", consumer.run, ("build", "world"), beside=True)


def _slow() -> list[Step]:
    world = Step("world, slow", suites.slow_world, ("world",))
    long = [_in_world(folder, "not slow") for folder in _LONG]
    tests = [_in_world(folder, "slow") for folder in ("integration", *_LONG)]
    # Emulated hosts keep the processors at work: nothing is won by two at once.
    emulated = _molecule(scenario.EMULATED, world.name, beside=False)
    # In one process: they share the image.
    alone = [_in_world(folder, "slow", 1) for folder in ("works_with", "images")]
    return [*long, world, *tests, *alone, *emulated]


def _beside(folder: str) -> Step:
    # In one process: they share an image, or are about one machine.
    return Step(
        folder, lambda: suites.in_world(main_leg(), folder, "not slow", 1, beside=True), ("world",), beside=True
    )


def _in_world(folder: str, marked: str, at_once: int = 0) -> Step:
    name = folder if marked.startswith("not slow") else f"{folder}, slow"
    return Step(name, lambda: suites.in_world(main_leg(), folder, marked, at_once), ("world",))


def _test() -> list[Step]:
    before = [_packages(), *_environments(), _collections(), _build()]
    # Most of what has neighbours has work for one processor; the longest come first.
    quick = [*_lint(), *_by_leg("unit", suites.unit), *_sanity(), _page(), _importer(), _site()]
    in_containers = [_beside("images"), _beside("works_with"), *_molecule(scenario.NATIVE), _consumer()]
    return [*before, *quick, _world(), *_integration(), *in_containers]


_TARGETS: dict[str, Callable[[], list[Step]]] = {
    "setup": lambda: [_packages(), *_environments(), _world()],
    "lint": lambda: [_main(), _collections(), *_lint()],
    "docs": lambda: [_main(), _site()],
    "unit": lambda: [*_environments(), *_by_leg("unit", suites.unit)],
    "page": lambda: [_packages(), _main(), _page()],
    "sanity": lambda: [*_environments(), *_sanity()],
    "build": lambda: [_main(), _build(), _importer()],
    "integration": lambda: [_packages(), *_environments(), _world(), *_integration()],
    "homes": lambda: [_packages(), _main(), _world(), _in_world("homes", "not slow")],
    "faults": lambda: [_packages(), _main(), _world(), _in_world("faults", "not slow")],
    "molecule": lambda: [_packages(), _main(), _build(), _world(), *_molecule(scenario.NATIVE), _consumer()],
    "images": lambda: [_packages(), _main(), _world(), _beside("images")],
    "test": _test,
    "test-all": lambda: [*_test(), *_slow()],
    "bench": lambda: [_packages(), _main(), _world(), Step("bench", suites.bench, ("world",))],
    "demo": lambda: [_packages(), _main(), Step("demo", suites.demo, ("environment",))],
}
