# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switch the links of a plan: all of them, or none."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from contextlib import ExitStack
from functools import partial
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._home.steps import Steps
from ansible_collections.fleet.python.plugins.module_utils._root.errors import ConcurrentRunError, RootError
from ansible_collections.fleet.python.plugins.module_utils._root.links import (
    check_link_place,
    leads_to,
    make_folder,
    previous_of,
    remove_folders,
    remove_link,
    switch_link,
    target_of,
)
from ansible_collections.fleet.python.plugins.module_utils._root.records import read_links, record_links, remember_level


def switch_links(root: str, plan: dict[str, Any], in_use: Collection[str], steps: Steps) -> None:
    """Make and remove the links of a plan: extra links first, then the minor links.

    ``in_use`` are the homes that stay although the plan removes them. If a step fails, those before it are undone.
    Raises ApplyError.
    """
    minors = {os.path.join(root, name): home for name, home in plan["links"].items()}
    staying, unlink = _unlinked(plan, in_use)
    # Check all of them first, so that most errors come before anything has changed.
    for home in plan["links"].values():
        with steps.step("link"):
            if not os.path.isdir(os.path.join(root, home)):
                raise ConcurrentRunError(f"another run has removed {os.path.join(root, home)}")
    for path in (*plan["paths"], *minors):
        with steps.step("link"):
            check_link_place(path)
    if plan["level"]:
        with steps.step("link"):
            remember_level(root, plan["level"])
    with ExitStack() as undo:
        if plan["made_links"] is not None and not staying:
            with steps.step("link"):
                before = read_links(root)
                undo.callback(_attempt, steps, "", partial(record_links, root, before))
                record_links(root, plan["made_links"])
        for path, target in plan["paths"].items():
            with steps.step("link"):
                _switch(root, path, target, undo, steps)
        for path in minors if plan["record_previous"] else ():
            target = target_of(path)
            if target is not None:
                with steps.step("link"):
                    _switch(root, previous_of(path), target, undo, steps)
        for path, target in minors.items():
            with steps.step("link"):
                _switch(root, path, target, undo, steps)
        for path in unlink:
            with steps.step("link"):
                undo.callback(_back, root, path, target_of(path), steps)
                remove_link(path)
        undo.pop_all()
    steps.done += [f"{path} leads to {target}" for path, target in {**plan["paths"], **minors}.items()]
    steps.done += [f"{path} is removed" for path in unlink]


def _unlinked(plan: dict[str, Any], in_use: Collection[str]) -> tuple[list[str], list[str]]:
    """The links to a home that stays, which stay with it as do the links through them, and the links to remove."""
    staying = [path for path in plan["unlink"] if any(leads_to(path, home) for home in in_use)]
    through = tuple(path + "/" for path in staying)
    gone = [
        path
        for path in plan["unlink"]
        if path not in staying and not (through and (target_of(path) or "").startswith(through))
    ]
    return staying, gone


def _switch(root: str, path: str, target: str, undo: ExitStack, steps: Steps) -> None:
    undo.callback(_attempt, steps, "", partial(remove_folders, make_folder(os.path.dirname(path))))
    # It may turn and then fail, for example to reach the disk.
    undo.callback(_back, root, path, target_of(path), steps)
    switch_link(root, path, target)


def _back(root: str, path: str, before: str | None, steps: Steps) -> None:
    """Lead a link back to where it led. ``before`` is None if there was none."""
    now = target_of(path)
    if now == before:
        return
    undo = partial(remove_link, path) if before is None else partial(switch_link, root, path, before)
    _attempt(steps, f"{path} leads to {now}", undo)


def _attempt(steps: Steps, otherwise: str, undo: Callable[[], None]) -> None:
    """Undo something. If that fails too, say what is different now."""
    try:
        undo()
    except (OSError, RootError):
        steps.done += [otherwise] if otherwise else []
