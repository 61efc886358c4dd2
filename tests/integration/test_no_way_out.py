# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first error of whoever has no way to upstream: a line for each source with its reason, then what to do next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.integration.conftest import NewHost
from tests.integration.playbook import Controller

SOURCES = (
    "https://releases.astral.sh/github/python-build-standalone/releases/download/",
    "https://github.com/astral-sh/python-build-standalone/releases/download/",
)
# A network of its own, with nothing in it.
ALONE = ("unshare", "--net")


def _check(message: str, advice: str) -> None:
    first, *lines = message.splitlines()
    assert first.endswith(("no source gave the archive:", "no source says what it has:"))
    assert len(lines) == len(SOURCES) + 1
    for source, line in zip(SOURCES, lines, strict=False):
        assert re.match(rf"  {re.escape(source)}\S+: .*\w", line)
        assert message.count(source) == 1
    assert lines[-1].endswith(advice)
    # No word of the programs' own.
    assert not re.search(r"\w+Error|gaierror|Exception", message)


MIRROR, PUSH = "or name a mirror, directory or bundle there.", "or try transfer: push, then run again."


def test_the_controller_itself(controller: Controller, tmp_path: Path) -> None:
    advice = {"auto": MIRROR, "push": MIRROR, "pull": PUSH, "source": MIRROR}
    hosts = {
        name: {"ansible_connection": "local", **({"catalogue": name} if name == "source" else {"transfer": name})}
        for name in advice
    }
    _check_all(controller, hosts, advice, root=f"{tmp_path}/python of {{{{ inventory_hostname }}}}")


def test_a_host(new_host: NewHost, controller: Controller) -> None:
    advice = {"auto": MIRROR, "pull": PUSH}
    targets = [new_host(image, "--network=none") for image in ("alpine", "debian12-python3")]
    hosts = {
        f"{target.name}-{transfer}": {**target.variables, "transfer": transfer}
        for target in targets
        for transfer in advice
    }
    _check_all(controller, hosts, {name: advice[name.rpartition("-")[2]] for name in hosts})


def _check_all(
    controller: Controller, hosts: Mapping[str, Mapping[str, Any]], advice: Mapping[str, str], **options: str
) -> None:
    """Each host has its transfer or catalogue in its variables."""
    own = {name: f"{{{{ {name} | default(omit) }}}}" for name in ("transfer", "catalogue")}
    task = {"version": "3.13", "connect_timeout": 2, **own, **options}
    ran = controller.play(hosts, [{"fleet.python.interpreter": task}], launcher=ALONE)
    assert {outcome.host for outcome in ran.outcomes} == set(hosts)
    for outcome in ran.outcomes:
        _check(outcome.refusal(), advice[outcome.host])
