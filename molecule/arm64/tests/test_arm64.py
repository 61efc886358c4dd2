# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian and Alpine on aarch64, emulated. Alpine's build is a stand-in, as on x86-64."""

from __future__ import annotations

import pytest
from testinfra.host import Host

from tests.molecule import looks

testinfra_hosts = [f"{looks.PREFIX}arm64-debian", f"{looks.PREFIX}arm64-alpine"]

# What each host must have: the build, its C library, and the modules to import.
EXPECTED = {
    "debian": ("cpython-3.13.2+20250317-aarch64-unknown-linux-gnu", "glibc", looks.MODULES + looks.MORE_MODULES),
    "alpine": ("cpython-3.13.2+20250993-aarch64-unknown-linux-musl", "musl", looks.MODULES),
}


@pytest.fixture
def expected(host: Host) -> tuple[str, str, tuple[str, ...]]:
    return EXPECTED[host.check_output(". /etc/os-release; echo $ID")]


def test_interpreter_runs_and_is_the_one_asked_for(host: Host, expected: tuple[str, str, tuple[str, ...]]) -> None:
    home, libc, modules = expected
    said = looks.ask(host, "/opt/python/3.13/bin/python3.13", *modules)
    assert said["version"] == "3.13.2"
    assert said["machine"] == "aarch64"
    assert said["platform"] == "linux-aarch64"
    assert said["libc"] == libc
    assert said["prefix"] == f"/opt/python/{home}"


def test_it_is_the_only_build_there(host: Host, expected: tuple[str, str, tuple[str, ...]]) -> None:
    assert looks.homes(host) == {expected[0]}


def test_anybody_can_use_it_and_only_root_can_change_it(host: Host) -> None:
    looks.assert_tidy(host)
    looks.assert_usable_by_anybody(host, "/opt/python/3.13/bin/python3")
