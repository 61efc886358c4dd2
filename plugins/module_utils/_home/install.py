# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the homes of a plan: fetch, verify, unpack, relocate, try, place."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._archive.manifest import (
    Contents,
    read_contents,
    write_manifest,
)
from ansible_collections.fleet.python.plugins.module_utils._archive.unpack import unpack
from ansible_collections.fleet.python.plugins.module_utils._background import Background
from ansible_collections.fleet.python.plugins.module_utils._delta.errors import DeltaError
from ansible_collections.fleet.python.plugins.module_utils._digest import digest_of
from ansible_collections.fleet.python.plugins.module_utils._elf import executable_stacks
from ansible_collections.fleet.python.plugins.module_utils._fetch.pull import parse_pull, take_pull
from ansible_collections.fleet.python.plugins.module_utils._fetch.verify import FetchError, copy_checked
from ansible_collections.fleet.python.plugins.module_utils._home.bytecode import compile_bytecode
from ansible_collections.fleet.python.plugins.module_utils._home.disk import watched_disk
from ansible_collections.fleet.python.plugins.module_utils._home.packages import keep_packages
from ansible_collections.fleet.python.plugins.module_utils._home.relocate import relocate
from ansible_collections.fleet.python.plugins.module_utils._home.steps import ApplyError, Steps
from ansible_collections.fleet.python.plugins.module_utils._home.tree import inherits_access, normalize, size_of
from ansible_collections.fleet.python.plugins.module_utils._home.trial import start_interpreter, try_interpreter
from ansible_collections.fleet.python.plugins.module_utils._root.errors import ConcurrentRunError, RootError
from ansible_collections.fleet.python.plugins.module_utils._root.homes import leave_if_empty, place, stands
from ansible_collections.fleet.python.plugins.module_utils._root.lock import locked
from ansible_collections.fleet.python.plugins.module_utils._root.parts import keep_part, take_part
from ansible_collections.fleet.python.plugins.module_utils._root.staging import new_stage, staging_of
from ansible_collections.fleet.python.plugins.module_utils._root.sweep import own_stage

# What the name of a delta has after that of its archive, as plugin_utils/_builds/deltas.py makes it.
_BESIDE = re.compile(r"\.from-[0-9a-f]{16}\.delta$")


@contextmanager
def fetched_archives(
    root: str, plan: dict[str, Any], keep_root: bool, steps: Steps
) -> Iterator[dict[str, tuple[str, str]]]:
    """Download what the host pulls, without the root's lock, for a source may be slow. Archive and source by home."""
    found: dict[str, tuple[str, str]] = {}
    begun: list[tuple[str, str]] = []
    with ExitStack() as stages:
        for install in (each for each in plan["installs"] if not each["stage"] and not each["file"]):
            home = install["home"]
            with steps.step("stage", home), locked(root):
                # Another run may have placed the same build.
                if stands(root, home, install["receipt"]["sha256"]):
                    continue
                wanted = install["delta"] or install["sha256"]
                stage = stages.enter_context(own_stage(root, wanted))
                path = os.path.join(stage, "archive")
                take_part(root, wanted, path)
            begun.append((wanted, path))
            kept = os.path.getsize(path) if os.path.exists(path) else 0
            try:
                with steps.step("download", home):
                    # Import it here, since the modules for HTTP take longer to load than all the rest.
                    from ansible_collections.fleet.python.plugins.module_utils._fetch.download import download

                    pull = take_pull(install["pull"]) if install["pull"] else parse_pull(install["order"])
                    source, skipped_sources = _downloaded(download, pull, path, install)
            except ApplyError as error:
                with suppress(RootError), locked(root):
                    for sha256, archive in begun if error.unreached or error.unfit_delta else ():
                        with suppress(OSError):
                            keep_part(root, sha256, archive, made_root=not keep_root)
                    stages.close()
                    leave_if_empty(root, keep_root)
                raise
            steps.skipped_sources += skipped_sources
            steps.pulled_bytes[home] = max(os.path.getsize(path) - kept, 0)
            found[home] = (path, source)
        yield found


def _downloaded(download: Any, pull: Any, path: str, install: dict[str, Any]) -> Any:
    """Download the archive, or the delta. Raises FetchError; DeltaError for a delta, since the archive may be had."""
    try:
        fetched = download(pull, path, install["delta"] or install["sha256"], resumes=True)
        # The receipt is the same whichever of them came: the source is where the archive lies.
        return fetched._replace(source=_BESIDE.sub("", fetched.source))
    except FetchError as error:
        if not install["delta"]:
            raise
        raise DeltaError(str(error).replace("the archive", "the delta", 1)) from error


def install_build(
    root: str, install: dict[str, Any], fetched: tuple[str, str] | None, steps: Steps
) -> dict[str, Any] | None:
    """Make one home. Returns what its interpreter said in the trial, or None if another run has placed the same build.

    ``fetched`` is the archive that the host has downloaded, with its source. Called with the lock held. Raises
    ApplyError.
    """
    home = install["home"]
    with ExitStack() as stack:
        with steps.step("stage", home):
            staged = install["stage"]
            stage = os.path.join(staging_of(root), staged) if staged else new_stage(root)
            stack.callback(shutil.rmtree, stage, ignore_errors=True)
            sync = stack.enter_context(watched_disk(stage))
        tree = os.path.join(stage, "tree")
        source = install["source"]
        final = os.path.join(root, home)
        if stands(root, home, install["receipt"]["sha256"]):
            # Another run placed the same build while this one waited.
            _follow(tree, final)
            return None
        contents = None
        if not staged:
            source, contents = _unpacked(root, stage, install, fetched, steps)
        python = os.path.join(tree, install["program"])
        with steps.step("relocate", home):
            # A tree that the module unpacked is normal already, unless it inherited a group or access lists.
            if staged or inherits_access(tree):
                normalize(tree)
            fitted = relocate(tree, final, **install["relocate"])
        # A thread reads while the trial and the compiler run. Those write bytecode only, which does not count.
        read = Background(_contents, tree, contents, fitted)
        if install["compile_bytecode"]:
            with steps.step("try", home):
                start_interpreter(python, install["version"])
            # Compile before the rest of the trial, which is then faster.
            with steps.step("compile", home):
                compile_bytecode(tree, final, python)
        # Let the disk write during the trial, so that the wait after it is shorter.
        written = Background(sync)
        with steps.step("try", home):
            trial = try_interpreter(python, install["version"], stage)
            trial["executable_stacks"] = executable_stacks(tree)
            for library in trial["executable_stacks"]:
                why = "asks for an executable stack, so programs that embed it cannot load it with glibc 2.41 and later"
                steps.notes.append(f"{library} of {home} {why}")
        with steps.step("place", home):
            written.result()
            if install["replaces"]:
                _keep_packages(root, install, tree, steps)
            files = write_manifest(tree, read.result())
            installed = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            receipt = dict(install["receipt"], source=source, files=files, installed=installed)
            receipt.update(libraries=trial["libraries"], size=size_of(tree))
            place(root, tree, home, receipt, sync)
            steps.done.append(f"{home} is installed")
        _follow(tree, final)
        return trial


def _contents(tree: str, unpacked: Contents | None, changed: list[str]) -> Contents:
    """The contents of a tree: those that were unpacked, with later changes. Reads a tree that sh has unpacked."""
    if unpacked is None:
        return read_contents(tree)
    unpacked.digests.update((path, digest_of(os.path.join(tree, path))) for path in changed)
    return unpacked


def _unpacked(root: str, stage: str, install: dict[str, Any], fetched: Any, steps: Steps) -> tuple[str, Contents]:
    """Take the archive and unpack it, or apply a delta. Returns the source of the bytes, and the tree's contents."""
    archive, tree = (os.path.join(stage, name) for name in ("archive", "tree"))
    with steps.step("download", install["home"]):
        if install["file"]:
            copy_checked(install["file"], archive, install["delta"] or install["sha256"])
        elif fetched:
            os.rename(fetched[0], archive)
        else:
            raise ConcurrentRunError(f"another run has removed {install['home']}")
    with steps.step("unpack", install["home"]):
        os.mkdir(tree)
        if install["delta"]:
            contents = _rebuilt(archive, os.path.join(root, install["old"]), tree, install)
        else:
            contents = unpack(archive, tree, tuple(install["top"]))
        os.unlink(archive)
    return fetched[1] if fetched else install["source"], contents


def _rebuilt(delta: str, old: str, tree: str, install: dict[str, Any]) -> Contents:
    """Make the tree out of an old home. Raises DeltaError."""
    try:
        # Most installations need no lzma, and a distribution's Python may lack it.
        from ansible_collections.fleet.python.plugins.module_utils._delta.apply import apply_delta
    except ImportError as error:
        raise DeltaError(f"the Python that runs the module, {sys.executable}, has no lzma") from error
    return apply_delta(delta, old, tree, install["sha256"], install["tree"])


def _keep_packages(root: str, install: dict[str, Any], tree: str, steps: Steps) -> None:
    old, new = (os.path.join(root, install[key]) for key in ("replaces", "home"))
    kept = keep_packages(old, tree, new)
    if kept:
        some = ", ".join(kept[:10]) + (", ..." if kept[10:] else "")
        steps.notes.append(f"{new} replaces {old}, which is damaged, and has what was in its site-packages: {some}")


def _follow(tree: str, home: str) -> None:
    """Let later imports find the library, if this module runs from the tree that has just moved."""
    if sys.prefix == tree:
        sys.path[:] = [home + path[len(tree) :] if path.startswith(tree) else path for path in sys.path]
        sys.path_importer_cache.clear()
