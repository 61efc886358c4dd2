# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a task: views of the plan and of what the host did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._text import clean
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._plan.build import program_of
from ansible_collections.fleet.python.plugins.plugin_utils._plan.model import FACTS, Outcome, Plan


def planned(plan: Plan, observed: Observation, platform: dict[str, Any]) -> dict[str, Any]:
    """The part of the result that follows from the plan: all of it in check mode, or if there is nothing to do."""
    found = interpreters(plan)
    return {
        "changed": plan.changed,
        "interpreter": next((each["interpreter"] for each in found if "interpreter" in each), None),
        "interpreters": found,
        "platform": platform,
        "steps": [],
    }


def applied(result: dict[str, Any], done: dict[str, Any]) -> dict[str, Any]:
    """The result after the module has run: how archives travelled, and which homes had to stay and why."""
    in_use = done.pop("in_use", {})
    transfers = done.pop("transfers", {})
    for each in result["interpreters"]:
        home = each.get("home", "").rpartition("/")[2]
        each |= transfers.get(home, {})
        why = in_use.get(home)
        if why and each["action"] == "removed":
            each |= {"action": "kept", "in_use": why}
    stay = [f"{home} is not removed: {why}" for home, why in in_use.items()]
    return with_warnings(result | done, [*done.pop("warnings", []), *done.pop("notes", []), *stay])


def with_warnings(result: dict[str, Any], warnings: list[Any]) -> dict[str, Any]:
    """The result with these warnings too. They may name what a source or a file says. Ansible's own are objects."""
    cleaned = [clean(warning) if isinstance(warning, str) else warning for warning in warnings]
    every = [*result.get("warnings", []), *cleaned]
    return result | {"warnings": every} if every else result


def interpreters(plan: Plan) -> list[dict[str, Any]]:
    """One entry for each request (``absent``: for each home that is removed)."""
    return [_interpreter(plan, outcome) for outcome in plan.outcomes]


def _interpreter(plan: Plan, outcome: Outcome) -> dict[str, Any]:
    build = outcome.build or outcome.before
    found: dict[str, Any] = {"request": outcome.request, "action": outcome.action}
    if build:
        found |= {
            "interpreter": f"{plan.root}/{build.link}/{program_of(build)}",
            "home": f"{plan.root}/{build.home}",
            "version": build.version,
            "release": build.release,
            "asset": build.asset,
            "sha256": build.sha256,
        }
    return found


def diff(plan: Plan, observed: Observation) -> dict[str, str]:
    """Before and after of what is below the root, and of the links, as ``--diff`` shows it."""
    homes = {f"{plan.root}/{home.name}": _home_line(home.whole) for home in observed.homes}
    links = {f"{plan.root}/{name}": f"-> {home}" for name, home in observed.minor_links.items()}
    paths = {path: f"-> {found.target}" for path, found in observed.paths.items() if found.is_link}
    facts = {FACTS: "local fact"}
    before = homes | links | paths | (facts if FACTS in observed.paths else {})
    after = dict(before)
    after |= {f"{plan.root}/{build.home}": _home_line(True) for build in plan.installs}
    after |= {f"{plan.root}/{name}": f"-> {home}" for name, home in plan.links.items()}
    after |= {path: f"-> {target}" for path, target in plan.paths.items()}
    # The last home of a root takes its entry with it. What the file has of other roots is not known here.
    stay = {home.name for home in observed.homes} | {build.home for build in plan.installs}
    if plan.facts and not stay.issubset(plan.remove):
        after |= facts
    for gone in (*plan.unlink, *(f"{plan.root}/{home}" for home in plan.remove)):
        after.pop(gone, None)
    return {"before": _lines(before), "after": _lines(after)}


def _home_line(whole: bool) -> str:
    return "home" if whole else "home, damaged"


def _lines(entries: Mapping[str, str]) -> str:
    return "".join(f"{path} {what}\n" for path, what in sorted(entries.items()))
