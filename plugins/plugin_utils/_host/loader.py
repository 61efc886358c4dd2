# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work out a host's libc, its version, and the libcs whose builds could start, from its dynamic loaders."""

from __future__ import annotations

import re
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation

# PT_INTERP by (architecture, libc, float ABI of 32-bit ARM). It is part of each ABI, so every build has the same one.
# Sources: psABI supplements, as in glibc's sysdeps/**/shlib-versions and ldd-rewrite; musl's ldso name by arch.
LOADERS: Final = {
    ("x86_64", "gnu", None): "/lib64/ld-linux-x86-64.so.2",
    ("aarch64", "gnu", None): "/lib/ld-linux-aarch64.so.1",
    ("armv7", "gnu", "hard"): "/lib/ld-linux-armhf.so.3",
    ("armv7", "gnu", "soft"): "/lib/ld-linux.so.3",
    ("ppc64le", "gnu", None): "/lib64/ld64.so.2",
    ("s390x", "gnu", None): "/lib/ld64.so.1",
    ("riscv64", "gnu", None): "/lib/ld-linux-riscv64-lp64d.so.1",
    ("i686", "gnu", None): "/lib/ld-linux.so.2",
    ("x86_64", "musl", None): "/lib/ld-musl-x86_64.so.1",
    ("aarch64", "musl", None): "/lib/ld-musl-aarch64.so.1",
}

# The libc of a loader by its file name, for more architectures than there are builds for.
_NAMES: Final = (
    (re.compile(r"ld-musl-[^/]+"), "musl"),
    (re.compile(r"ld-linux[^/]*\.so\.\d+|ld64\.so\.\d+|ld\.so\.1|ld-\d[\d.]*\.so"), "gnu"),
    (re.compile(r"ld(64)?-uClibc[^/]*"), "uclibc"),
    (re.compile(r"linker(64)?"), "bionic"),
)

# Files in a loader's place that cannot start our builds. Alpine's gcompat and libc6-compat put musl behind the name of
# glibc's loader. NixOS's stub only prints that it cannot run foreign programs; nix-ld, in its place, does run them.
_PRETENDERS: Final = re.compile(r"gcompat|musl|stub-ld")

_MUSL_VERSION: Final = re.compile(r"^Version (\d{1,9}(?:\.\d{1,9}){1,2})", re.MULTILINE | re.ASCII)
# As the loader says it, in its file's name, and as getconf says it.
_GLIBC_VERSIONS: Final = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (r"release version (\d{1,9}\.\d{1,9})", r"/ld-(\d{1,9}\.\d{1,9})\.so", r"glibc (\d{1,9}\.\d{1,9})")
)


def libc_of(loader: str) -> str | None:
    """The libc that a loader belongs to, by its file name: ``gnu``, ``musl``, ``uclibc``, ``bionic`` or None."""
    name = loader.rsplit("/", 1)[-1]
    return next((libc for pattern, libc in _NAMES if pattern.fullmatch(name)), None)


def libcs_for(observed: Observation, arch: str, float_abi: str | None, interp: str | None) -> tuple[str, ...]:
    """The libcs whose builds for this architecture would find their loader on the host; ``interp`` is the shell's."""
    gcompat = any("libgcompat" in loader.path for loader in observed.loaders)
    targets = {loader.path: loader.target or "" for loader in observed.loaders}
    found = []
    for (its_arch, libc, its_float), path in LOADERS.items():
        if its_arch != arch or its_float not in (None, float_abi):
            continue
        pretends = libc == "gnu" and (gcompat or bool(_PRETENDERS.search(targets.get(path, ""))))
        if path == interp or (path in targets and not pretends):
            found.append(libc)
    return tuple(found)


def libc_version(observed: Observation, libc: str | None) -> str | None:
    """The libc's version, such as ``2.36`` or ``1.2.5``, from its loader, the loader's file name, or getconf."""
    if libc is None or libc_of(observed.loader_asked) != libc:
        return None
    if libc == "musl":
        found = _MUSL_VERSION.search(observed.loader_says)
        return found[1] if found else None
    # Before 2.33 the loader has no --version (glibc NEWS 2.33), but its file has a name such as ld-2.31.so.
    for pattern, text in zip(
        _GLIBC_VERSIONS, (observed.loader_says, observed.loader_file, observed.getconf), strict=True
    ):
        if found := pattern.search(text):
            return found[1]
    return None
