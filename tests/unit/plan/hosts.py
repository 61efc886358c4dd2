# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and catalogues for the plan's tests, and what becomes of a host when a plan is carried out on it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import home_name, parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry, ListCatalogue
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import Request, parse_request
from ansible_collections.fleet.python.plugins.plugin_utils._builds.resolve import resolve
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import (
    Home,
    Listing,
    Observation,
    RootState,
)
from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import Build, Plan, Ranking, Task, make_plan

ROOT = "/opt/python"
GNU = "x86_64-unknown-linux-gnu"
V2 = "x86_64_v2-unknown-linux-gnu"
V3 = "x86_64_v3-unknown-linux-gnu"
TRIPLES = (V3, V2, GNU)
FILES = 100


def entry(
    version: str, release: str, triple: str = GNU, what: str = "install_only_stripped", sha256: str = ""
) -> Entry:
    """An asset; its digest is made of its name where none is given."""
    archive = "tar.zst" if what.endswith("full") else "tar.gz"
    name = f"cpython-{version}+{release}-{triple}-{what}.{archive}"
    return Entry(release, parse_asset(name), sha256 or hashlib.sha256(name.encode()).hexdigest())


def receipt_of(each: Entry) -> dict[str, Any]:
    """The receipt as the host has it after an installation."""
    asset = each.asset
    return {
        "format": 1,
        "asset": asset.name,
        "release": each.release,
        "version": asset.version,
        "triple": asset.normal_triple,
        "flavor": asset.flavor,
        "build": asset.build or "pgo+lto",
        "program": f"bin/python{asset.python_minor}",
        "sha256": each.sha256,
        "source": "pushed by the controller",
        "files": FILES,
        "installed": "2026-01-01T00:00:00Z",
    }


def listing(path: str, target: str | None = None, kind: str = "-") -> Listing:
    """What ``ls -ldn`` shows of a link (with a target), a file or a directory (``d``)."""
    return Listing(path, f"{'l' if target is not None else kind}rwxr-xr-x", 0, 0, target)


@dataclass(frozen=True)
class Host:
    """What is on a host: homes by name, minor links (what they lead to, and led to before), and links elsewhere.

    ``others`` are the root's other entries; ``root`` is what the probe tells of it otherwise than usual.
    """

    homes: Mapping[str, Home] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    previous: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, Listing] = field(default_factory=dict)
    made_links: tuple[str, ...] = ()
    others: tuple[Listing, ...] = ()
    root: Mapping[str, Any] = field(default_factory=dict)

    def observe(self, task_links: Iterable[str] = ()) -> Observation:
        """What the probe finds for a task that names these links."""
        entries = (
            *(listing(name, kind="d") for name in self.homes),
            *(listing(name, target) for name, target in self.links.items()),
            *(listing(f".{name}.previous", target) for name, target in self.previous.items()),
            *self.others,
        )
        shown = {*task_links, *self.made_links}
        at = listing(ROOT, kind="d") if entries else listing("/opt", kind="d")
        root = RootState(
            ROOT, at=at, folder=at.is_directory, writable=True, free=10 << 30, mount_point="/", entries=entries
        )
        return Observation(
            system="Linux",
            kernel_release="6.1",
            kernel_arch="x86_64",
            uid=0,
            os={},
            programs=(),
            loaders=(),
            loader_says="",
            loader_levels=(),
            loader_file="",
            getconf="",
            cpu={},
            darwin={},
            tools={},
            pythons=(),
            root=replace(root, **self.root),
            homes=tuple(self.homes.values()),
            made_links=self.made_links,
            paths={path: found for path, found in self.paths.items() if path in shown},
        )

    def carried_out(self, plan: Plan, catalogue: Iterable[Entry]) -> Host:
        """The host after the plan, in the order of module_utils/_home/apply.py; each step may be done on this host."""
        digests = {each.asset.name: each for each in catalogue}
        homes, links, paths, previous = dict(self.homes), dict(self.links), dict(self.paths), dict(self.previous)
        for build in plan.installs:
            taken = {*homes, *links, *(other.path for other in self.others)}
            assert build.home not in taken, "a home is never changed in place"
            homes[build.home] = Home(build.home, receipt_of(digests[build.asset]), FILES, True)
        for name, home in plan.links.items():
            assert home in homes, "no link leads to nothing"
            if plan.record_previous and name in links:
                previous[name] = links[name]
            links[name] = home
        for path, target in plan.paths.items():
            assert paths.get(path, listing(path, "")).is_link, "only links are replaced"
            paths[path] = listing(path, target)
        for path in plan.unlink:
            folder, _slash, name = path.rpartition("/")
            gone = links.pop(name) if folder == ROOT else paths.pop(path)
            assert gone
        for home in plan.remove:
            assert home not in links.values(), "what is linked stays"
            del homes[home]
        previous = {name: home for name, home in previous.items() if home in homes}
        made = self.made_links if plan.made_links is None else plan.made_links
        return replace(self, homes=homes, links=links, previous=previous, paths=paths, made_links=tuple(made))


def with_homes(*entries: Entry, links: Mapping[str, str] | None = None, **others: Any) -> Host:
    """A host where these are installed, whole; ``links`` by name to the version that each leads to."""
    homes = {home_name(each.asset): Home(home_name(each.asset), receipt_of(each), FILES, True) for each in entries}
    names = {each.asset.version: home_name(each.asset) for each in entries}
    return Host(homes, {name: names[version] for name, version in (links or {}).items()}, **others)


def damaged(host: Host, home: str, *, receipt: Any = None) -> Host:
    """The host with a file of a home lost; with ``receipt`` given, that in place of the home's own."""
    before = host.homes[home]
    after = replace(before, files=FILES - 1) if receipt is None else replace(before, receipt=receipt, runs=False)
    return replace(host, homes={**host.homes, home: after})


class Catalogue:
    """Answers the plan's questions with the real resolution, and notes them."""

    def __init__(self, *entries: Entry, triples: tuple[str, ...] = TRIPLES, task: Task | None = None) -> None:
        self.entries = entries
        self.asked: list[str] = []
        self._triples = triples
        self._task = task

    def choose(self, request: Request) -> Entry:
        self.asked.append(request.text)
        release = self._task.release if self._task else None
        flavor = self._task.flavor if self._task else None
        listed = ListCatalogue(self.entries, origin="the test's catalogue")
        return resolve(request, self._triples, listed, release=release, flavor=flavor).chosen


def task(*requests: str, **others: Any) -> Task:
    """A task with these requests."""
    return Task(tuple(map(parse_request, requests)), ROOT, **others)


def running(triples: tuple[str, ...]) -> Ranking:
    """A host that can run these, whatever the build; static builds too, where they are for one of them."""

    def ranking(*, static: bool = False) -> tuple[str, ...]:
        return triples

    return ranking


def plan_for(asked: Task, host: Host, *entries: Entry, triples: tuple[str, ...] = TRIPLES) -> Plan:
    """The plan on a host where the catalogue has ``entries``."""
    return make_plan(
        asked, host.observe(asked.links), running(triples), Catalogue(*entries, triples=triples, task=asked).choose
    )


def actions(plan: Plan) -> list[tuple[str, str, str]]:
    """Request, action and version of each outcome."""
    return [(each.request, each.action, _version(each.build or each.before)) for each in plan.outcomes]


def _version(build: Build | None) -> str:
    return build.version if build else ""
