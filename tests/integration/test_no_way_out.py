# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first error of whoever has no way to upstream: a line for each source with its reason, then what to do next."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

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


@pytest.mark.parametrize(
    ("task", "advice"),
    [
        ({"transfer": "auto"}, "or name a mirror, directory or bundle there."),
        ({"transfer": "push"}, "or name a mirror, directory or bundle there."),
        ({"transfer": "pull"}, "or try transfer: push, then run again."),
        ({"catalogue": "source"}, "or name a mirror, directory or bundle there."),
    ],
)
def test_the_controller_itself(task: dict[str, Any], advice: str, controller: Controller, tmp_path: Path) -> None:
    task = {"version": "3.13", "root": str(tmp_path / "python"), "connect_timeout": 2, **task}
    ran = controller.play(
        {"here": {"ansible_connection": "local"}}, [{"fleet.python.interpreter": task}], launcher=ALONE
    )
    _check(ran.outcomes[0].refusal(), advice)


@pytest.mark.parametrize("image", ["alpine", "debian12-python3"])
@pytest.mark.parametrize(
    ("transfer", "advice"),
    [("auto", "or name a mirror, directory or bundle there."), ("pull", "or try transfer: push, then run again.")],
)
def test_a_host(image: str, transfer: str, advice: str, new_host: NewHost, controller: Controller) -> None:
    target = new_host(image, "--network=none")
    task = {"version": "3.13", "transfer": transfer, "connect_timeout": 2}
    ran = controller.play({target.name: target.variables}, [{"fleet.python.interpreter": task}], launcher=ALONE)
    _check(ran.outcomes[0].refusal(), advice)
