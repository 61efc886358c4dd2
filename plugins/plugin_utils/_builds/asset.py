# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of python-build-standalone's assets: parse a name, and write the same name again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

STRIPPED: Final = "install_only_stripped"
UNSTRIPPED: Final = "install_only"
FULL: Final = "full"
FLAVORS: Final = (STRIPPED, UNSTRIPPED, FULL)  # best first

# Release 20250323 was made on 2026-03-23: its tag is a typing error (its commit's date).
_REAL_DATES: Final = {"20250323": "20260323"}

# musl builds link libc dynamically since this release; those before it load no extension module.
# python-build-standalone docs/quirks.rst, "Former quirks".
MUSL_DYNAMIC_SINCE: Final = "20250311"

# What the first generation (2018 to 2020) called a target.
_OLD_TRIPLES: Final = {
    "linux64": "x86_64-unknown-linux-gnu",
    "linux64-musl": "x86_64-unknown-linux-musl",
    "macos": "x86_64-apple-darwin",
    "windows-amd64": "x86_64-pc-windows-msvc",
    "windows-x86": "i686-pc-windows-msvc",
}

# No version has longer numbers, and Python refuses to read those of some thousand digits.
_NUMBER = r"(?:0|[1-9][0-9]{0,8})"
_VERSION = rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:(?:a|b|rc){_NUMBER})?"
_UNIX_TRIPLE = r"[a-z0-9_]+-(?:unknown-linux-(?:gnueabihf|gnueabi|gnu|musl)|apple-darwin)"
_WINDOWS_TRIPLE = r"[a-z0-9_]+-pc-windows-msvc"
# Windows names carried the linkage of libpython until 2025.
_TARGET = rf"(?:(?P<unix>{_UNIX_TRIPLE})|(?P<windows>{_WINDOWS_TRIPLE})(?:-(?P<linkage>shared|static))?)"
_BUILD = r"(?:(?:freethreaded\+)?(?:debug|noopt|lto|pgo\+lto|pgo)|(?:debug|noopt|lto)\+static)"
_MINUTE = r"[0-9]{8}T[0-9]{4}"

# One pattern for each generation of names, newest first.
_GENERATIONS: Final = {
    3: re.compile(
        rf"cpython-(?P<version>{_VERSION})\+(?P<stamp>[0-9]{{8}})-{_TARGET}-"
        rf"(?:(?P<build>{_BUILD})-(?P<flavor>full)\.tar\.zst"
        r"|(?:(?P<variant>freethreaded)-)?(?P<install>install_only(?:_stripped)?)\.tar\.gz)"
    ),
    2: re.compile(
        rf"cpython-(?P<version>{_VERSION})-{_TARGET}-"
        rf"(?:(?P<build>{_BUILD})-(?P<stamp>{_MINUTE})\.tar\.zst"
        rf"|(?P<install>install_only)-(?P<install_stamp>{_MINUTE})\.tar\.gz)"
    ),
    1: re.compile(
        rf"cpython-(?P<version>{_VERSION})-(?:(?P<unix>linux64-musl|linux64|macos)"
        r"|(?P<windows>windows-amd64|windows-x86)(?:-(?P<linkage>shared|static)-(?P<build>pgo|noopt))?)"
        rf"-(?P<stamp>{_MINUTE})\.tar\.zst"
    ),
}

# The parts of a present-day name, for saying where another text goes wrong.
_PARTS: Final = (
    (r"cpython-", "'cpython-'"),
    (_VERSION, "a version such as 3.13.2 or 3.15.0a5"),
    (r"\+[0-9]{8}-", "'+', a release such as 20250317, and '-'"),
    (rf"(?:{_UNIX_TRIPLE}|{_WINDOWS_TRIPLE})", "a triple such as x86_64_v2-unknown-linux-gnu"),
    (
        rf"-(?:{_BUILD}-full\.tar\.zst|(?:freethreaded-)?install_only(?:_stripped)?\.tar\.gz)",
        "'-' and a flavor such as install_only_stripped.tar.gz or pgo+lto-full.tar.zst",
    ),
)

_VERSION_PARTS: Final = re.compile(rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:(a|b|rc)({_NUMBER}))?")
_STAGES: Final = {"a": -3, "b": -2, "rc": -1, None: 0}

VersionKey = tuple[int, int, int, int, int]


class AssetError(ValueError):
    """A text is not the name of a python-build-standalone asset."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of a release, as its name says."""

    version: str
    """CPython's version: ``3.13.2``, ``3.15.0a5``."""
    stamp: str
    """The date in the name: ``20250317``; with the minute in older names, ``20210724T1424``."""
    triple: str
    """The target as the name spells it: ``x86_64_v2-unknown-linux-gnu``, ``linux64``."""
    flavor: str
    """One of `FLAVORS`."""
    build: str
    """Build options as the name spells them, ``pgo+lto``, ``debug+static``; empty where it says none."""
    linkage: str = ""
    """How Windows builds link libpython, where the name says: ``shared`` or ``static``."""
    generation: int = 3
    """Generation of naming: 1 (2018 to 2020), 2 (2020 to 2021), 3 (since 2022)."""

    @property
    def name(self) -> str:
        """The file name, byte for byte."""
        target = f"{self.triple}-{self.linkage}" if self.linkage else self.triple
        if self.generation == 3:
            what = [self.build, self.flavor] if self.build else [self.flavor]
            return f"cpython-{self.version}+{self.stamp}-{target}-{'-'.join(what)}.{self.archive}"
        what = [part for part in (target, self.build) if part]
        if self.flavor != FULL:
            what.append(self.flavor)
        return f"cpython-{self.version}-{'-'.join(what)}-{self.stamp}.{self.archive}"

    @property
    def archive(self) -> str:
        """The kind of archive: ``tar.zst`` for full builds, else ``tar.gz``."""
        return "tar.zst" if self.flavor == FULL else "tar.gz"

    @property
    def python_minor(self) -> str:
        """``3.13`` for 3.13.2."""
        major, minor, _patch = self.version.split(".", 2)
        return f"{major}.{minor}"

    @property
    def prerelease(self) -> bool:
        """Whether this is an alpha, a beta or a candidate."""
        return not self.version.replace(".", "").isdigit()

    @property
    def freethreaded(self) -> bool:
        return self.build.startswith("freethreaded")

    @property
    def debug(self) -> bool:
        return "debug" in self.build

    @property
    def static(self) -> bool:
        """Whether libc (musl) or libpython (Windows) is linked statically: no extension module loads."""
        if self.linkage == "static" or self.build.endswith("+static"):
            return True
        return self.normal_triple.endswith("-musl") and release_date(self.stamp) < MUSL_DYNAMIC_SINCE

    @property
    def normal_triple(self) -> str:
        """The triple as it is spelled today: ``x86_64-unknown-linux-gnu`` for ``linux64``."""
        return _OLD_TRIPLES.get(self.triple, self.triple)


def parse_asset(name: str) -> Asset:
    """Parse an asset's file name; raise `AssetError` saying what was expected where."""
    for generation, pattern in _GENERATIONS.items():
        match = pattern.fullmatch(name)
        if match:
            found = match.groupdict()
            install = found.get("install")
            if (found["build"] or "").endswith("+static") and not (found["unix"] or "").endswith("-musl"):
                raise AssetError(f"{name!r} is not the name of a python-build-standalone asset: only musl has +static")
            return Asset(
                version=found["version"],
                stamp=found.get("install_stamp") or found["stamp"],
                triple=found["unix"] or found["windows"],
                flavor=install or FULL,
                build=found["build"] or found.get("variant") or "",
                linkage=found.get("linkage") or "",
                generation=generation,
            )
    raise AssetError(_complaint(name))


def _complaint(name: str) -> str:
    place = 0
    for pattern, expected in _PARTS:
        match = re.compile(pattern).match(name, place)
        if not match:
            rest = name[place:]
            found = f"found {rest!r}" if rest else "the name ends"
            return f"{name!r} is not the name of a python-build-standalone asset: expected {expected}, {found}"
        place = match.end()
    return f"{name!r} is not the name of a python-build-standalone asset: nothing may follow {name[:place]!r}"


def url_name(name: str) -> str:
    """A file name as it stands in a URL: ``+`` becomes ``%2B``."""
    return quote(name, safe="")


def version_key(version: str) -> VersionKey:
    """Sort key of a CPython version, as PEP 440 orders them; raise `AssetError` for any other text."""
    match = _VERSION_PARTS.fullmatch(version)
    if not match:
        raise AssetError(f"{version!r} is not a CPython version such as 3.13.2 or 3.15.0a5")
    major, minor, patch, stage, number = match.groups()
    return (int(major), int(minor), int(patch), _STAGES[stage], int(number or 0))


def release_date(release: str) -> str:
    """The day on which a release (or an asset's stamp) was really made, ``YYYYMMDD``. Tags can be wrong."""
    day = release[:8]
    return _REAL_DATES.get(day, day)


def home_name(asset: Asset) -> str:
    """The directory name of an installed build. Different assets never share one."""
    return asset.name.removesuffix(f".{asset.archive}").removesuffix(f"-{STRIPPED}")


def link_name(asset: Asset) -> str:
    """Name of the minor link that a build may hold: ``3.13``, ``3.13t`` free-threaded, ``3.13d`` debug, ``3.13td``."""
    return asset.python_minor + ("t" if asset.freethreaded else "") + ("d" if asset.debug else "")
