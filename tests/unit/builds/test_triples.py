# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of triples against everything that was ever published, and the reasons for what was not."""

from __future__ import annotations

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import FULL, release_date
from ansible_collections.fleet.python.plugins.plugin_utils._builds.bundled import bundled_catalogue
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._builds.triples import (
    TRIPLES,
    install_only_build,
    runs,
    why_no_triple,
    why_not_built,
)


@pytest.fixture(scope="module")
def published() -> list[Entry]:
    return list(bundled_catalogue().entries())


def test_every_published_triple_is_in_the_table(published: list[Entry]) -> None:
    assert {entry.asset.normal_triple for entry in published} == set(TRIPLES)


def test_nothing_was_published_outside_the_first_and_last_release(published: list[Entry]) -> None:
    for entry in published:
        triple = TRIPLES[entry.asset.normal_triple]
        date = release_date(entry.release)
        assert triple.first <= date <= (triple.last or date), entry.path


def test_install_only_is_made_of_the_fastest_build_beside_it(published: list[Entry]) -> None:
    builds: dict[tuple[str, str], set[str]] = {}
    for entry in published:
        if entry.asset.flavor == FULL and not entry.asset.debug:
            key = (entry.asset.normal_triple, release_date(entry.release))
            builds.setdefault(key, set()).add(entry.asset.build.removeprefix("freethreaded+"))
    # The one release whose free-threaded builds for level 4 had no profile: there the plain ones had.
    builds.pop(("x86_64_v4-unknown-linux-gnu", "20241016"))
    assert {key: {install_only_build(TRIPLES[key[0]], key[1])} for key in builds} == builds


def test_levels_are_those_in_the_names() -> None:
    for triple in TRIPLES.values():
        if triple.arch == "x86_64":
            arch = "x86_64" if triple.level == 1 else f"x86_64_v{triple.level}"
            assert triple.name.startswith(f"{arch}-")
        else:
            assert triple.level is None
            assert triple.name.startswith(f"{triple.arch}-")


def test_floors() -> None:
    assert TRIPLES["x86_64-unknown-linux-gnu"].floor == (2, 17)
    assert TRIPLES["riscv64-unknown-linux-gnu"].floor == (2, 28)
    assert TRIPLES["aarch64-unknown-linux-musl"].floor == (1, 2)
    assert TRIPLES["aarch64-apple-darwin"].floor is None


def test_a_host_runs_its_own_level_and_those_below() -> None:
    assert runs("x86_64_v3-unknown-linux-gnu") == (
        "x86_64_v3-unknown-linux-gnu",
        "x86_64_v2-unknown-linux-gnu",
        "x86_64-unknown-linux-gnu",
    )
    assert runs("armv7-unknown-linux-gnueabi") == ("armv7-unknown-linux-gnueabi",)
    assert runs("x86_64-apple-darwin") == ("x86_64-apple-darwin",)


@pytest.mark.parametrize(
    ("arch", "system", "libc", "reason"),
    [
        ("armv6", "linux", "gnu", "ARMv6"),
        ("armv7", "linux", "musl", "musl on 32-bit ARM is not built"),
        ("ppc64", "linux", "gnu", "big-endian ppc64 is not built: only ppc64le is"),
        ("mips64el", "linux", "gnu", "MIPS is not built"),
        ("i686", "linux", "musl", "glibc on i686 ended with release 20230826"),
        ("x86_64", "freebsd", None, "never for FreeBSD"),
        ("loongarch64", "linux", "gnu", "LoongArch is not built"),
        ("x32", "linux", "gnu", "the x32 ABI is not built"),
        ("vax", "linux", "gnu", "has never built for vax linux with gnu"),
        ("x86_64", "haiku", None, "has never built for x86_64 haiku"),
    ],
)
def test_why_a_platform_is_not_built(arch: str, system: str, libc: str | None, reason: str) -> None:
    assert reason in (why_not_built(arch, system, libc) or "")


def test_what_is_built_has_no_such_reason() -> None:
    for triple in TRIPLES.values():
        assert why_not_built(triple.arch, triple.system, triple.libc) is None
        assert why_not_built(triple.arch, triple.system) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("armv6-unknown-linux-gnueabihf", "ARMv6"),
        ("armv7-unknown-linux-musleabihf", "musl on 32-bit ARM"),
        ("x86_64-unknown-freebsd", "FreeBSD"),
        ("ppc64-unknown-linux-gnu", "big-endian ppc64"),
        ("x86_64_v5-unknown-linux-gnu", "never built for x86_64_v5"),
        ("x86_64", "it has x86_64-unknown-linux-gnu, "),
    ],
)
def test_why_a_triple_cannot_be_had(name: str, reason: str) -> None:
    assert reason in why_no_triple(name)
