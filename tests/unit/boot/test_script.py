# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script: small enough for user data, plain sh, and without secrets unless they are asked for."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._boot.errors import BootError
from ansible_collections.fleet.python.plugins.plugin_utils._boot.script import LARGEST, Ways, boot_text, ways_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import access_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import UPSTREAM, sources_of
from tests.unit.boot.locks import carrier, options

MIRROR = "https://mirror.example.com"


def ways(*, secrets: bool = False, carrier_source: tuple[str, ...] = (), **given: Any) -> Ways:
    access = access_of(options(**given))
    carriers = sources_of(carrier_source, access) if carrier_source else ()
    return ways_of(sources_of(given.get("source", [MIRROR]), access), carriers, access, secrets=secrets)


def text(found: Ways, **given: Any) -> str:
    return boot_text(found, carrier(), options(**given), "3.13 (python.lock.yml)")


def test_it_fits_into_user_data() -> None:
    script = text(ways(source=[*UPSTREAM, MIRROR])).encode()
    assert len(script) <= LARGEST
    assert len(gzip.compress(script, mtime=0)) < len(script) / 2


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("-----BEGIN CERTIFICATE-----\n" + "A" * LARGEST)
    with pytest.raises(BootError, match=r"the script would have \d+ bytes, and user data may have 16384"):
        text(ways(ca_path=str(bundle)))


@pytest.mark.parametrize("shell", ["sh", "dash", "bash", "ksh93"])
def test_half_of_it_does_nothing(shell: str, tmp_path: Path) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    script = text(ways())
    assert script.startswith("#!/bin/sh\n")
    assert script.endswith("\nboot\n")
    (tmp_path / "whole.sh").write_text(script)
    subprocess.run([shell, "-n", tmp_path / "whole.sh"], check=True)
    (tmp_path / "half.sh").write_text(script.removesuffix("boot\n"))
    done = subprocess.run([shell, tmp_path / "half.sh"], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


SECRETS: dict[str, Any] = {
    "source": ["https://user:hidden1@mirror.example.com/pbs?token=hidden2"],
    "headers": {"X-Token": "hidden3"},
    "proxy": "http://user:hidden4@proxy.example.com:3128",
}


def test_secrets_stay_out() -> None:
    found = ways(**SECRETS)
    assert not found.secret
    assert found.left_out == ("source", "carrier_source", "proxy", "header X-Token")
    script = text(found)
    assert "hidden" not in script
    assert "X-Token" not in script
    assert "https://mirror.example.com/pbs" in script
    assert "proxy http://proxy.example.com:3128" in script


def test_secrets_that_are_asked_for_are_in_it() -> None:
    found = ways(secrets=True, **SECRETS)
    assert found.secret
    assert found.left_out == ()
    assert all(f"hidden{number}" in text(found) for number in (1, 2, 3, 4))


def test_nothing_is_secret_where_there_is_no_secret() -> None:
    assert not ways(secrets=True).secret
    assert ways().left_out == ()


def test_where_the_carrier_is() -> None:
    assert ways(source=[*UPSTREAM, MIRROR]).carrier_sources == (MIRROR,)
    assert ways(source=[*UPSTREAM], carrier_source=(f"{MIRROR}/boot",)).carrier_sources == (f"{MIRROR}/boot",)
    with pytest.raises(BootError, match="carrier_source: name the base URL at which you serve the carrier"):
        ways(source=[*UPSTREAM])


def test_hosts_reach_no_directory_of_the_controller(tmp_path: Path) -> None:
    with pytest.raises(BootError, match="is no URL, and a host that boots reaches nothing else"):
        ways(source=[str(tmp_path)])


@pytest.mark.parametrize("shell", [["dash"], ["bash"], ["busybox", "ash"]], ids=" ".join)
@pytest.mark.parametrize(
    "reason", ['a "quoted" \\ word', "two\nlines\tand a tab", "\x1b[31mred\x07", "caf\u00e9 $HOME `id`"]
)
def test_a_refusal_is_one_line_of_json(shell: list[str], reason: str, tmp_path: Path) -> None:
    if not shutil.which(shell[0]):
        pytest.skip(f"{shell[0]} is not installed")
    script = tmp_path / "script.sh"
    script.write_text(text(ways()).removesuffix("boot\n") + 'work=$1/none\nrefuse "$2"\n')
    done = subprocess.run([*shell, script, tmp_path, reason], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.count("\n") == 1
    said = json.loads(done.stdout)
    assert (said["changed"], said["failed"]) == (False, True)
    plain = "".join(mark for mark in reason.replace("\t", " ") if mark == "\n" or " " <= mark <= "~")
    assert f": {plain}. The host is as it was." in said["msg"]


@pytest.mark.parametrize("shell", [["dash"], ["bash"], ["busybox", "ash"]], ids=" ".join)
def test_pauses_grow_and_end(shell: list[str], tmp_path: Path) -> None:
    if not shutil.which(shell[0]):
        pytest.skip(f"{shell[0]} is not installed")
    script = tmp_path / "script.sh"
    # Whoever sleeps here says for how long, and how long it could have been.
    own = 'sleep() { printf "%s %s\\n" "$1" "$longest"; }\ntries=0 longest=$FLEET_SPREAD\nwhile pause; do :; done\n'
    script.write_text(text(ways(), spread=100, retries=4).removesuffix("boot\n") + own)
    done = subprocess.run([*shell, script], capture_output=True, text=True, check=True)
    pauses = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert [longest for _slept, longest in pauses] == [200, 400, 600, 600]
    assert all(0 <= slept <= longest for slept, longest in pauses)
    assert len({slept for slept, _longest in pauses}) > 1
