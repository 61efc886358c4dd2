# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quirks: what the builds of some releases do differently, as data that the plan reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import (
    MUSL_DYNAMIC_SINCE,
    STRIPPED,
    Asset,
    release_date,
    version_key,
)
from ansible_collections.fleet.python.plugins.plugin_utils._builds.triples import TRIPLES

Minor = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Quirk:
    """Something that the builds of some releases do, and its effect on those who run them."""

    name: str
    text: str
    since: str = ""
    """First release that has it, as the day it was really made; empty: from the beginning."""
    before: str | None = None
    """First release without it, likewise; None: to this day."""
    first_minor: Minor = (3, 0)
    last_minor: Minor | None = None
    systems: tuple[str, ...] = ("linux", "macos")
    libc: str | None = None
    flavor: str | None = None
    static: bool = False
    """Applies only to builds that link libc statically, of any release."""
    avoided: bool = False
    """A defect: another release of the same version is chosen if there is one, and else a warning says so."""

    def applies(self, asset: Asset, release: str) -> bool:
        """Whether an asset of a release has this quirk."""
        date = release_date(release if release[:8].isdigit() else asset.stamp)
        triple = TRIPLES.get(asset.normal_triple)
        minor = version_key(asset.version)[:2]
        return (
            triple is not None
            and triple.system in self.systems
            and self.libc in (None, triple.libc)
            and self.flavor in (None, asset.flavor)
            and self.since <= date
            and (self.before is None or date < self.before)
            and self.first_minor <= minor
            and (self.last_minor is None or minor <= self.last_minor)
            and (asset.static or not self.static)
        )


# Issue numbers are python-build-standalone's own.
QUIRKS: Final = (
    # docs/quirks.rst, "Former quirks"; the +static builds keep it.
    Quirk(
        "static_musl",
        f"linked with musl statically (the default before release {MUSL_DYNAMIC_SINCE}): "
        "loads no extension module, so no compiled wheel works",
        libc="musl",
        static=True,
    ),
    # #924 (all of 3.11 and later) and #896 (3.14 and later); cause: python/cpython#106045.
    Quirk(
        "venv_through_symlink",
        "a venv made through a symlink to the interpreter is broken: make it through the minor link's directory",
        before="20251217",
        first_minor=(3, 11),
        last_minor=(3, 13),
    ),
    Quirk(
        "venv_through_symlink",
        "a venv made through a symlink to the interpreter is broken: make it through the minor link's directory",
        before="20251205",
        first_minor=(3, 14),
    ),
    # #259, #858, fixed by #976.
    Quirk(
        "ca_path_rhel8",
        "finds no CA certificates on RHEL 8 and older: set SSL_CERT_FILE=/etc/pki/tls/certs/ca-bundle.crt there",
        before="20260320",
        systems=("linux",),
    ),
    # uv adds bin/python to all trees up to 20240726 (crates/uv-python/src/managed.rs).
    Quirk("no_bin_python", "bin/python may be missing beside bin/python3", before="20240726"),
    # docs/quirks.rst, "References to Build-Time Paths".
    Quirk(
        "build_paths",
        "build paths (/install, clang, llvm-ar) stand in _sysconfigdata*, the Makefile and *.pc: "
        "they are rewritten, or extensions do not compile",
    ),
    # docs/quirks.rst, "Former quirks".
    Quirk("needs_libcrypt", "needs libcrypt.so.1 of the host", before="20230726", systems=("linux",), libc="gnu"),
    # docs/quirks.rst, "Former quirks".
    Quirk(
        "exports_libx11",
        "exports the symbols of its own libX11: PyQt and the like may crash",
        before="20220502",
        systems=("linux",),
    ),
    # #1061, #1072: glibc 2.41 and later load no library that wants an executable stack (its NEWS).
    Quirk(
        "executable_stack",
        "libpython asks for an executable stack, so programs that embed it (perl, nginx, uWSGI) cannot load it "
        "with glibc 2.41 and later",
        since="20260320",
        before="20260414",
        systems=("linux",),
        avoided=True,
    ),
    # #294: the release's stripped archives hold unstripped files.
    Quirk("not_stripped", "is named stripped and is not", since="20240725", before="20240726", flavor=STRIPPED),
)


def defect_of(asset: Asset, release: str) -> Quirk | None:
    """The first quirk for which a build is avoided, if it has one."""
    return next((quirk for quirk in quirks_of(asset, release) if quirk.avoided), None)


def quirks_of(asset: Asset, release: str) -> tuple[Quirk, ...]:
    """The quirks of one build, in the order of `QUIRKS`."""
    return tuple(quirk for quirk in QUIRKS if quirk.applies(asset, release))
