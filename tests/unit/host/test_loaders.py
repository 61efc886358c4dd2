# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loaders: which libc, which version, and whether the builds would find theirs."""

from __future__ import annotations

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._builds.triples import TRIPLES
from ansible_collections.fleet.python.plugins.plugin_utils._host.loader import LOADERS, libc_of
from ansible_collections.fleet.python.plugins.plugin_utils._host.platform import PlatformError, triples_of
from tests.unit.host.evidence import GLIBC, MUSL, Evidence

GNU_LOADER, MUSL_LOADER = "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"
ALPINE = Evidence(interp=MUSL_LOADER, says=(MUSL[0], MUSL[1].format("1.2.5")))
NOT_RUN = ("--version: error while loading shared libraries: --version: cannot open shared object file",)


def test_every_linux_triple_has_a_loader_and_each_loader_a_triple() -> None:
    linux = {(row.arch, row.libc, row.float_abi) for row in TRIPLES.values() if row.system == "linux"}
    assert linux == set(LOADERS)
    assert all(libc_of(path) == libc for (_arch, libc, _float), path in LOADERS.items())


@pytest.mark.parametrize(
    ("path", "libc"),
    [
        ("/lib/ld-linux-x86-64.so.2", "gnu"),
        ("/lib64/ld-2.17.so", "gnu"),
        ("/lib/ld.so.1", "gnu"),
        ("/lib/ld-musl-armhf.so.1", "musl"),
        ("/lib/ld-uClibc.so.0", "uclibc"),
        ("/lib/ld64-uClibc.so.1", "uclibc"),
        ("/system/bin/linker64", "bionic"),
        ("/lib/libgcompat.so.0", None),
        ("/lib/ld-elf.so.1", None),
    ],
)
def test_libc_by_the_loaders_name(path: str, libc: str | None) -> None:
    assert libc_of(path) == libc


@pytest.mark.parametrize(
    ("evidence", "libc", "version"),
    [
        pytest.param(Evidence(), "gnu", "2.36", id="glibc"),
        pytest.param(
            Evidence(says=("ld.so (Ubuntu GLIBC 2.39-0ubuntu8.4) stable release version 2.39.",)),
            "gnu",
            "2.39",
            id="Ubuntu",
        ),
        pytest.param(
            Evidence(says=("ld.so (GNU libc) development release version 2.41.9000.",)), "gnu", "2.41", id="Rawhide"
        ),
        pytest.param(
            Evidence(says=NOT_RUN, more=("loader-file /usr/lib64/ld-2.28.so", "getconf glibc 2.28")),
            "gnu",
            "2.28",
            id="by the file's name, before 2.33",
        ),
        pytest.param(
            Evidence(says=NOT_RUN, more=("loader-file ", "getconf glibc 2.31")), "gnu", "2.31", id="by getconf"
        ),
        pytest.param(Evidence(says=NOT_RUN), "gnu", None, id="nothing tells"),
        pytest.param(ALPINE, "musl", "1.2.5", id="musl"),
        pytest.param(
            Evidence(interp=MUSL_LOADER, says=(MUSL[0], MUSL[1].format("1.2.5_git20240512"))),
            "musl",
            "1.2.5",
            id="musl of git",
        ),
        # What the other libc says is not this one's version.
        pytest.param(
            Evidence(asked=MUSL_LOADER, says=(MUSL[0], MUSL[1].format("1.2.5"))), "gnu", None, id="of another"
        ),
    ],
)
def test_libc_and_version(evidence: Evidence, libc: str, version: str | None) -> None:
    platform = evidence.platform()
    assert (platform.libc, platform.libc_version) == (libc, version)


@pytest.mark.parametrize(
    ("evidence", "libc", "libcs"),
    [
        pytest.param(Evidence(), "gnu", ("gnu",), id="glibc"),
        pytest.param(Evidence(loaders=(GNU_LOADER, MUSL_LOADER)), "gnu", ("gnu", "musl"), id="musl beside glibc"),
        pytest.param(
            Evidence(interp=MUSL_LOADER, loaders=(GNU_LOADER, MUSL_LOADER)),
            "musl",
            ("gnu", "musl"),
            id="glibc beside musl",
        ),
        pytest.param(
            Evidence(
                interp=MUSL_LOADER,
                loaders=(MUSL_LOADER, "/lib/ld-linux-x86-64.so.2", GNU_LOADER, "/lib/libgcompat.so.0"),
            ),
            "musl",
            ("musl",),
            id="gcompat: a loader of its own under glibc's name, and a library",
        ),
        pytest.param(
            Evidence(interp=MUSL_LOADER, loaders=(MUSL_LOADER, f"{GNU_LOADER} -> /lib/libc.musl-x86_64.so.1")),
            "musl",
            ("musl",),
            id="libc6-compat: musl itself under glibc's name",
        ),
        # 32-bit programs run there, but a build for this machine's own architecture would not start.
        pytest.param(
            Evidence(interp=MUSL_LOADER, loaders=(MUSL_LOADER, "/lib/ld-linux.so.2", "/lib/ld-linux-aarch64.so.1")),
            "musl",
            ("musl",),
            id="glibc of other architectures",
        ),
        pytest.param(Evidence(interp=None, loaders=(MUSL_LOADER,)), "musl", ("musl",), id="static shell, musl"),
        pytest.param(
            Evidence(interp=None, loaders=("/lib/ld-linux.so.2", GNU_LOADER)), "gnu", ("gnu",), id="static, glibc"
        ),
        pytest.param(
            Evidence(interp=None, loaders=(GNU_LOADER, MUSL_LOADER)), None, ("gnu", "musl"), id="static, both"
        ),
        pytest.param(Evidence(interp=None, loaders=()), None, (), id="static, none"),
        pytest.param(Evidence(interp="/lib/ld-uClibc.so.0"), "uclibc", (), id="uClibc"),
    ],
)
def test_libcs_that_builds_can_start_with(evidence: Evidence, libc: str | None, libcs: tuple[str, ...]) -> None:
    platform = evidence.platform()
    assert (platform.libc, platform.libcs) == (libc, libcs)


STORE = "/nix/store/00000000000000000000000000000000-glibc-2.40-66/lib/ld-linux-x86-64.so.2"


@pytest.mark.parametrize(
    "loaders",
    [
        (),
        (f"{GNU_LOADER} -> /nix/store/00000000000000000000000000000000-stub-ld-x86_64/libexec/stub-ld",),
    ],
    ids=["none", "stub-ld"],
)
def test_nixos_without_nix_ld_is_refused_with_the_way_out(loaders: tuple[str, ...]) -> None:
    platform = Evidence(interp=STORE, loaders=loaders).platform()
    assert (platform.libc, platform.libc_version) == ("gnu", "2.36")
    with pytest.raises(PlatformError, match=r"/lib64/ld-linux-x86-64\.so\.2.*nix-ld.*\+static"):
        triples_of(platform)


def test_nixos_with_nix_ld_runs_the_builds() -> None:
    link = f"{GNU_LOADER} -> /nix/store/00000000000000000000000000000000-nix-ld-2.0.3/libexec/nix-ld"
    assert "x86_64-unknown-linux-gnu" in triples_of(Evidence(interp=STORE, loaders=(link,)).platform())


def test_either_of_two_libcs_can_be_asked_for() -> None:
    platform = Evidence(loaders=(GNU_LOADER, MUSL_LOADER)).platform()
    assert triples_of(platform) == ("x86_64-unknown-linux-gnu",)
    assert triples_of(platform, libc="musl") == ("x86_64-unknown-linux-musl",)


@pytest.mark.parametrize("libc", ["gnu", "musl"])
def test_a_static_shell_beside_two_loaders_asks_which_one(libc: str) -> None:
    platform = Evidence(interp=None, loaders=(GNU_LOADER, MUSL_LOADER)).platform()
    with pytest.raises(PlatformError, match="set libc to gnu or musl"):
        triples_of(platform)
    assert triples_of(platform, libc=libc) == (f"x86_64-unknown-linux-{libc}",)


def test_a_libc_that_is_not_there_is_refused() -> None:
    with pytest.raises(PlatformError, match=r"with glibc 2\.36: .*/lib/ld-musl-x86_64\.so\.1.*Set libc to auto"):
        triples_of(Evidence().platform(), libc="musl")


def test_a_static_shell_of_a_host_with_one_loader_has_its_version_and_floor() -> None:
    evidence = Evidence(interp=None, loaders=(GNU_LOADER,), asked=GNU_LOADER, says=(GLIBC[0].format("2.12"),))
    assert evidence.platform().libc_version == "2.12"
    with pytest.raises(PlatformError, match=r"glibc 2\.17 or newer"):
        triples_of(evidence.platform())
