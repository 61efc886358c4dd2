# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The x86-64 level: every flag of the psABI counts, glibc's loader is asked too, and max_level caps."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._host.level import level_of, level_of_flags
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._host.platform import platform_of, triples_of
from ansible_collections.fleet.python.plugins.plugin_utils._host.probe import parse_probe

# x86-64 psABI, "Micro-Architecture Levels", in the words of Linux' arch/x86/include/asm/cpufeatures.h:
# SSE3 is pni, LZCNT is abm, and OSXSAVE shows as xsave.
PSABI = {
    2: ("cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"),
    3: ("avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"),
    4: ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"),
}
BASELINE = "fpu tsc cx8 cmov mmx fxsr sse sse2 syscall lm"


def flags_of(level: int) -> list[str]:
    return [*BASELINE.split(), *(flag for each, flags in PSABI.items() if each <= level for flag in flags)]


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_all_flags_of_a_level_and_those_below_make_it(level: int) -> None:
    assert level_of_flags(" ".join(flags_of(level))) == level


@pytest.mark.parametrize(("level", "missing"), [(level, flag) for level, flags in PSABI.items() for flag in flags])
def test_each_missing_flag_lowers_the_level(level: int, missing: str) -> None:
    """Also where everything above is there: an AVX-512 machine without movbe is of level 2."""
    have = [flag for flag in flags_of(4) if flag != missing]
    assert level_of_flags(" ".join(have)) == level - 1


@pytest.mark.parametrize("flags", ["", "avx512f", "sse4_1x pni2", "SSE4_1"])
def test_no_flags_or_others_are_level_1(flags: str) -> None:
    assert level_of_flags(flags) == 1


def seen(flags_level: int | None, *loader: str) -> Observation:
    """What a host shows: cpuinfo of a level, None for none, and the lines of the loader's list."""
    cpu = "" if flags_level is None else f"cpu flags\t\t: {' '.join(flags_of(flags_level))}\n"
    levels = "".join(f"loader-level {line}\n" for line in loader)
    text = (
        f"fleet-probe 1\nkernel Linux 6.1 x86_64\n{cpu}"
        "elf /bin/sh 7f454c4602010100000000000000000003003e00 00000000 00000000\n"
        "interp /bin/sh /lib64/ld-linux-x86-64.so.2\n"
        f"loader-asked /lib64/ld-linux-x86-64.so.2\n{levels}"
        "loader-says ld.so (GNU libc) stable release version 2.36.\nfleet-probe-end\n"
    )
    return parse_probe(text, "/opt/python")


V4, V3, V2 = "x86-64-v4", "x86-64-v3", "x86-64-v2"
YES = " (supported, searched)"


@pytest.mark.parametrize(
    ("observed", "level", "noted"),
    [
        pytest.param(seen(3, V4, V3 + YES, V2 + YES), 3, None, id="both say 3"),
        pytest.param(seen(1, V4, V3, V2), 1, None, id="both say 1"),
        pytest.param(seen(4, V4 + YES, V3 + YES, V2 + YES), 4, None, id="both say 4"),
        pytest.param(seen(3), 3, None, id="no list: musl, or glibc before 2.33"),
        # The kernel was told to hide flags (clearcpuid=), the processor still shows them to the loader.
        pytest.param(seen(2, V4, V3 + YES, V2 + YES), 2, "the loader level 3", id="cpuinfo is lower"),
        # The kernel shows what the processor has, but does not save the registers (OSXSAVE, seen by the loader).
        pytest.param(seen(3, V4, V3, V2 + YES), 2, "the loader level 2", id="the loader is lower"),
        pytest.param(seen(None, V4, V3 + YES, V2 + YES), 3, "level 3 is what the loader says", id="no cpuinfo"),
        pytest.param(seen(None), 1, "level 1 is what every x86-64 machine has", id="nothing tells"),
        pytest.param(seen(2, "x86-64-v", "x86-64-v9" + YES, "x86-64-vX" + YES), 1, "the loader level 1", id="nonsense"),
    ],
)
def test_the_lower_of_cpuinfo_and_loader_is_used_and_a_difference_noted(
    observed: Observation, level: int, noted: str | None
) -> None:
    found, note = level_of(observed)
    assert found == level
    assert note is None if noted is None else note is not None and noted in note
    assert platform_of(observed).level == level


@pytest.mark.parametrize(
    ("level", "max_level", "best", "count"),
    [
        (4, 4, "x86_64_v4", 4),
        (4, 3, "x86_64_v3", 3),
        (3, 4, "x86_64_v3", 3),
        (3, 2, "x86_64_v2", 2),
        (1, 3, "x86_64", 1),
        (4, 1, "x86_64", 1),
    ],
)
def test_max_level_caps_and_the_best_comes_first(level: int, max_level: int, best: str, count: int) -> None:
    triples = triples_of(platform_of(seen(level)), max_level=max_level)
    assert triples[0] == f"{best}-unknown-linux-gnu"
    assert triples[-1] == "x86_64-unknown-linux-gnu"
    assert len(triples) == count


def test_other_architectures_have_no_level_whatever_cpuinfo_says() -> None:
    """Under qemu-user, /proc/cpuinfo may be that of the x86-64 machine around it."""
    arm = dataclasses.replace(
        seen(3).programs[0],
        header="7f454c460201010000000000000000000300b700",
        interp="/lib/ld-linux-aarch64.so.1",
    )
    platform = platform_of(dataclasses.replace(seen(3), programs=(arm,)))
    assert (platform.arch, platform.level) == ("aarch64", None)
