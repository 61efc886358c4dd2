# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan what is to be done on a host: a pure function of the task, the observation and the catalogue.

No I/O, no clock, no Ansible. Check mode, diff and the result are views of the Plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import home_name, parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._builds.quirks import defect_of, quirks_of
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import Request
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._plan.build import build_of, installed_build
from ansible_collections.fleet.python.plugins.plugin_utils._plan.model import (
    FACTS,
    Build,
    Outcome,
    Plan,
    PlanError,
    Ranking,
    Task,
)
from ansible_collections.fleet.python.plugins.plugin_utils._plan.refusals import (
    extra_links,
    programs_of_links,
    refuse_bad_root,
    refuse_facts,
    refuse_foreign_entries,
)
from ansible_collections.fleet.python.plugins.plugin_utils._plan.trust import refuse_untrusted

__all__ = ["Build", "Outcome", "Plan", "PlanError", "Ranking", "Resolver", "Task", "make_plan"]

Resolver = Callable[[Request], Entry]


def make_plan(task: Task, observed: Observation, ranking: Ranking, resolver: Resolver) -> Plan:
    """The plan that brings the host to what the task asks for.

    ``ranking`` says what the host can run. ``resolver`` chooses from the catalogue; it is asked only for
    what is not there yet, so that a host that has everything costs no catalogue. Whether the host has the means to
    install is looked at where the observation knows them. Raises PlanError, and what ``resolver`` raises.
    """
    builds = tuple(build for build in map(installed_build, observed.homes) if build)
    if task.state == "absent" and not builds:
        return _absent(task, observed, builds)
    warnings = refuse_untrusted(observed)
    if task.state == "absent":
        plan = _absent(task, observed, builds)
    elif task.state == "previous":
        plan = _previous(task, observed, builds)
    else:
        plan = _present(task, observed, ranking, builds, resolver)
    if task.facts:
        plan = _with_facts(plan, observed)
    return replace(plan, warnings=(*warnings, *plan.warnings)) if warnings else plan


def _with_facts(plan: Plan, observed: Observation) -> Plan:
    """The plan that writes the host's local fact too, if that is missing or will no longer be true."""
    refuse_facts(observed)
    missing = FACTS not in observed.paths and bool(observed.homes)
    return replace(plan, facts=plan.changed or missing)


def _satisfies(build: Build, request: Request, task: Task) -> bool:
    wanted = task.options_of(request)
    return (
        request.matches(build.version)
        and (build.options.freethreaded, build.options.debug) == (wanted.freethreaded, wanted.debug)
        and build.options.static == wanted.static
        and wanted.optimization in (None, build.options.optimization)
        and task.release in (None, build.release)
        and task.flavor in (None, build.flavor)
    )


def _present(
    task: Task, observed: Observation, ranking: Ranking, builds: tuple[Build, ...], resolver: Resolver
) -> Plan:
    linked = observed.minor_links
    taken = {entry.path for entry in observed.root.entries}
    chosen: dict[Request, Build] = {}
    installs: dict[str, Build] = {}
    for request in task.requests:
        if task.newest or not _kept(request, task, ranking, builds, linked):
            entry = resolver(request)
            same = [each for each in builds if each.asset == entry.asset.name]
            there = (each for each in same if each.whole and each.sha256 == entry.sha256)
            build = next(there, None) or installs.get(entry.asset.name)
            if build is None:
                build = build_of(entry.asset, _free_name(home_name(entry.asset), taken), entry.release, entry.sha256)
                taken.add(build.home)
                installs[entry.asset.name] = build
            chosen[request] = build
    wanted_links = _settled_links(task, ranking, (*builds, *installs.values()), linked, chosen)
    outcomes: list[Outcome] = []
    for request in task.requests:
        build = chosen[request]
        before = next((each for each in builds if each.home == linked.get(build.link)), None)
        outcomes.append(Outcome(request.text, _action(build, before, build in installs.values()), build, before))
    if installs and observed.prerequisites_known:
        refuse_bad_root(observed, installs.values())
    links = {name: home for name, home in wanted_links.items() if linked.get(name) != home}
    refuse_foreign_entries(observed, links)
    paths = extra_links(task, observed, outcomes)
    in_use = {build.home for build in chosen.values()}
    gone = [] if task.keep is None else [*_damaged(builds, chosen), *_pruned(task, observed, builds, links, in_use)]
    # Somebody may have made another link beside ours. Keep what it leads to.
    staying = {**linked, **wanted_links}.values()
    return Plan(
        root=task.root,
        outcomes=tuple(outcomes),
        installs=tuple(installs.values()),
        replaces=_replaced(builds, installs.values(), linked),
        links=links,
        paths=paths,
        made_links=tuple(sorted({*observed.made_links, *task.links})) if paths else None,
        remove=tuple(home for home in gone if home not in staying),
        warnings=tuple(_warnings(task, outcomes)),
    )


def _settled_links(
    task: Task,
    ranking: Ranking,
    builds: tuple[Build, ...],
    linked: Mapping[str, str],
    chosen: dict[Request, Build],
) -> dict[str, str]:
    """What each minor link should lead to. Fills in ``chosen`` for requests that need nothing new.

    They take what this run brings into use, as the next run would, so that the next run has nothing to do.
    """
    open_requests = [request for request in task.requests if request not in chosen]
    wanted: dict[str, str] = {}
    # Each round may move a request to a build that another request has just brought into use.
    for _round in range(len(task.requests) + 1):
        for request in open_requests:
            kept = _kept(request, task, ranking, builds, {**linked, **wanted})
            # Never None: the request is open because something satisfies it.
            if kept is not None:
                chosen[request] = kept
        before, wanted = wanted, {chosen[request].link: chosen[request].home for request in task.requests}
        if wanted == before:
            break
    return wanted


def _damaged(builds: tuple[Build, ...], chosen: Mapping[Request, Build]) -> list[str]:
    """The damaged homes of the chosen builds, which a whole one replaces, also those that were in use until now."""
    assets = {build.asset for build in chosen.values()}
    return [build.home for build in builds if not build.whole and build.asset in assets]


def _replaced(builds: tuple[Build, ...], installs: Iterable[Build], linked: Mapping[str, str]) -> dict[str, str]:
    """For each install that repairs: the damaged home of the same build, and the one in use if there are several."""
    found: dict[str, str] = {}
    for build in installs:
        damaged = [each for each in builds if each.asset == build.asset and not each.whole]
        damaged.sort(key=lambda each: linked.get(each.link) == each.home)
        if damaged:
            found[build.home] = damaged[-1].home
    return found


def _pruned(
    task: Task, observed: Observation, builds: tuple[Build, ...], links: Mapping[str, str], chosen: set[str]
) -> list[str]:
    """The homes to prune after an upgrade. Only a run that switches a link removes any.

    What the link leads to until now is kept first, since that is what one goes back to.
    """
    gone: list[str] = []
    for link, home in links.items():
        older = [build for build in builds if build.link == link and build.whole and build.home != home]
        older.sort(key=lambda build: (build.home == observed.minor_links.get(link), build.age), reverse=True)
        gone += [build.home for build in older[task.keep :] if build.home not in chosen]
    return gone


def _previous(task: Task, observed: Observation, builds: tuple[Build, ...]) -> Plan:
    """Roll each minor link back to what it led to before. A second rollback changes nothing."""
    outcomes: list[Outcome] = []
    links: dict[str, str] = {}
    for request in task.requests:
        if request.minor is None or request.exact:
            raise PlanError(f"version {request.text!r}: to go back, name a minor version such as '3.13'")
        options = task.options_of(request)
        link = request.minor + ("t" if options.freethreaded else "") + ("d" if options.debug else "")
        before = next((build for build in builds if build.home == observed.minor_links.get(link)), None)
        build = next((build for build in builds if build.home == observed.previous.get(link)), None)
        if build is None:
            raise PlanError(f"{link} has nothing to go back to: no home that {task.root}/{link} led to before is left")
        if not build.whole:
            raise PlanError(
                f"{link} cannot go back to {build.home}: it is damaged; ask for a version with state: present"
            )
        same = observed.minor_links.get(link) == build.home
        outcomes.append(Outcome(request.text, "kept" if same else "rolled_back", build, before))
        if not same:
            links[link] = build.home
    refuse_foreign_entries(observed, links)
    return Plan(root=task.root, outcomes=tuple(outcomes), links=links, record_previous=False)


def _kept(
    request: Request, task: Task, ranking: Ranking, builds: tuple[Build, ...], linked: Mapping[str, str]
) -> Build | None:
    """The build in use if it satisfies the request, else the newest that does."""
    whole = [
        build
        for build in builds
        if build.whole
        and _satisfies(build, request, task)
        and build.triple in ranking(static=build.options.static)
        and request.allows(build.version, prerelease=task.prerelease)
    ]
    in_use = [build for build in whole if linked.get(build.link) == build.home]
    return max(in_use or whole, key=lambda build: build.age, default=None)


def _free_name(name: str, taken: set[str]) -> str:
    """The home's name, with a number if a damaged home of the same build has it. Homes are never changed in place."""
    number = 2
    free = name
    while free in taken:
        free = f"{name}.{number}"
        number += 1
    return free


def _action(build: Build, before: Build | None, new: bool) -> str:
    if before is None:
        return "installed" if new else "kept"
    if before.home == build.home:
        return "kept"
    if before.asset == build.asset:
        return "repaired"
    return "upgraded" if build.age > before.age else "rolled_back"


def _warnings(task: Task, outcomes: list[Outcome]) -> list[str]:
    """Warnings for extra links that lead to a build with a quirk, and for new builds with a defect."""
    found = []
    for outcome in outcomes:
        defect = defect_of(parse_asset(outcome.build.asset), outcome.build.release) if outcome.build else None
        if outcome.build and defect and outcome.action != "kept":
            found.append(
                f"{outcome.build.version} of release {outcome.build.release}: {defect.text}; another version, or "
                "another release of it, has no such defect"
            )
    belong = programs_of_links(task, outcomes)
    for build in filter(None, (outcome.build for outcome in outcomes)):
        paths = [path for path, (minor, program) in belong.items() if minor == build.link and "python" in program]
        for quirk in quirks_of(parse_asset(build.asset), build.release) if paths else ():
            if quirk.name == "venv_through_symlink":
                found.append(
                    f"{build.version} of release {build.release}: {quirk.text} "
                    f"({task.root}/{build.link}/bin/python3, not {paths[0]})"
                )
    return found


def _absent(task: Task, observed: Observation, builds: tuple[Build, ...]) -> Plan:
    gone: dict[str, Build] = {}
    outcomes: list[Outcome] = []
    for request in task.requests:
        matching = [build for build in builds if _satisfies(build, request, task)]
        outcomes += [Outcome(request.text, "removed", None, build) for build in matching if build.home not in gone]
        gone.update((build.home, build) for build in matching)
        if not matching:
            outcomes.append(Outcome(request.text, "kept"))
    left = [build for build in builds if build.home not in gone]
    links: dict[str, str] = {}
    unlink: list[str] = []
    for name, home in observed.minor_links.items():
        if home in gone:
            heir = max((b for b in left if b.link == name and b.whole), key=lambda build: build.age, default=None)
            if heir:
                links[name] = heir.home
            else:
                unlink.append(name)
    # Remove an extra link with the minor link that it leads through, but not one that somebody has led elsewhere.
    doomed = tuple(f"{task.root}/{name}/" for name in unlink)
    candidates = {*observed.made_links, *task.links}
    orphans = sorted(
        path
        for path, found in observed.paths.items()
        if path in candidates and found.target is not None and doomed and found.target.startswith(doomed)
    )
    return Plan(
        root=task.root,
        outcomes=tuple(outcomes),
        links=links,
        made_links=tuple(path for path in observed.made_links if path not in orphans) if orphans else None,
        unlink=tuple(orphans) + tuple(f"{task.root}/{name}" for name in unlink),
        remove=tuple(gone),
    )
