# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/works-with.md says, done as it says it, and looked at as its reader would."""

from __future__ import annotations

from collections.abc import Mapping

from tests.integration.target import Target
from tests.works_with.conftest import PlayOf, Shell
from tests.works_with.page import Section

PYTHON = "/opt/python/3.13/bin/python3.13"
# The build of the test world that satisfies 3.13.
VERSION = "3.13.2"
Page = Mapping[str, Section]


def run(shell: Shell, section: Section) -> str:
    assert section.scripts
    return "".join(shell(script) for script in section.scripts)


def environment_is_of_ours(shell: Shell, python: str) -> None:
    """A virtual environment runs our build, by the path that stays the same."""
    base = "import os, sys; print(sys.version.split()[0], os.path.realpath(sys.base_prefix))"
    assert shell(f"{python} -c '{base}'").split() == [VERSION, shell("realpath /opt/python/3.13").strip()]


def names_the_link(shell: Shell, environment: str) -> bool:
    """Whether it names the minor link, which follows an upgrade, or else the build behind it; nothing else will do."""
    [home] = [line.split()[-1] for line in shell(f"cat {environment}/pyvenv.cfg").splitlines() if line[:5] == "home "]
    assert home in ("/opt/python/3.13/bin", shell("realpath /opt/python/3.13/bin").strip())
    return home == "/opt/python/3.13/bin"


def test_every_section_is_run_by_a_test(page: Page) -> None:
    tested = {"Ansible", "Mitogen", "ansible.builtin.pip", "uv", "pipx", "virtualenv", "hatch", "systemd"}
    assert page.keys() == tested | {"Works with what you already use", "The tools on the same Python"}


def test_ansible_by_what_the_task_returned(provisioned: Target, page: Page, play_of: PlayOf) -> None:
    [install] = page["Works with what you already use"].plays
    [follows] = page["Ansible"].plays
    ran = play_of(install, follows)
    assert ran.status == 0, ran.output
    assert ran.outcomes[0].ok()["changed"] is False
    assert ran.outcomes[-1].ok()["msg"] == f"{VERSION} in {PYTHON}"


def test_ansible_by_the_inventory(provisioned: Target, page: Page, play_of: PlayOf) -> None:
    [inventory] = page["Ansible"].inventories
    variables = inventory["all"]["vars"]
    assert variables == {"ansible_python_interpreter": PYTHON}
    say = {"ansible.builtin.command": {"cmd": f"{PYTHON} --version"}}
    ran = play_of({"hosts": "all", "tasks": [say]}, **variables)
    assert ran.status == 0, ran.output
    [facts, said] = ran.outcomes
    assert facts.ok()["ansible_facts"]["ansible_python"]["executable"] == PYTHON
    assert said.ok()["stdout"] == f"Python {VERSION}"


def test_ansible_pip_with_a_virtual_environment(provisioned: Target, page: Page, play_of: PlayOf, sh: Shell) -> None:
    [play] = page["ansible.builtin.pip"].plays
    first, again = play_of(play), play_of(play)
    assert first.status == 0, first.output
    assert [outcome.ok()["changed"] for outcome in again.outcomes] == [False, False]
    environment_is_of_ours(sh, "/srv/cow/bin/python")
    assert names_the_link(sh, "/srv/cow")
    assert "moo" in sh("/srv/cow/bin/pycowsay moo")


def test_pip_does_not_install_into_the_build(sh: Shell) -> None:
    assert "externally-managed-environment" in sh(f"{PYTHON} -m pip install pycowsay 2>&1 || :")


def test_uv(tools: Shell, page: Page) -> None:
    found = run(tools, page["uv"]).splitlines()[-1]
    assert tools(f"realpath {found}") == tools(f"realpath {PYTHON}")
    assert tools(f"uv python find --no-python-downloads {PYTHON}").strip().startswith("/opt/python/")
    environment_is_of_ours(tools, "/srv/uv/bin/python")
    assert names_the_link(tools, "/srv/uv")
    assert "moo" in tools("/srv/uv/bin/pycowsay moo")


def test_pipx(tools: Shell, page: Page) -> None:
    run(tools, page["pipx"])
    assert "moo" in tools("pycowsay moo")
    environment_is_of_ours(tools, "/opt/pipx/venvs/pycowsay/bin/python")
    # As the page says it; where this changes, the page gets shorter.
    assert not names_the_link(tools, "/opt/pipx/venvs/pycowsay")


def test_virtualenv(tools: Shell, page: Page) -> None:
    run(tools, page["virtualenv"])
    environment_is_of_ours(tools, "/srv/virtualenv/bin/python")
    assert names_the_link(tools, "/srv/virtualenv")
    tools("/srv/virtualenv/bin/pip install pycowsay && /srv/virtualenv/bin/pycowsay moo")


def test_hatch(tools: Shell, page: Page) -> None:
    assert run(tools, page["hatch"]).splitlines()[-1] == "moo"
    environment_is_of_ours(tools, "$(cd /srv/hatch && hatch env find)/bin/python")
    assert names_the_link(tools, "$(cd /srv/hatch && hatch env find)")


def test_systemd(tools: Shell, page: Page) -> None:
    run(tools, page["systemd"])
    ask = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8013/').headers['Server'])"
    # The unit is active before its server listens.
    tries = f'for _ in $(seq 100); do {PYTHON} -c "{ask}" 2>/dev/null && break; sleep 0.1; done'
    assert tools(tries).split()[-1] == f"Python/{VERSION}"
    assert tools("systemctl is-enabled page.service").strip() == "enabled"
