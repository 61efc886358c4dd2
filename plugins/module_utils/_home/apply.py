# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply a plan on the host: stage, verify, unpack, try, place, link, remove."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._archive.gunzip import UnpackError
from ansible_collections.fleet.python.plugins.module_utils._archive.manifest import (
    Contents,
    read_contents,
    write_manifest,
)
from ansible_collections.fleet.python.plugins.module_utils._archive.unpack import unpack
from ansible_collections.fleet.python.plugins.module_utils._background import Background
from ansible_collections.fleet.python.plugins.module_utils._digest import digest_of
from ansible_collections.fleet.python.plugins.module_utils._fetch.pull import take_pull
from ansible_collections.fleet.python.plugins.module_utils._fetch.verify import FetchError, UnreachedError, copy_checked
from ansible_collections.fleet.python.plugins.module_utils._home import root as _root
from ansible_collections.fleet.python.plugins.module_utils._home import staging as _staging
from ansible_collections.fleet.python.plugins.module_utils._home.bytecode import compile_bytecode
from ansible_collections.fleet.python.plugins.module_utils._home.disk import watched_disk
from ansible_collections.fleet.python.plugins.module_utils._home.relocate import relocate
from ansible_collections.fleet.python.plugins.module_utils._home.removal import finish_removals, noted_removal
from ansible_collections.fleet.python.plugins.module_utils._home.root import ConcurrentRunError, RootError
from ansible_collections.fleet.python.plugins.module_utils._home.tree import inherits_access, normalize
from ansible_collections.fleet.python.plugins.module_utils._home.trial import (
    IllegalInstruction,
    TrialError,
    start_interpreter,
    try_interpreter,
)
from ansible_collections.fleet.python.plugins.module_utils._home.users import users_of


class ApplyError(Exception):
    """A step of the plan failed. What users see on the host is as it was before that step.

    ``step`` is its name: lock, sweep, stage, download, unpack, relocate, try, compile, place, link, remove.
    ``illegal_instruction``: the interpreter died of one, so a build for a lower CPU level may work.
    ``concurrent_run``: a concurrent run changed the host, so a new plan may work.
    ``unreached``: no source gave anything, so the controller may push the archive.
    """

    def __init__(
        self,
        step: str,
        home: str,
        reason: str,
        illegal_instruction: bool = False,
        concurrent_run: bool = False,
        unreached: bool = False,
    ) -> None:
        super().__init__(f"{step} of {home} failed: {reason}" if home else f"{step} failed: {reason}")
        self.step = step
        self.home = home
        self.illegal_instruction = illegal_instruction
        self.concurrent_run = concurrent_run
        self.unreached = unreached


class _Steps:
    """Time each step, and raise every error of it as an ApplyError."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.skipped_sources: list[str] = []

    @contextmanager
    def step(self, name: str, home: str = "") -> Iterator[None]:
        start = time.monotonic()
        try:
            yield
        except (FetchError, RootError, TrialError, UnpackError) as error:
            raise ApplyError(
                name,
                home,
                str(error),
                isinstance(error, IllegalInstruction),
                isinstance(error, ConcurrentRunError),
                isinstance(error, UnreachedError),
            ) from error
        except OSError as error:
            reason = error.strerror or str(error)
            where = f" ({error.filename})" if error.filename else ""
            raise ApplyError(name, home, reason + where) from error
        self.taken.append({"name": name, "home": home, "seconds": round(time.monotonic() - start, 3)})


def apply_plan(plan: dict[str, Any]) -> dict[str, Any]:
    """Apply ``plan``, in the shape that plugin_utils/_plan/plan.py makes, and return what was done.

    Returns ``changed``, ``steps`` (name, home, seconds), ``trials`` (what each new interpreter said, by home),
    ``in_use`` (why a home that was to be removed has stayed, by home) and ``skipped_sources`` (a line for each
    source that failed before another one succeeded).
    Raises ApplyError. Places every install before it moves the first link, and moves every link before it removes
    anything.
    """
    # Modes that matter are set explicitly. The umask is for files that the interpreter makes in its trial.
    os.umask(0o022)
    # This may run from the tree that becomes the home, where bytecode would be an unplanned change.
    sys.dont_write_bytecode = True
    root = plan["root"]
    steps = _Steps()
    trials: dict[str, Any] = {}
    changed = False
    stages = [install["stage"] for install in plan["installs"] if install["stage"]]
    # Keep an empty root that somebody else made, unless this run removes the last interpreter.
    keep_root = os.path.isdir(root) and not plan["remove"] and not _staging.made_with(root, stages)
    with _fetched(root, plan, keep_root, steps) as fetched, _held(root, stages, keep_root, steps):
        try:
            with steps.step("sweep"):
                finish_removals(root, {*plan["links"].values(), *plan["remove"]})
                _staging.sweep(root, stages)
            for install in plan["installs"]:
                trial, placed = _install(root, install, fetched.get(install["home"]), steps)
                trials.update({install["home"]: trial} if trial else {})
                changed |= placed
            in_use = _in_use(root, plan, steps)
            with ExitStack() as stack:
                if plan["links"]:
                    with steps.step("link"):
                        gone = [home for home in plan["remove"] if home not in in_use]
                        stack.enter_context(noted_removal(root, gone, plan["venv_roots"]))
                changed |= _link(root, plan, in_use, steps)
                changed |= _remove(root, plan, in_use, steps)
        finally:
            for archive, _source in fetched.values():
                shutil.rmtree(os.path.dirname(archive), ignore_errors=True)
            _clean(root, plan, keep_root)
    return {
        "changed": changed,
        "steps": steps.taken,
        "trials": trials,
        "in_use": in_use,
        "skipped_sources": steps.skipped_sources,
    }


def sweep_only(root: str) -> dict[str, Any]:
    """Remove the leftovers of runs that were cut off. A concurrent run has done so already."""
    with suppress(RootError), _root.locked(root, patience=0):
        finish_removals(root, ())
        _staging.sweep(root, [])
        _root.leave_if_empty(root, keep_root=False)
    return {"changed": False, "steps": [], "trials": {}, "in_use": {}}


@contextmanager
def _fetched(root: str, plan: dict[str, Any], keep_root: bool, steps: _Steps) -> Iterator[dict[str, tuple[str, str]]]:
    """Download what the host pulls, without the root's lock, for a source may be slow. Archive and source by home."""
    found: dict[str, tuple[str, str]] = {}
    with ExitStack() as stages:
        for install in (each for each in plan["installs"] if not each["stage"] and not each["file"]):
            home = install["home"]
            with steps.step("stage", home), _root.locked(root):
                # Another run may have placed the same build.
                if _root.stands(root, home, install["receipt"]["sha256"]):
                    continue
                stage = stages.enter_context(_staging.own_stage(root))
            path = os.path.join(stage, "archive")
            try:
                with steps.step("download", home):
                    # Import it here, since the modules for HTTP take longer to load than all the rest.
                    from ansible_collections.fleet.python.plugins.module_utils._fetch.download import download

                    source, skipped_sources = download(take_pull(install["pull"]), path, install["sha256"])
            except ApplyError:
                stages.close()
                with suppress(RootError), _root.locked(root):
                    _root.leave_if_empty(root, keep_root)
                raise
            steps.skipped_sources += skipped_sources
            found[home] = (path, source)
        yield found


@contextmanager
def _held(root: str, stages: list[str], keep_root: bool, steps: _Steps) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            with steps.step("lock"):
                still_there = stack.enter_context(_staging.held(root, stages))
                stack.enter_context(_root.locked(root))
                still_there()
        except ApplyError:
            _staging.drop_stages(root, stages, keep_root)
            raise
        yield


def _install(root: str, install: dict[str, Any], fetched: tuple[str, str] | None, steps: _Steps) -> Any:
    home = install["home"]
    with ExitStack() as stack:
        with steps.step("stage", home):
            staged = install["stage"]
            stage = os.path.join(_root.staging_of(root), staged) if staged else _root.new_stage(root)
            stack.callback(shutil.rmtree, stage, ignore_errors=True)
            sync = stack.enter_context(watched_disk(stage))
        tree = os.path.join(stage, "tree")
        source = install["source"]
        final = os.path.join(root, home)
        if _root.stands(root, home, install["receipt"]["sha256"]):
            # Another run placed the same build while this one waited.
            _follow(tree, final)
            return None, False
        contents = None
        if not staged:
            source, contents = _unpacked(stage, tree, install, fetched, steps)
        python = os.path.join(tree, install["program"])
        with steps.step("relocate", home):
            # A tree that the module unpacked is normal already, unless it inherited a group or access lists.
            if staged or inherits_access(tree):
                normalize(tree)
            fitted = relocate(tree, final, **install["relocate"])
        # A thread reads while the trial and the compiler run. Those write bytecode only, which does not count.
        read = Background(_contents, tree, contents, fitted)
        with steps.step("try", home):
            start_interpreter(python, install["version"])
        if install["compile_bytecode"]:
            # Compile before the rest of the trial, which is then faster.
            with steps.step("compile", home):
                compile_bytecode(tree, final, python)
        # Let the disk write during the trial, so that the wait after it is shorter.
        written = Background(sync)
        with steps.step("try", home):
            trial = try_interpreter(python, stage)
        with steps.step("place", home):
            written.result()
            files = write_manifest(tree, read.result())
            installed = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            receipt = dict(install["receipt"], source=source, files=files, installed=installed)
            _root.place(root, tree, home, receipt, sync)
        _follow(tree, final)
        return trial, True


def _contents(tree: str, unpacked: Contents | None, changed: list[str]) -> Contents:
    """The contents of a tree: those that were unpacked, with later changes. Reads a tree that sh has unpacked."""
    if unpacked is None:
        return read_contents(tree)
    unpacked.digests.update((path, digest_of(os.path.join(tree, path))) for path in changed)
    return unpacked


def _unpacked(stage: str, tree: str, install: dict[str, Any], fetched: Any, steps: _Steps) -> tuple[str, Contents]:
    """Take the archive and unpack it. Returns the source of the bytes, and the contents of the tree."""
    archive = os.path.join(stage, "archive")
    with steps.step("download", install["home"]):
        if install["file"]:
            copy_checked(install["file"], archive, install["sha256"])
        elif fetched:
            os.rename(fetched[0], archive)
        else:
            raise ConcurrentRunError(f"another run has removed {install['home']}")
    with steps.step("unpack", install["home"]):
        os.mkdir(tree)
        contents = unpack(archive, tree, tuple(install["top"]))
        os.unlink(archive)
    return fetched[1] if fetched else install["source"], contents


def _follow(tree: str, home: str) -> None:
    """Let later imports find the library, if this module runs from the tree that has just moved."""
    if sys.prefix == tree:
        sys.path[:] = [home + path[len(tree) :] if path.startswith(tree) else path for path in sys.path]
        sys.path_importer_cache.clear()


def _in_use(root: str, plan: dict[str, Any], steps: _Steps) -> dict[str, str]:
    """The homes that cannot be removed now, each with the reason."""
    found = {}
    for home in plan["remove"]:
        with steps.step("remove", home):
            going = [path for path in plan["unlink"] if _root.leads_to(path, home)]
            others = [name for name in _root.links_to(root, home) if name not in plan["links"]]
            # Another run may have switched a link to it since the plan was made.
            users = [f"the link {name} leads to it" for name in others if os.path.join(root, name) not in going]
            users += users_of([os.path.join(root, home), *going], plan["venv_roots"])
        if users:
            found[home] = "; ".join(users[:5])
    return found


def _link(root: str, plan: dict[str, Any], in_use: dict[str, str], steps: _Steps) -> bool:
    minors = {os.path.join(root, name): home for name, home in plan["links"].items()}
    wanted = dict(minors, **plan["paths"])
    # A home that stays keeps its minor link, and the links through that link.
    staying = [path for path in plan["unlink"] if any(_root.leads_to(path, home) for home in in_use)]
    through = tuple(path + "/" for path in staying)
    unlink = [
        path
        for path in plan["unlink"]
        if path not in staying and not (through and os.path.islink(path) and os.readlink(path).startswith(through))
    ]
    # Check all of them first, so that an error with the last link does not leave the first one switched.
    for home in plan["links"].values():
        with steps.step("link"):
            if not os.path.isdir(os.path.join(root, home)):
                raise ConcurrentRunError(f"another run has removed {os.path.join(root, home)}")
    for path in wanted:
        with steps.step("link"):
            _root.check_link_place(path)
    if plan["made_links"] is not None and not staying:
        with steps.step("link"):
            _root.record_links(root, plan["made_links"])
    if plan["level"]:
        with steps.step("link"):
            _root.remember_level(root, plan["level"])
    for path in minors if plan["record_previous"] else ():
        with steps.step("link"):
            _root.record_previous(root, path)
    for path, target in wanted.items():
        with steps.step("link"):
            _root.switch_link(root, path, target)
    for path in unlink:
        with steps.step("link"):
            _root.remove_link(path)
    return bool(wanted or unlink)


def _remove(root: str, plan: dict[str, Any], in_use: dict[str, str], steps: _Steps) -> bool:
    going = [home for home in plan["remove"] if home not in in_use]
    for home in going:
        with steps.step("remove", home):
            _root.remove_home(root, home)
    with steps.step("remove"):
        _root.forget_dangling_previous(root)
    return bool(going)


def _clean(root: str, plan: dict[str, Any], keep_root: bool) -> None:
    """Remove the staging of this run, and the root if nothing is left in it."""
    for install in plan["installs"]:
        if install["stage"]:
            shutil.rmtree(os.path.join(_root.staging_of(root), install["stage"]), ignore_errors=True)
    _root.leave_if_empty(root, keep_root)
