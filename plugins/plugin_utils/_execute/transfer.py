# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transfer archives to a host: it pulls them itself, or the controller pushes them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.fleet.python.plugins.module_utils._fetch.pull import Pull
from ansible_collections.fleet.python.plugins.module_utils._fetch.web import shown
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._builds.deltas import Delta
from ansible_collections.fleet.python.plugins.plugin_utils._cache.archives import Archive, cached_archive
from ansible_collections.fleet.python.plugins.plugin_utils._cache.single_flight import single_flight
from ansible_collections.fleet.python.plugins.plugin_utils._delta.cached import (
    NoDeltaError,
    archive_tree,
    cached_delta,
    proven_delta,
)
from ansible_collections.fleet.python.plugins.plugin_utils._execute.host_python import DOWNLOADERS
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._plan.delta import pays
from ansible_collections.fleet.python.plugins.plugin_utils._resume.parts import begun
from ansible_collections.fleet.python.plugins.plugin_utils._resume.push import Pushed, Upload
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import Access
from ansible_collections.fleet.python.plugins.plugin_utils._sources.download import Watch
from ansible_collections.fleet.python.plugins.plugin_utils._sources.file import SourceFile
from ansible_collections.fleet.python.plugins.plugin_utils._sources.skipped import SkippedSources
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import Source


class Receiver(Protocol):
    """A host that files are sent to."""

    def push(self, file: Upload, *, begun: bool, pieces: bool) -> Pushed:
        """Copy a file to the host, as `_resume.push.push` does."""

    @property
    def name(self) -> str:
        """The name that the inventory gives it."""

    def send_text(self, text: str) -> str:
        """Write a text into a file on the host that nobody else may read; its path there."""

    def watch(self, what: str) -> Watch:
        """Whoever shows the progress of something that takes time on the host."""


@dataclass(frozen=True, slots=True)
class TransferOptions:
    """How archives travel: what the option ``transfer`` says, from where, and who notes sources that failed.

    ``run_directory`` is one that the processes of a run share; ``unreached`` why this host got nothing by itself.
    ``delta`` and ``delta_link`` are the options of these names.
    """

    option: str
    sources: Sequence[Source]
    run_directory: Path
    access: Access = field(default_factory=Access)
    skipped_sources: SkippedSources = field(default_factory=SkippedSources)
    unreached: str = ""
    delta: str = "never"
    delta_link: int = 0


@dataclass(frozen=True, slots=True)
class Method:
    """``pull`` or ``push``, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Base:
    """The build that a delta may lead from: its home on the host, its asset, and the lock's delta from it, if any."""

    home: str
    entry: Entry
    delta: Delta | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """The root on the host, and the names in its staging, which tell what an earlier transfer has left."""

    root: str
    staging: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Transferred:
    """Files on the host: the archive itself, or what it needs to download it. ``source``: where it came from.

    ``order`` is the text of such a file. It comes to the host with the script that reads it or, if it has no secrets,
    with the module's arguments. ``delta`` is the sha256 of what is sent or downloaded where that is a delta, which
    leads from the home ``old``. ``tree`` is the `tree_digest` that must come of it, empty where the controller has
    looked. ``sent_bytes`` is how much of ``file`` this run has sent. ``delta_reason`` says why it is a delta, or none.
    """

    sha256: str
    file: str = ""
    pull: str = ""
    order: str = ""
    source: str = ""
    delta: str = ""
    old: str = ""
    tree: str = ""
    sent_bytes: int = 0
    delta_reason: str = ""


def choose_method(
    entry: Entry, options: TransferOptions, observed: Observation, *, without_python: bool, base: Base | None = None
) -> Method:
    """Who downloads. ``auto``: the host, where a source is a URL and the host has what it takes, until it fails.

    ``base`` is a build of the host that a delta can lead from.
    """
    if options.option == "push":
        return Method("push", "it was asked for")
    if entry.asset.archive != "tar.gz":
        return Method("push", f"hosts cannot unpack a .{entry.asset.archive}, so the controller repacks it")
    if not any(source.pullable for source in options.sources):
        return Method("push", "no source is a URL")
    if options.option == "pull":
        return Method("pull", "it was asked for")
    if base and options.delta == "always" and base.delta is None:
        return Method("push", "no lock pins a delta that the host could download, and the controller makes one")
    if options.unreached:
        return Method("push", options.unreached)
    if without_python and (reason := _unfit(entry, options, observed)):
        return Method("push", reason)
    return Method("pull", "the host reaches a source")


def _unfit(entry: Entry, options: TransferOptions, observed: Observation) -> str:
    """Why a host without Python cannot download, as far as that is seen; empty where it may."""
    if not any(name in observed.tools for name in DOWNLOADERS):
        return "the host has neither Python 3.9 or later nor curl nor wget"
    only_busybox = "curl" not in observed.tools and observed.tools["wget"].kind == "busybox"
    urls = [source.url(entry) for source in options.sources if source.pullable]
    if only_busybox and (options.access.headers or any("@" in url or "?" in url for url in urls)):
        return "the host's BusyBox wget would show user, password or headers to everybody there"
    if only_busybox and options.access.ca_path:
        return "the host's BusyBox wget cannot be told which certificates to trust"
    return ""


def transfer(
    entry: Entry,
    home: str,
    method: Method,
    host: Receiver,
    options: TransferOptions,
    steps: list[dict[str, Any]],
    *,
    by_sh: bool,
    base: Base | None = None,
    to: Destination,
) -> Transferred:
    """Send the archive, a delta that leads to it from ``base``, or what the host needs to download it.

    ``by_sh``: sh stages it there. Raises SourceError.
    """
    if method.name == "pull":
        pulled, found = _to_pull(entry, None if by_sh else base, options)
        order = _order(pulled, options)
        # The module's arguments are logged on the host, and stay in a file while it runs.
        if by_sh or not _is_secret(order):
            return replace(found, order=order.text())
        return replace(found, pull=host.send_text(order.text()))
    start = time.monotonic()
    watch = host.watch(f"download of {entry.asset.name}")
    delta, why = _delta(entry, base, options) if base and not by_sh else (None, "")
    archive = delta or cached_archive(entry, options.sources, options.skipped_sources, watch)
    # Where the host has tried to download it, its staging is not as it was observed.
    parts = begun(to.staging, archive.sha256) or bool(recall_unreached(options, host.name))
    file = Upload(archive.path, archive.sha256, to.root)
    # On a link that is said to be slow, what a break can cost is a part.
    pushed = host.push(file, begun=parts, pieces=bool(options.delta_link))
    steps.append({"name": "push", "home": home, "seconds": round(time.monotonic() - start, 3)})
    return Transferred(
        entry.sha256 if delta else archive.sha256,
        file=pushed.path,
        source="pushed by the controller",
        delta=delta.sha256 if delta else "",
        old=base.home if base and delta else "",
        sent_bytes=pushed.sent,
        delta_reason=why,
    )


def _to_pull(entry: Entry, base: Base | None, options: TransferOptions) -> tuple[SourceFile, Transferred]:
    """What the host is to download: the archive, or the delta that the lock pins. And what is known of it."""
    if base is None or base.delta is None:
        return entry, Transferred(entry.sha256)
    try:
        tree = _known_tree(entry, options)
    except NoDeltaError as error:
        return entry, Transferred(entry.sha256, delta_reason=_whole_after_all(base.delta, error, options))
    why = f"{base.home} is whole"
    return base.delta, Transferred(entry.sha256, delta=base.delta.sha256, old=base.home, tree=tree, delta_reason=why)


def _known_tree(entry: Entry, options: TransferOptions) -> str:
    """What a delta must lead to, by the archive itself. Whether that can be had is found out once in a run.

    Raises NoDeltaError.
    """

    def write(target: Path) -> None:
        try:
            found = {"tree": archive_tree(entry, options.sources, options.skipped_sources)}
        except NoDeltaError as error:
            found = {"why": str(error)}
        target.write_text(json.dumps(found), encoding="utf-8")

    note = single_flight(options.run_directory / "fleet.python" / f"tree-{entry.sha256}", write)
    found = json.loads(note.read_text(encoding="utf-8"))
    if "why" in found:
        raise NoDeltaError(found["why"])
    return str(found["tree"])


def _whole_after_all(delta: Delta, error: NoDeltaError, options: TransferOptions) -> str:
    """Why a delta that the lock pins is not taken. Said as a warning too, once in a run."""
    if options.skipped_sources.first("delta", delta.path):
        options.skipped_sources.notes.append(f"the delta that the lock pins is not used: {error}")
    return str(error)


def _delta(entry: Entry, base: Base, options: TransferOptions) -> tuple[Archive | None, str]:
    """The delta to send in place of the archive, and why; or None, and why not."""
    make = options.delta == "always"
    if base.delta:
        try:
            return proven_delta(base.delta, options.sources, options.skipped_sources), f"{base.home} is whole"
        except NoDeltaError as error:
            why = _whole_after_all(base.delta, error, options)
            if not make:
                return None, why
    try:
        if not make and options.delta_link:
            archive = cached_archive(entry, options.sources, options.skipped_sources).path
            make = pays(archive.stat().st_size, options.delta_link)
        delta = cached_delta(base.entry, entry, options.sources, options.skipped_sources, make=make)
    except NoDeltaError as error:
        return None, str(error)
    return delta, f"{base.home} is whole"


def _is_secret(order: Pull) -> bool:
    """Whether it holds headers, or a URL with user, password or query."""
    return bool(order.headers) or any(shown(url) != url for url in (*order.urls, order.proxy))


def _order(file: SourceFile, options: TransferOptions) -> Pull:
    """What a host needs to download an archive or a delta."""
    access = options.access
    return Pull(
        urls=tuple(source.url(file) for source in options.sources if source.pullable),
        headers=tuple(f"{name}: {value}" for name, value in access.headers),
        proxy=access.proxy,
        connect_timeout=access.connect_timeout,
        timeout=access.timeout,
        min_rate=access.min_rate,
        download_timeout=access.download_timeout,
        authorities=access.ca_path.read_text(encoding="ascii", errors="replace") if access.ca_path else "",
    )


def transfers_by_home(
    methods: Mapping[str, Method],
    archives: Mapping[str, Transferred],
    reasons: Mapping[str, str],
    pulled_bytes: Mapping[str, int],
) -> dict[str, dict[str, Any]]:
    """By home, what a task's result says of how its archive travelled. ``reasons``: why no delta was looked for.

    ``pulled_bytes``: what the host has downloaded.
    """
    return {
        home: {
            "transfer": method.name,
            "transfer_reason": method.why,
            "sent_bytes": archives[home].sent_bytes,
            "pulled_bytes": pulled_bytes.get(home, 0),
            "delta": bool(archives[home].delta),
            "delta_reason": archives[home].delta_reason or reasons.get(home, ""),
        }
        for home, method in methods.items()
    }


def pulled_by(said: Any) -> dict[str, int]:
    """What the module on a host says of its downloads, by home, without what can be no number of bytes."""
    found = said.items() if isinstance(said, Mapping) else ()
    return {str(home): size for home, size in found if isinstance(size, int) and 0 < size < 1 << 40}


def note_unreached(options: TransferOptions, host: str, why: str) -> None:
    """Remember for the rest of the run that a host gets nothing from these sources."""
    path = _unreached_note(options, host)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(why, encoding="utf-8")


def recall_unreached(options: TransferOptions, host: str) -> str:
    """Why a host gets nothing from these sources, empty where this run does not know of that."""
    path = _unreached_note(options, host)
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _unreached_note(options: TransferOptions, host: str) -> Path:
    key = "\n".join([host, *(source.name for source in options.sources)])
    return options.run_directory / "fleet.python" / f"unreached-{hashlib.sha256(key.encode()).hexdigest()}"
