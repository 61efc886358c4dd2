# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing to do: what a run costs that finds every host as it should be, ours and others', by the number of hosts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .controller import RIVALS, Controller
from .measure import Contender, Result, side_by_side

# Hosts that are processes of this machine, and which contenders are fast enough for so many.
LOCAL = {
    1: ("ours", "our role", "raw", "no-op module", "usual role", "tuned role", "uv"),
    10: ("ours", "our role", "raw", "usual role", "tuned role", "uv"),
    50: ("ours", "our role", "raw", "no-op module", "tuned role"),
    200: ("ours", "our role", "raw"),
    1000: ("ours", "raw"),
}
# What takes long runs in each second or third round: all of the benchmark is to take less than 25 minutes.
SELDOM = {"no-op module": 3, "usual role": 3, "tuned role": 2, "uv": 2}
# Other than the usual 20.
FORKS = (5, 50)
FORKS_AT = 50
SSH = (1, 5, 20)


@dataclass(frozen=True)
class Stage:
    """What has been set up: the controller, an installed interpreter's root, its variables, and uv."""

    controller: Controller
    root: Path
    variables: Mapping[str, Any]
    uv: Path
    uv_environment: Mapping[str, str]


def contenders(stage: Stage, inventory: Path, forks: int, **settings: str) -> dict[str, Contender]:
    """Each way to find that there is nothing to do, by its name; ``settings`` as for `Controller.play`."""
    controller = stage.controller

    def play(playbook: Path, **more: str) -> Contender:
        return partial(controller.play, playbook, inventory, forks=forks, **settings, **more)

    task = {"version": "3.13", "root": "{{ python_root }}"}
    ours = controller.tasks("ours", {"fleet.python.interpreter": task})
    role = {"name": "fleet.python.interpreter"}
    with_variables = {"interpreter_version": ["3.13"], "interpreter_root": "{{ python_root }}"}
    return {
        "ours": play(ours),
        "our role": play(controller.tasks("role", {"ansible.builtin.import_role": role, "vars": with_variables})),
        "raw": play(controller.tasks("raw", {"ansible.builtin.raw": "true"})),
        "no-op module": play(controller.tasks("noop", {"noop": {}})),
        "usual role": play(RIVALS / "usual.yml"),
        "tuned role": play(RIVALS / "tuned.yml", ANSIBLE_PIPELINING="1"),
        "uv": play(
            controller.tasks(
                "uv",
                {
                    "ansible.builtin.command": f"{stage.uv} python install -q 3.13.2",
                    "environment": dict(stage.uv_environment),
                },
            ),
        ),
    }


def local(stage: Stage, hosts: int, forks: int, names: tuple[str, ...], rounds: int) -> dict[str, Result]:
    """So many hosts over the local connection, each with a root of its own: a link to the one that is installed."""
    roots = stage.controller.directory / "roots"
    roots.mkdir(exist_ok=True)
    inventory = {}
    for number in range(hosts):
        root = roots / f"h{number}"
        if not root.is_symlink():
            root.symlink_to(stage.root)
        inventory[f"h{number}"] = {"python_root": str(root)}
    path = stage.controller.inventory(
        f"local-{hosts}",
        inventory,
        ansible_connection="ansible.builtin.local",
        ansible_python_interpreter="/usr/bin/python3",
        **stage.variables,
    )
    every = contenders(stage, path, forks)
    # The first run on one host warms what there is to be warmed.
    return side_by_side({name: every[name] for name in names}, rounds, warm_up=int(hosts == 1), every=SELDOM)


def base(stage: Stage, rounds: int) -> Result:
    """A playbook without a task: what is there before the first host."""
    inventory = stage.controller.inventory("none", {"h0": {"ansible_connection": "ansible.builtin.local"}})
    return side_by_side({"": partial(stage.controller.play, stage.controller.tasks("nothing"), inventory)}, rounds)[""]
