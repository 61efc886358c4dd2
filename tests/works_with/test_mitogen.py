# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plays of docs/works-with.md on Mitogen, on a host that has no Python when they begin."""

from __future__ import annotations

import importlib.util
import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.playbook import Controller
from tests.works_with.page import Section
from tests.world import hosts
from tests.world.cache import Cache
from tests.world.podman import bridge_address
from tests.world.server import MirrorServer

_PYTHON = "/opt/python/{}/bin/python{}"


def strategies() -> Path:
    """Where this environment has Mitogen's strategies."""
    found = importlib.util.find_spec("ansible_mitogen")
    if found is None or found.origin is None:
        pytest.skip("Mitogen is not installed here: the main leg has it")
    return Path(found.origin).with_name("plugins") / "strategy"


@pytest.mark.slow
def test_mitogen(
    page: Mapping[str, Section],
    containers: Mapping[str, str],
    collections: tuple[Path, ...],
    world: Cache,
    tmp_path: Path,
) -> None:
    controller = Controller(tmp_path / "controller", collections)
    # ansible-core says of every strategy but its own that it is deprecated.
    settings = {"ANSIBLE_STRATEGY_PLUGINS": str(strategies()), "ANSIBLE_DEPRECATION_WARNINGS": "False"}
    with (
        hosts.host("debian12", f"w-{uuid.uuid4().hex[:12]}") as container,
        MirrorServer(world.mirror, bridge_address()) as mirror,
    ):
        source = {"source": mirror.url, "catalogue": "source", "insecure_source": True, "compile_bytecode": False}
        # Mitogen replaces the connection of this name by its own. Its user is root already.
        own = {"ansible_connection": "podman", "ansible_host": container.name, "ansible_become": False}

        defaults = {"module_defaults": {"group/fleet.python.python": source}}
        first = controller.plays({"host": own}, [defaults | play for play in page["Mitogen"].plays], variables=settings)
        assert first.status == 0, first.output
        installed, said = first.outcomes
        assert installed.ok()["changed"]
        assert said.ok()["stdout"] == "Python 3.13.2"

        # From here on by Mitogen alone: nothing to do, an installation, an upgrade, the way back.
        def by_mitogen(**task: object) -> tuple[str, bool]:
            whose = {"ansible.builtin.command": {"argv": ["sh", "-c", 'tr "\\0" " " </proc/$PPID/cmdline']}}
            ran = controller.play(
                {"host": own | {"ansible_python_interpreter": _PYTHON.format("3.13", "3.13")}},
                [{"fleet.python.interpreter": source | task}, whose],
                variables=settings,
                strategy="mitogen_linear",
            )
            assert ran.status == 0, ran.output
            done, parent = ran.outcomes
            assert "mitogen:" in parent.ok()["stdout"]
            [interpreter] = done.ok()["interpreters"]
            version = hosts.run(
                container, interpreter["interpreter"], "-c", "import platform; print(platform.python_version())"
            )
            assert interpreter["version"] == version.strip()
            return interpreter["action"], done.ok()["changed"]

        assert by_mitogen(version="3.13") == ("kept", False)
        assert by_mitogen(version="3.12.2") == ("installed", True)
        assert by_mitogen(version="3.12", state="latest", transfer="push") == ("upgraded", True)
        assert by_mitogen(version="3.12", state="latest") == ("kept", False)
        assert by_mitogen(version="3.12", state="previous") == ("rolled_back", True)
