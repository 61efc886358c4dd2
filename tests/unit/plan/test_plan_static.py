# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Static builds run where nothing else does: the way out that a refusal names is one that the plan takes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.module_utils._options import interpreter_options
from ansible_collections.fleet.python.plugins.plugin_utils._builds.query import ResolveError
from ansible_collections.fleet.python.plugins.plugin_utils._host.platform import PlatformError, triples_of
from ansible_collections.fleet.python.plugins.plugin_utils._plan.chooser import Chooser
from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import Plan, make_plan
from ansible_collections.fleet.python.plugins.plugin_utils._plan.task import task_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import sources_of
from tests.unit.host.evidence import GLIBC, Evidence
from tests.unit.plan.hosts import GNU, Host, entry, with_homes

MUSL = "x86_64-unknown-linux-musl"
OLD = Evidence(says=(GLIBC[0].format("2.12"), GLIBC[1]))
NEW = Evidence()


NAME = f"cpython-3.13.2+20250317-{MUSL}-lto+static-full.tar.zst"


@pytest.fixture
def sums(tmp_path: Path) -> str:
    """A list as a source has it: the bundled one names no static build."""
    path = tmp_path / "SHA256SUMS"
    dynamic = [f"cpython-{version}+20250317-{GNU}-install_only_stripped.tar.gz" for version in ("3.12.9", "3.13.2")]
    path.write_text("".join(f"{'0' * 64}  20250317/{name}\n" for name in (NAME, *dynamic)))
    return str(path)


def plan_on(evidence: Evidence, tmp_path: Path, *versions: str, host: Host | None = None, **others: object) -> Plan:
    """What the action plugin plans for a host with that evidence."""
    defaults = {name: each.get("default") for name, each in interpreter_options().items()}
    options = {**defaults, "version": list(versions), **others}
    ranking = partial(triples_of, evidence.platform(), options["libc"], options["max_level"])
    chooser = Chooser(options, sources_of(options["source"]), ranking, tmp_path)
    return make_plan(task_of(options), (host or Host()).observe(), ranking, chooser.choose)


@pytest.mark.parametrize("evidence", [OLD, NEW], ids=["old glibc", "new glibc"])
@pytest.mark.parametrize(("version", "build"), [("3.13+static", None), ("3.13", "lto+static")])
def test_a_static_build_is_found_for_any_libc(
    evidence: Evidence, tmp_path: Path, sums: str, version: str, build: str | None
) -> None:
    (installed,) = plan_on(evidence, tmp_path, version, build=build, catalogue=sums).installs
    assert (installed.asset, installed.triple) == (NAME, MUSL)


def test_beside_others_each_request_gets_what_it_asks_for(tmp_path: Path, sums: str) -> None:
    plan = plan_on(NEW, tmp_path, "3.12", "3.13+static", catalogue=sums)
    assert [build.triple for build in plan.installs] == [GNU, MUSL]


def test_the_bundled_list_has_none_and_says_who_has(tmp_path: Path) -> None:
    with pytest.raises(ResolveError, match="the bundled catalogue lists no static build of it: set catalogue: source"):
        plan_on(OLD, tmp_path, "3.13+static")


def test_what_is_not_static_stays_refused_on_an_old_glibc(tmp_path: Path, sums: str) -> None:
    with pytest.raises(PlatformError, match=r"the builds need glibc 2\.17"):
        plan_on(OLD, tmp_path, "3.12", "3.13+static", catalogue=sums)


def test_an_installed_static_build_is_kept(tmp_path: Path) -> None:
    static = entry("3.13.2", "20250317", MUSL, what="lto+static-full")
    host = with_homes(static, links={"3.13": "3.13.2"})
    (name,) = host.homes
    home = host.homes[name]
    host = replace(host, homes={name: replace(home, receipt={**home.receipt, "build": "lto+static"})})
    assert not plan_on(OLD, tmp_path, "3.13+static", host=host).changed
