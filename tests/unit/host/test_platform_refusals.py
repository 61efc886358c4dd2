# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Architectures, float ABIs, floors of the libc: what runs where, and each refusal's reason and way out."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._host.platform import PlatformError, platform_of, triples_of
from ansible_collections.fleet.python.plugins.plugin_utils._host.probe import parse_probe
from tests.unit.host.evidence import GLIBC, MUSL, Evidence

X86, ARM64 = Evidence(), Evidence("aarch64", "/lib/ld-linux-aarch64.so.1", kernel="Linux 6.1 aarch64")
ARMHF = Evidence("arm hard", "/lib/ld-linux-armhf.so.3", kernel="Linux 6.1 armv7l", more=())
ARMEL = Evidence("arm soft", "/lib/ld-linux.so.3", kernel="Linux 6.1 armv7l", more=())
RISCV = Evidence("riscv64", "/lib/ld-linux-riscv64-lp64d.so.1", kernel="Linux 6.1 riscv64", more=())


def glibc(evidence: Evidence, version: str) -> Evidence:
    return dataclasses.replace(evidence, says=(GLIBC[0].format(version), GLIBC[1]))


@pytest.mark.parametrize(
    ("evidence", "triples"),
    [
        (X86, "x86_64-unknown-linux-gnu"),
        (ARM64, "aarch64-unknown-linux-gnu"),
        (ARMHF, "armv7-unknown-linux-gnueabihf"),
        (ARMEL, "armv7-unknown-linux-gnueabi"),
        (RISCV, "riscv64-unknown-linux-gnu"),
        (Evidence("ppc64le", "/lib64/ld64.so.2", kernel="Linux 6.1 ppc64le"), "ppc64le-unknown-linux-gnu"),
        (Evidence("s390x", "/lib/ld64.so.1", kernel="Linux 6.1 s390x"), "s390x-unknown-linux-gnu"),
        (Evidence("i686", "/lib/ld-linux.so.2"), "i686-unknown-linux-gnu"),
        (
            Evidence("aarch64", "/lib/ld-musl-aarch64.so.1", says=(MUSL[0], MUSL[1].format("1.2.5"))),
            "aarch64-unknown-linux-musl",
        ),
        # A 32-bit userland on a 64-bit kernel: the programs count, not uname.
        (dataclasses.replace(ARMHF, kernel="Linux 6.1 aarch64"), "armv7-unknown-linux-gnueabihf"),
        (dataclasses.replace(ARMHF, kernel="Linux 6.1 armv8l"), "armv7-unknown-linux-gnueabihf"),
        (dataclasses.replace(ARMEL, kernel="Linux 6.1 aarch64"), "armv7-unknown-linux-gnueabi"),
        # Some programs carry no float flag: the loader's name tells.
        (dataclasses.replace(ARMHF, header="arm unsaid"), "armv7-unknown-linux-gnueabihf"),
        (dataclasses.replace(ARMEL, header="arm unsaid"), "armv7-unknown-linux-gnueabi"),
        (
            dataclasses.replace(ARMHF, more=("cpu model name : ARMv7 Processor rev 5 (v7l)",)),
            "armv7-unknown-linux-gnueabihf",
        ),
        (
            dataclasses.replace(ARMHF, more=("cpu model name : ARMv8 Processor rev 4 (v8l)",)),
            "armv7-unknown-linux-gnueabihf",
        ),
    ],
)
def test_what_runs(evidence: Evidence, triples: str) -> None:
    assert " ".join(triples_of(evidence.platform())) == triples


def refusal(evidence: Evidence, **options: str) -> str:
    with pytest.raises(PlatformError) as caught:
        triples_of(evidence.platform(), **options)  # type: ignore[arg-type]
    return str(caught.value)


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        pytest.param(
            dataclasses.replace(ARMHF, kernel="Linux 6.6 armv6l"), "ARMv6 (Raspberry Pi 1 and Zero)", id="uname armv6l"
        ),
        pytest.param(
            # A Pi Zero's container under another personality: only the model's name is left to tell.
            dataclasses.replace(
                ARMHF,
                kernel="Linux 6.6 armv7l",
                more=("cpu CPU architecture: 7", "cpu model name\t: ARMv6-compatible processor rev 7 (v6l)"),
            ),
            "ARMv6 (Raspberry Pi 1 and Zero)",
            id="model name armv6",
        ),
        pytest.param(dataclasses.replace(ARMEL, kernel="Linux 6.1 armv5tejl"), "ARMv7 is the oldest", id="armv5"),
        pytest.param(
            Evidence("arm old ABI", "/lib/ld-linux.so.2", kernel="Linux 2.6 armv5l"), "old ABI", id="ARM without EABI"
        ),
        pytest.param(Evidence("arm big-endian", "/lib/ld-linux.so.3"), "big-endian ARM", id="armeb"),
        pytest.param(Evidence("arm hard", "/lib/ld-musl-armhf.so.1", more=()), "musl on 32-bit ARM", id="armv7 musl"),
        pytest.param(Evidence("ppc64", "/lib64/ld64.so.1"), "big-endian ppc64", id="ppc64"),
        pytest.param(Evidence("ppc", "/lib/ld.so.1"), "32-bit PowerPC", id="ppc"),
        pytest.param(Evidence("s390", "/lib/ld.so.1"), "31-bit s390", id="s390"),
        pytest.param(Evidence("mips", "/lib/ld.so.1"), "MIPS is not built", id="mips"),
        pytest.param(
            Evidence("loongarch64", "/lib64/ld-linux-loongarch-lp64d.so.1"), "LoongArch is not built", id="loong"
        ),
        pytest.param(Evidence("x32", "/libx32/ld-linux-x32.so.2"), "x32 ABI", id="x32"),
        pytest.param(Evidence("i686", "/lib/ld-musl-i386.so.1"), "musl on i686 is not built", id="i686 musl"),
        pytest.param(Evidence("ppc64le", "/lib/ld-musl-powerpc64le.so.1"), "musl on ppc64le", id="ppc64le musl"),
        pytest.param(Evidence("s390x", "/lib/ld-musl-s390x.so.1"), "musl on s390x", id="s390x musl"),
        pytest.param(Evidence("riscv64", "/lib/ld-musl-riscv64.so.1"), "musl on riscv64", id="riscv64 musl"),
        pytest.param(
            Evidence("riscv64 soft", "/lib/ld-linux-riscv64-lp64.so.1"),
            "/lib/ld-linux-riscv64-lp64d.so.1",
            id="riscv64 soft",
        ),
        pytest.param(
            Evidence("x86_64", "/lib/ld64-uClibc.so.1"), "never built for x86_64 linux with uclibc", id="uClibc"
        ),
        pytest.param(
            Evidence("aarch64", "/system/bin/linker64"), "never built for aarch64 linux with bionic", id="Android"
        ),
        pytest.param(Evidence("unknown", "/lib/ld.so.1"), "machine 4711", id="a machine without a name"),
        pytest.param(Evidence(interp=None, loaders=()), "+static", id="no loader at all"),
    ],
)
def test_what_is_refused_and_why(evidence: Evidence, reason: str) -> None:
    assert reason in refusal(evidence)


@pytest.mark.parametrize(
    ("kernel", "reason"),
    [
        ("FreeBSD 14.1-RELEASE amd64", "never for FreeBSD"),
        ("OpenBSD 7.5 amd64", "never for OpenBSD"),
        ("NetBSD 10.0 amd64", "never for NetBSD"),
        ("SunOS 5.11 i86pc", "never for Solaris"),
        ("AIX 7.2 00F84C0C4C00", "never for AIX"),
        ("CYGWIN_NT-10.0-19045 3.5.3-1.x86_64 x86_64", "asset_info resolves"),
        ("MINGW64_NT-10.0-22631 3.4.10.x86_64 x86_64", "asset_info resolves"),
        ("Haiku 1 x86_64", "never built for x86_64 haiku"),
        ("Darwin 8.11.0 Power Macintosh", "PowerPC macOS"),
        ("Darwin 10.8.0 i386", "32-bit macOS"),
    ],
)
def test_other_systems_are_refused(kernel: str, reason: str) -> None:
    observed = parse_probe(f"fleet-probe 1\nkernel {kernel}\nfleet-probe-end\n", "/opt/python")
    with pytest.raises(PlatformError) as caught:
        triples_of(platform_of(observed))
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("evidence", "version", "runs"),
    [(X86, "2.17", True), (X86, "2.16", False), (X86, "2.5", False), (X86, "2.100", True), (X86, "3.0", True),
     (RISCV, "2.28", True), (RISCV, "2.27", False), (ARMHF, "2.17", True), (ARMHF, "2.13", False)],
)  # fmt: skip
def test_floor_of_glibc(evidence: Evidence, version: str, runs: bool) -> None:
    platform = glibc(evidence, version).platform()
    if runs:
        assert triples_of(platform)
    else:
        floor = "2.28" if evidence is RISCV else "2.17"
        assert f"with glibc {version}: the builds need glibc {floor} or newer." in refusal(glibc(evidence, version))


@pytest.mark.parametrize(("version", "runs"), [("1.2.0", True), ("1.2.5", True), ("1.1.24", False)])
def test_floor_of_musl(version: str, runs: bool) -> None:
    evidence = Evidence(interp="/lib/ld-musl-x86_64.so.1", says=(MUSL[0], MUSL[1].format(version)))
    if runs:
        assert triples_of(evidence.platform()) == ("x86_64-unknown-linux-musl",)
    else:
        assert "the builds need musl 1.2 or newer. The way out is a static musl build" in refusal(evidence)


def test_an_old_glibc_names_the_static_build_and_what_it_cannot_do() -> None:
    said = refusal(glibc(X86, "2.12"))
    assert "this host is x86_64 Linux with glibc 2.12" in said
    assert "+static" in said
    assert "loads no extension module, so no compiled wheel works" in said


@pytest.mark.parametrize("evidence", [glibc(ARMHF, "2.13"), glibc(RISCV, "2.27")])
def test_no_static_build_is_named_where_there_is_none(evidence: Evidence) -> None:
    assert "static" not in refusal(evidence)


@pytest.mark.parametrize(
    "evidence",
    [X86, glibc(X86, "2.12"), Evidence(interp=None, loaders=()), Evidence(interp="/lib/ld64-uClibc.so.1", loaders=())],
    ids=["glibc", "old glibc", "no loader", "uClibc"],
)
def test_static_builds_need_nothing_of_the_host(evidence: Evidence) -> None:
    assert triples_of(evidence.platform(), static=True) == ("x86_64-unknown-linux-musl",)


@pytest.mark.parametrize(
    "evidence", [ARMHF, dataclasses.replace(ARMHF, kernel="Linux 6.6 armv6l"), RISCV], ids=["armv7", "armv6", "riscv64"]
)
def test_static_builds_are_refused_where_there_are_none(evidence: Evidence) -> None:
    with pytest.raises(PlatformError, match="static builds exist for x86_64 and aarch64 only"):
        triples_of(evidence.platform(), static=True)


def test_i686_has_its_triple_and_a_note_that_it_ended() -> None:
    platform = Evidence("i686", "/lib/ld-linux.so.2").platform()
    assert (platform.arch, platform.bits, platform.level) == ("i686", 32, None)
    assert any("ended with release 20230826" in note for note in platform.notes)


def test_a_static_shell_is_passed_over_for_a_program_with_a_loader() -> None:
    """On such a host the shell may be for another architecture than the rest: the dynamic program is the userland."""
    more = (
        "elf /usr/bin/env 7f454c4601010100000000000000000003002800 00040005 00000000",
        "interp /usr/bin/env /lib/ld-linux-armhf.so.3",
    )
    evidence = Evidence("aarch64", interp=None, loaders=(), asked="/lib/ld-linux-armhf.so.3", more=more)
    platform = evidence.platform()
    assert (platform.arch, platform.float_abi, platform.libc) == ("armv7", "hard", "gnu")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("", "neither /bin/sh nor any other program of this host could be read"),
        ("elf /bin/sh unread none\nelf /bin/ls unread none\n", "none of od, hexdump and xxd is on this host"),
        (
            "elf /bin/sh 23212f7573722f62696e2f656e7620626173680a 00000000 00000000\n",
            "/bin/sh of this host is no ELF program",
        ),
    ],
)
def test_evidence_that_tells_nothing_is_refused(lines: str, reason: str) -> None:
    observed = parse_probe(f"fleet-probe 1\nkernel Linux 6.1 x86_64\n{lines}fleet-probe-end\n", "/opt/python")
    with pytest.raises(PlatformError, match=reason):
        platform_of(observed)
