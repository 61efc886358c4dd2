# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A refusal is a task's result like any other: what a playbook says of results holds for it too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.playbook import Controller

pytestmark = pytest.mark.leg

HERE = {"here": {"ansible_connection": "local"}}
# Upstream has never built it: always refused, and nothing is fetched for that.
REFUSED: dict[str, Any] = {"version": "3.13", "triples": ["i686-unknown-linux-gnu"]}


def test_failed_when_sees_the_refusal(controller: Controller) -> None:
    task = {"fleet.python.asset_info": REFUSED, "register": "said", "failed_when": "'3.13' not in said.msg"}
    run = controller.play(HERE, [task])
    assert run.status == 0, run.output
    assert run.outcomes[0].ok()["msg"].startswith("here: ")


def test_until_tries_again(controller: Controller) -> None:
    task = {
        "fleet.python.asset_info": REFUSED,
        "register": "said",
        "until": "said is not failed",
        "retries": 1,
        "delay": 0,
    }
    run = controller.play(HERE, [task])
    assert "RETRYING: [here]" in run.output
    run.outcomes[-1].refusal()
