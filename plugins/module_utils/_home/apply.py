# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply a plan on the host: stage, verify, unpack, try, place, link, remove."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._home.install import fetched_archives, install_build
from ansible_collections.fleet.python.plugins.module_utils._home.removal import (
    finish_removals,
    noted_removal,
    remove_home,
)
from ansible_collections.fleet.python.plugins.module_utils._home.steps import ApplyError, Steps, reason_of
from ansible_collections.fleet.python.plugins.module_utils._home.switch import switch_links
from ansible_collections.fleet.python.plugins.module_utils._home.users import users_of
from ansible_collections.fleet.python.plugins.module_utils._root.errors import RootError
from ansible_collections.fleet.python.plugins.module_utils._root.facts import write_facts
from ansible_collections.fleet.python.plugins.module_utils._root.homes import leave_if_empty
from ansible_collections.fleet.python.plugins.module_utils._root.links import (
    forget_dangling_previous,
    leads_to,
    links_to,
)
from ansible_collections.fleet.python.plugins.module_utils._root.lock import locked
from ansible_collections.fleet.python.plugins.module_utils._root.parts import part_of
from ansible_collections.fleet.python.plugins.module_utils._root.staging import staged, staging_of
from ansible_collections.fleet.python.plugins.module_utils._root.sweep import drop_stages, held, made_with, sweep


def apply_plan(plan: dict[str, Any]) -> dict[str, Any]:
    """Apply ``plan``, in the shape that plugin_utils/_execute/module_plan.py makes, and return what was done.

    Returns ``changed``, ``steps`` (name, home, seconds), ``trials`` (what each new interpreter said, by home),
    ``in_use`` (why a home that was to be removed has stayed, by home), ``notes`` (what the user is warned of),
    ``skipped_sources`` (a line for each source that failed before another one succeeded), and ``pulled_bytes`` (the
    size of what was downloaded, by home).
    Raises ApplyError. Places every install before it moves the first link, and moves every link before it removes
    anything. What fails after that is a warning.
    """
    # Modes that matter are set explicitly. The umask is for files that the interpreter makes in its trial.
    os.umask(0o022)
    # This may run from the tree that becomes the home, where bytecode would be an unplanned change.
    sys.dont_write_bytecode = True
    root = plan["root"]
    steps = Steps()
    trials: dict[str, Any] = {}
    stages = [install["stage"] for install in plan["installs"] if install["stage"]]
    # Keep an empty root that somebody else made, unless this run removes the last interpreter.
    keep_root = os.path.isdir(root) and not plan["remove"] and not made_with(root, {*stages, *staged(root)})
    parts = [name for name in (part_of(root, install["file"]) for install in plan["installs"]) if name]
    with fetched_archives(root, plan, keep_root, steps) as fetched, _held(root, stages, keep_root, steps):
        try:
            with steps.step("sweep"):
                removed = finish_removals(root, {*plan["links"].values(), *plan["remove"]})
                steps.done += [f"{home} is removed, which an earlier run had begun" for home in removed]
                sweep(root, [*stages, *parts])
            for install in plan["installs"]:
                trial = install_build(root, install, fetched.get(install["home"]), steps)
                trials.update({install["home"]: trial} if trial else {})
            in_use = _in_use(root, plan, steps)
            going = [home for home in plan["remove"] if home not in in_use]
            with ExitStack() as stack:
                # What is in use is noted too, so that the next run removes it, if nothing runs from it then.
                left = dict(in_use)
                if plan["links"]:
                    with steps.step("link"):
                        stack.enter_context(noted_removal(root, plan["remove"], plan["venv_roots"], left))
                switch_links(root, plan, in_use, steps)
                left.update(_remove(root, plan, going, steps))
            if plan["facts"]:
                _write_facts(root, plan["facts"], steps)
        finally:
            for archive, _source in fetched.values():
                shutil.rmtree(os.path.dirname(archive), ignore_errors=True)
            _clean(root, [*stages, *parts], keep_root, steps)
    return {
        "changed": bool(steps.done),
        "steps": steps.taken,
        "trials": trials,
        "in_use": left,
        "notes": steps.notes,
        "skipped_sources": steps.skipped_sources,
        "pulled_bytes": steps.pulled_bytes,
    }


def sweep_only(root: str) -> dict[str, Any]:
    """Remove the leftovers of runs that were cut off. A concurrent run has done so already."""
    removed: list[str] = []
    with suppress(RootError), locked(root, patience=0):
        removed = finish_removals(root, ())
        sweep(root, [])
        leave_if_empty(root, keep_root=False)
    return {"changed": bool(removed), "steps": [], "trials": {}, "in_use": {}}


@contextmanager
def _held(root: str, stages: list[str], keep_root: bool, steps: Steps) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            with steps.step("lock"):
                still_there = stack.enter_context(held(root, stages))
                stack.enter_context(locked(root))
                still_there()
        except ApplyError:
            drop_stages(root, stages, keep_root)
            raise
        yield


def _in_use(root: str, plan: dict[str, Any], steps: Steps) -> dict[str, str]:
    """The homes that cannot be removed now, each with the reason."""
    found = {}
    for home in plan["remove"]:
        with steps.step("remove", home):
            going = [path for path in plan["unlink"] if leads_to(path, home)]
            others = [name for name in links_to(root, home) if name not in plan["links"]]
            # Another run may have switched a link to it since the plan was made.
            users = [f"the link {name} leads to it" for name in others if os.path.join(root, name) not in going]
            users += users_of([os.path.join(root, home), *going], plan["venv_roots"])
        if users:
            found[home] = "; ".join(users[:5])
    return found


def _remove(root: str, plan: dict[str, Any], going: list[str], steps: Steps) -> dict[str, str]:
    """Remove homes. Returns why some stay, where the plan has brought others into use, and so has its main effect."""
    left = {}
    for home in going:
        try:
            with steps.step("remove", home):
                undeleted = remove_home(root, home)
        except ApplyError as error:
            if not plan["links"]:
                raise
            left[home] = reason_of(error.__cause__) if isinstance(error.__cause__, OSError) else str(error)
            continue
        steps.done.append(f"{home} is removed")
        if undeleted:
            steps.notes.append(f"{home} is out of use, but not all of it could be deleted: {undeleted}")
    try:
        with steps.step("remove"):
            forget_dangling_previous(root)
    except ApplyError as error:
        steps.notes.append(str(error))
    return left


def _write_facts(root: str, path: str, steps: Steps) -> None:
    """Bring the host's local fact up to date. All else is done by then, so a failure is a warning."""
    try:
        with steps.step("facts"):
            done, note = write_facts(root, path)
    except ApplyError as error:
        steps.notes.append(str(error))
        return
    steps.done += [done] if done else []
    steps.notes += [note] if note else []


def _clean(root: str, stages: list[str], keep_root: bool, steps: Steps) -> None:
    """Remove the staging of this run, and the root if nothing is left in it."""
    for stage in stages:
        shutil.rmtree(os.path.join(staging_of(root), stage), ignore_errors=True)
    try:
        leave_if_empty(root, keep_root)
    except OSError as error:
        steps.notes.append(f"{root} is not tidied up: {reason_of(error)}")
