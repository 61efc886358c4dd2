# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The candidates of a boot script, and which of them its sh takes."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._boot.candidates import candidates
from ansible_collections.fleet.python.plugins.plugin_utils._boot.carrier import make_carrier
from ansible_collections.fleet.python.plugins.plugin_utils._boot.errors import BootError
from ansible_collections.fleet.python.plugins.plugin_utils._host.level import level_of_flags
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import update_lock
from tests.unit.boot.locks import ARM, BOTH, LOCK, MUSL, V1, V2, V3, carried, options, pin

SHELLS = {"dash": ["dash"], "ash": ["busybox", "ash"], "bash": ["bash"], "ksh93": ["ksh93"]}
GLIBC, MUSL_LOADER = "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"
LEVEL_2 = "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3"
LEVEL_3 = f"{LEVEL_2} abm avx avx2 bmi1 bmi2 f16c fma movbe xsave"


def chosen(**given: Any) -> list[tuple[str, int, str]]:
    found = candidates(LOCK, BOTH, options(**given))
    return [(each.triple, each.level, each.entry.asset.version) for each in found]


def test_the_first_request_of_each_kind_of_host_best_level_first() -> None:
    assert chosen() == [
        (ARM, 0, "3.13.2"),
        (MUSL, 1, "3.13.2"),
        (V3, 3, "3.13.2"),
        (V2, 2, "3.13.2"),
        (V1, 1, "3.13.2"),
    ]


def test_options_leave_out_what_the_plan_would_not_take() -> None:
    assert [triple for triple, _level, _version in chosen(max_level=2, libc="gnu")] == [ARM, V2, V1]


@pytest.mark.parametrize(
    ("pins", "said"),
    [
        ({(V1, "3.9"): pin("3.9.6", V1)}, "add a build of 3.11 or later"),
        ({(V1, "3.10"): pin("3.10.8", V1), (ARM, "3.13"): pin("3.13.2", ARM)}, "none of these can carry out"),
        (
            {(V2, "3.13"): pin("3.13.2", V2, flavor="pgo+lto-full.tar.zst")},
            "hosts cannot unpack it; pin another flavor",
        ),
        ({("x86_64-apple-darwin", "3.13"): pin("3.13.2", "x86_64-apple-darwin")}, "for no Linux host"),
    ],
)
def test_what_no_host_could_carry_out_is_refused_here(pins: dict[tuple[str, str], Any], said: str) -> None:
    lock = update_lock(None, pins)
    with pytest.raises(BootError, match=said):
        candidates(lock, lock.requests, options())


def test_an_older_request_beside_a_newer_one_is_no_hindrance() -> None:
    lock = update_lock(None, {(V1, "3.9"): pin("3.9.6", V1), (V1, "3.12"): pin("3.12.9", V1)})
    assert [each.entry.asset.version for each in candidates(lock, ["3.9", "3.12"], options())] == ["3.12.9"]


def sh_takes(shell: str, interp: str, flags: str, crashed: str = "", **given: Any) -> str:
    """The triple that the carrier's own sh takes on such a host; empty for none."""
    program = shutil.which(SHELLS[shell][0])
    if program is None:
        pytest.skip(f"{shell} is not installed")
    head = make_carrier(carried(**given), candidates(LOCK, BOTH, options(**given))).data.partition(
        b"said=$(distrusted)"
    )
    script = head[0].decode() + f'interp={interp} level={level_of_flags(flags)} crashed="{crashed}"\n'
    script += 'next_row && printf "%s" "$triple"\n'
    done = subprocess.run([program, *SHELLS[shell][1:]], input=script, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_sh_takes_the_best_that_has_not_failed(shell: str) -> None:
    assert sh_takes(shell, GLIBC, LEVEL_3) == V3
    assert sh_takes(shell, GLIBC, LEVEL_2) == V2
    assert sh_takes(shell, GLIBC, "") == V1
    assert sh_takes(shell, GLIBC, LEVEL_3, crashed=V3) == V2
    assert sh_takes(shell, GLIBC, LEVEL_3, crashed=f"{V3} {V2} {V1}") == ""
    assert sh_takes(shell, MUSL_LOADER, LEVEL_3) == MUSL
    assert sh_takes(shell, "/lib/ld-linux-armhf.so.3", "") == ""
    assert sh_takes(shell, GLIBC, LEVEL_3, max_level=1) == V1


@pytest.mark.parametrize(("flags", "level"), [(LEVEL_3, 3), (LEVEL_2, 2), ("fpu", 1), ("", 1)])
def test_sh_sees_the_level_that_the_plan_sees(flags: str, level: int) -> None:
    head = make_carrier(carried(), candidates(LOCK, BOTH, options())).data.partition(b"said=$(distrusted)")[0].decode()
    # What reads /proc/cpuinfo gives these flags here.
    script = head + f'sed() {{ printf "%s" " {flags}"; }}\nfind_level\nprintf "%s" "$level"\n'
    done = subprocess.run(["sh"], input=script, capture_output=True, text=True, check=True)
    assert (done.stdout, level_of_flags(flags)) == (str(level), level)
