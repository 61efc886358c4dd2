# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module's page says that it returns is what it returns."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import yaml

from ansible_collections.fleet.python.plugins.action.platform_info import means
from ansible_collections.fleet.python.plugins.modules import interpreter, platform_info
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import BuildOptions
from ansible_collections.fleet.python.plugins.plugin_utils._execute.transfer import (
    Method,
    Transferred,
    transfers_by_home,
)
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import HostPython, Observation, Tool
from ansible_collections.fleet.python.plugins.plugin_utils._host.platform import Platform
from ansible_collections.fleet.python.plugins.plugin_utils._plan import result as _result
from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import Build, Outcome, Plan

INTERPRETER = yaml.safe_load(interpreter.RETURN)
PLATFORM = yaml.safe_load(platform_info.RETURN)["platform"]["contains"]
ROOT = "/opt/python"
HOME = "cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu"
BUILD = Build(
    home=HOME,
    asset=f"{HOME}-install_only_stripped.tar.gz",
    version="3.13.2",
    release="20250317",
    triple="x86_64_v2-unknown-linux-gnu",
    flavor="install_only_stripped",
    options=BuildOptions(),
    link="3.13",
    sha256="0fbccc0127e58fb5e6f99ef77afe23fc596c46390c689d57eebb87a179fae7c6",
)


def test_every_key_of_the_platform() -> None:
    observed = SimpleNamespace(
        pythons=(HostPython("/usr/bin/python3.11", "3.11.2"),), tools={"tar": Tool("tar", "/usr/bin/tar", "gnu")}
    )
    platform = Platform("linux", "x86_64", "x86_64", 64, None, "gnu", "2.36", 3)
    result = platform.result(("x86_64_v3-unknown-linux-gnu",))
    assert result.keys() == INTERPRETER["platform"]["sample"].keys()
    result |= means(cast(Observation, observed))
    assert result.keys() == PLATFORM.keys()
    assert result["pythons"][0].keys() == PLATFORM["pythons"]["contains"].keys()
    assert result["tools"]["tar"].keys() == PLATFORM["tools"]["sample"]["tar"].keys()


def _result_of(plan: Plan) -> dict[str, Any]:
    observed = SimpleNamespace(homes=(), minor_links={}, paths={})
    return _result.planned(plan, cast(Observation, observed), {})


def test_every_key_of_an_installation() -> None:
    result = _result_of(Plan(ROOT, (Outcome("3.13", "installed", BUILD),), (BUILD,), {"3.13": HOME}))
    documented = INTERPRETER["interpreters"]["contains"]
    way = Method("push", documented["transfer_reason"]["sample"])
    sent = Transferred(
        "a" * 64,
        delta="b" * 64,
        sent_bytes=documented["sent_bytes"]["sample"],
        delta_reason=documented["delta_reason"]["sample"],
    )
    steps = [{"name": "lock", "home": "", "seconds": 0.0}]
    transfers = transfers_by_home({HOME: way}, {HOME: sent}, {}, {HOME: documented["pulled_bytes"]["sample"]})
    done = {"changed": True, "steps": steps, "trials": {HOME: {}}, "transfers": transfers}
    applied = _result.applied(result, done)
    # changed is Ansible's own.
    assert applied.keys() - {"changed"} == INTERPRETER.keys()
    assert applied["interpreters"][0].keys() == documented.keys() - {"in_use"}
    assert applied["interpreter"] == INTERPRETER["interpreter"]["sample"]
    samples = {key: documented[key]["sample"] for key in applied["interpreters"][0]}
    assert applied["interpreters"][0] == samples


def test_every_key_of_a_removal_that_may_not_be() -> None:
    documented = INTERPRETER["interpreters"]["contains"]
    travel = {"transfer", "transfer_reason", "sent_bytes", "pulled_bytes", "delta", "delta_reason"}
    plan = Plan(ROOT, (Outcome("3.13", "removed", None, BUILD),), remove=(HOME,))
    done = {"changed": False, "steps": [], "trials": {}, "in_use": {HOME: "process 812 (gunicorn) runs from it"}}
    applied = _result.applied(_result_of(plan), done)
    assert applied["interpreters"][0].keys() == documented.keys() - travel
    assert applied.keys() - {"changed", "warnings"} == INTERPRETER.keys()
