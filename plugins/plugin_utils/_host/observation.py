# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The observation of a host: evidence of what it is and what is installed. It draws no conclusions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Listing:
    """One line of ``ls -ldn``: ``mode`` as printed (``drwxr-xr-x``), the numeric owner, and the target of a link."""

    path: str
    mode: str
    uid: int
    gid: int
    target: str | None = None

    @property
    def is_link(self) -> bool:
        return self.mode.startswith("l")

    @property
    def is_directory(self) -> bool:
        return self.mode.startswith("d")


@dataclass(frozen=True, slots=True)
class Program:
    """A program of the host's userland: the first 20 bytes of its header, and both places where e_flags can be.

    ``header`` and the flags are hex digits. They are empty if the host has no tool to read bytes with.
    ``interp`` is PT_INTERP, or None in a static program.
    """

    path: str
    header: str
    flags32: str
    flags64: str
    interp: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A command of the host. ``kind`` is gnu, busybox, toybox, bsd, or empty if unknown.

    It is unknown for ``wget``, but for those of BusyBox and toybox: the probe starts none to ask. Where it downloads,
    downloaders.sh finds out whether it is GNU wget or Wget2.
    """

    name: str
    path: str
    kind: str


@dataclass(frozen=True, slots=True)
class HostPython:
    """A Python that we did not install: its path and version, such as ``3.11.2``."""

    path: str
    version: str


@dataclass(frozen=True, slots=True)
class Home:
    """A home with one of our receipts.

    ``files`` is the number of files that it still has. It is None if none were counted, because no directory has
    changed or the host has no tool. ``runs`` says whether bin/python3 is executable. ``changed`` lists the files that
    differ from the installed ones. ``fails`` is what its interpreter said instead of starting, if somebody has tried.
    ``starts`` says whether it starts, or is None if nobody has tried. ``libraries`` and ``size`` (in bytes) are what it
    said then, where its receipt does not say it.
    """

    name: str
    receipt: Mapping[str, Any]
    files: int | None
    runs: bool
    changed: tuple[str, ...] = ()
    fails: str = ""
    starts: bool | None = None
    libraries: Mapping[str, str] = field(default_factory=dict)
    size: int | None = None

    @property
    def whole(self) -> bool:
        """Whether no file of its installation is missing, and none is known to have changed."""
        return not self.damage

    @property
    def damage(self) -> str:
        """What is known to be wrong with it, for messages. Empty if nothing is."""
        counted = self.receipt.get("files")
        if not isinstance(counted, int):
            return "its receipt cannot be read"
        if not self.runs:
            return "bin/python3 is missing or not executable"
        if self.files is not None and self.files < counted:
            return f"{counted - self.files} of its {counted} files are missing"
        if self.changed:
            return f"changed: {', '.join(self.changed[:5])}"
        return f"it does not start: {self.fails}" if self.fails else ""


@dataclass(frozen=True, slots=True)
class RootState:
    """The root. ``at`` is the root itself or, if it does not exist, the nearest path above it that does.

    ``folder`` says whether ``at`` is a directory or a link to one. ``free`` is in bytes, or None if unknown.
    ``filesystem`` is its type as in /proc/mounts, or empty if unknown.
    """

    path: str
    at: Listing | None = None
    folder: bool = False
    writable: bool = False
    free: int | None = None
    mount_point: str = ""
    mount_options: tuple[str, ...] = ()
    filesystem: str = ""
    entries: tuple[Listing, ...] = ()
    staging: tuple[str, ...] = ()
    above: tuple[Listing, ...] = ()
    """Every folder above it up to ``/``, by the names in the path and, if that has links, by the real names too."""
    receipts: tuple[Listing, ...] = ()
    """The homes' receipts, as files: ``<home>/.fleet-receipt``."""


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that one run of the probe found."""

    system: str
    kernel_release: str
    kernel_arch: str
    uid: int
    os: Mapping[str, str]
    programs: tuple[Program, ...]
    loaders: tuple[Listing, ...]
    loader_says: str
    loader_levels: tuple[str, ...]
    loader_file: str
    getconf: str
    cpu: Mapping[str, str]
    darwin: Mapping[str, str]
    tools: Mapping[str, Tool]
    pythons: tuple[HostPython, ...]
    root: RootState
    homes: tuple[Home, ...] = ()
    made_links: tuple[str, ...] = ()
    paths: Mapping[str, Listing] = field(default_factory=dict)
    selinux: str = ""
    loader_asked: str = ""
    """The loader that printed ``loader_says`` and ``loader_levels``: the shell's, or another one on the disk."""
    level_known: int | None = None
    """The x86-64 level above which builds have crashed on this host. None if none has."""
    closed_links: tuple[str, ...] = ()
    """The links asked for whose nearest folder this user may not write, or is no folder."""
    running: tuple[tuple[str, int], ...] = ()
    """Homes or links that processes run from, each with the process id. Filled in only on request."""
    prerequisites_known: bool = True
    """Whether the probe looked for the prerequisites of an installation: tools, Pythons, space, mount options."""

    @property
    def leftovers(self) -> bool:
        """Whether a run was interrupted or is still active: a stage, a record of a missing home, or only a lock."""
        names = {entry.path for entry in self.root.entries}
        forgotten = not names.issuperset(self.previous.values())
        return bool(self.root.staging) or forgotten or bool(names and names <= {".staging", ".lock"})

    @property
    def minor_links(self) -> dict[str, str]:
        """The root's minor links by name, each with the name of its home."""
        links = {entry.path: entry.target for entry in self.root.entries if entry.is_link and entry.target is not None}
        return {name: home for name, home in links.items() if not name.startswith(".")}

    @property
    def previous(self) -> dict[str, str]:
        """The previous home of each minor link, by the link's name."""
        return {
            entry.path[1 : -len(".previous")]: entry.target
            for entry in self.root.entries
            if entry.is_link and entry.target is not None and entry.path.endswith(".previous")
        }
