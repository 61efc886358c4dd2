# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the carrier does on a host: observe, plan and apply, as the role does it from a controller.

carrier.sh starts it with an interpreter that is installed or staged, and a directory for what both must know:
``access`` (a pull file whose URLs are base URLs), ``staged`` (what sh has staged), ``crashed`` (triples whose builds
died of an illegal instruction), ``attempt`` (what earlier attempts have learned), ``failed`` (what to say at last).
"""

from __future__ import annotations

import json
import platform
import subprocess
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from ansible_collections.fleet.python.plugins.module_utils._fetch.pull import Pull, take_pull
from ansible_collections.fleet.python.plugins.module_utils._home.apply import apply_plan, sweep_only
from ansible_collections.fleet.python.plugins.module_utils._home.steps import ApplyError
from ansible_collections.fleet.python.plugins.module_utils._root.records import keep_carrier
from ansible_collections.fleet.python.plugins.module_utils._text import clean, clean_values
from ansible_collections.fleet.python.plugins.plugin_utils._boot.carried import Carried, parse_carried
from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import AssetError
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._builds.query import ResolveError, make_query
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import Request, RequestError
from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import (
    ConcurrentRunError,
    IllegalInstructionError,
    StageError,
    UnreachedError,
    state_of_host,
)
from ansible_collections.fleet.python.plugins.plugin_utils._execute.module_plan import Order, StagedBuild, module_plan
from ansible_collections.fleet.python.plugins.plugin_utils._execute.retry import Attempt, next_attempt
from ansible_collections.fleet.python.plugins.plugin_utils._execute.transfer import (
    Method,
    TransferOptions,
    Transferred,
    transfers_by_home,
)
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._host.observe import observe
from ansible_collections.fleet.python.plugins.plugin_utils._host.platform import (
    PlatformError,
    platform_of,
    triples_of,
)
from ansible_collections.fleet.python.plugins.plugin_utils._host.probe import ProbeError
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import LockError, pick
from ansible_collections.fleet.python.plugins.plugin_utils._plan import result as _result
from ansible_collections.fleet.python.plugins.plugin_utils._plan.model import Build, Plan, Ranking
from ansible_collections.fleet.python.plugins.plugin_utils._plan.plan import PlanError, make_plan
from ansible_collections.fleet.python.plugins.plugin_utils._plan.task import (
    TaskError,
    limits_of,
    task_of,
    triples_for,
)
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import SourceError, sources_of

# Exit statuses that carrier.sh knows: begin again, at once or after a pause.
AGAIN: Final = 75
LATER: Final = 76
_REFUSALS: Final = (
    AssetError,
    LockError,
    PlanError,
    PlatformError,
    ProbeError,
    RequestError,
    ResolveError,
    SourceError,
    StageError,
    TaskError,
)


@dataclass(frozen=True, slots=True)
class Ready:
    """What sh has staged: ``path`` is that of the asset below a source. Empty if an installed interpreter runs this."""

    stage: str = ""
    path: str = ""
    source: str = ""
    skipped_sources: tuple[str, ...] = ()
    pulled_bytes: int = 0


def main(carrier: str, work: str) -> int:
    """Make this host what the lock says. Prints one line of JSON, unless another attempt follows. The exit status."""
    folder = Path(work)
    with zipfile.ZipFile(carrier) as archive:
        carried = parse_carried(archive.read("carried.json").decode("utf-8"))
    # Once the staged tree is a home, nothing more can be imported, and the carrier may be gone.
    data = Path(carrier).read_bytes()
    pull = take_pull(str(folder / "access"))
    ready = parse_staged((folder / "staged").read_text(encoding="utf-8", errors="replace"))
    attempt = _attempt(folder, carried)
    try:
        attempt = _after_crashes(folder, attempt)
        result = _apply(carried, pull, ready, attempt, folder)
    except _REFUSALS as error:
        return _failed(folder, attempt, error)
    result["changed"] = result["changed"] or bool(attempt.done)
    with suppress(OSError):
        keep_carrier(carried.options["root"], data)
    print(json.dumps(_result.with_warnings(result, list(attempt.notes))))
    return 0


def parse_staged(text: str) -> Ready:
    """What carrier.sh says of the build that it has staged; sources are text of others."""
    words = [clean(line).partition(" ")[::2] for line in text.splitlines()]
    found = {word: rest for word, rest in words if word != "skipped"}
    return Ready(
        stage=found.get("stage", ""),
        path=found.get("path", ""),
        source=found.get("source", ""),
        pulled_bytes=int(found.get("pulled") or 0),
        skipped_sources=tuple(rest for word, rest in words if word == "skipped"),
    )


def _apply(carried: Carried, pull: Pull, ready: Ready, attempt: Attempt, folder: Path) -> dict[str, Any]:
    """Observe, plan, and apply if there is something to do. Raises what the plan refuses, and StageError."""
    options = carried.options
    task = task_of(options)
    look = partial(observe, _run, task.root, task.looked_at)
    observed = look()
    plan, platform_result, entries = _plan(carried, observed, attempt)
    if plan.changed and not observed.prerequisites_known:
        observed = look(prerequisites=True)
        plan, platform_result, entries = _plan(carried, observed, attempt)
    result = _result.planned(plan, observed, platform_result)
    if plan.changed or attempt.learned_level is not None:
        staged = _staged_build(plan, ready, entries)
        order = Order(
            entries=entries,
            transfer=TransferOptions("pull", (), folder),
            externally_managed=options["externally_managed"],
            compile_bytecode=options["compile_bytecode"],
            venv_roots=options["venv_roots"],
            level=attempt.learned_level,
        )
        archives = {home: _archive(entry, pull) for home, entry in entries.items()}
        try:
            done = apply_plan(module_plan(plan, archives, staged, order))
        except ApplyError as error:
            raise _stage_error(error, plan) from error
        skipped = [*ready.skipped_sources, *done.pop("skipped_sources", [])]
        methods = {home: Method("pull", "a boot script installs it") for home in entries}
        whole = dict.fromkeys(entries, "boot scripts take none")
        pulled = ({staged.home: staged.pulled_bytes} if staged else {}) | done.pop("pulled_bytes", {})
        done["transfers"] = transfers_by_home(methods, archives, whole, pulled)
        done["notes"] = [*done.get("notes", []), *(f"{line}; skipped for the next source" for line in skipped)]
        result = _result.applied(result, done)
    elif observed.leftovers:
        sweep_only(plan.root)
    return _result.with_warnings(result, list(plan.warnings))


def _plan(carried: Carried, observed: Observation, attempt: Attempt) -> tuple[Plan, dict[str, Any], dict[str, Entry]]:
    """The plan, the platform for the result, and the pin of each build that the plan installs, by its home."""
    options = carried.options
    task = task_of(options)
    found = platform_of(observed)
    highest = min(attempt.highest, observed.level_known or attempt.highest)
    ranking: Ranking = partial(triples_of, found, options["libc"], highest)
    triples = ranking(static=task.only_static)
    chosen: dict[tuple[str, str], Entry] = {}

    def pinned(request: Request) -> Entry:
        query = make_query(request, triples_for(request, options, ranking), **limits_of(options))
        entry = pick(carried.lock, query, origin=carried.origin).entry
        chosen[entry.release, entry.asset.name] = entry
        return entry

    plan = make_plan(task, observed, ranking, pinned)
    entries = {build.home: chosen[build.release, build.asset] for build in plan.installs}
    return plan, found.result(triples), entries


def _staged_build(plan: Plan, ready: Ready, entries: Mapping[str, Entry]) -> StagedBuild | None:
    """The build that sh has staged, if the plan installs it."""

    def is_ready(build: Build) -> bool:
        return bool(ready.stage) and entries[build.home].url_path == ready.path

    build = next(filter(is_ready, plan.installs), None)
    if build is None:
        return None
    return StagedBuild(build.home, ready.stage, "", ready.source, ready.skipped_sources, ready.pulled_bytes)


def _archive(entry: Entry, pull: Pull) -> Transferred:
    """What the host needs to download an archive. Secrets in it stay in this process."""
    urls = tuple(source.url(entry) for source in sources_of(pull.urls))
    return Transferred(entry.sha256, order=pull._replace(urls=urls).text())


def _run(command: str) -> dict[str, Any]:
    """Run a command, as a connection does."""
    done = subprocess.run(
        ["/bin/sh", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, check=False, errors="replace"
    )
    answer: dict[str, Any] = clean_values({"rc": done.returncode, "stdout": done.stdout, "stderr": done.stderr})
    return answer


def _attempt(folder: Path, carried: Carried) -> Attempt:
    """What earlier attempts of this script have left to this one."""
    try:
        known = json.loads((folder / "attempt").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Attempt("pull", carried.options["max_level"])
    return Attempt(**{**known, "notes": tuple(known["notes"]), "done": tuple(known["done"])})


def _after_crashes(folder: Path, attempt: Attempt) -> Attempt:
    """The attempt after builds that sh has staged have died. Raises StageError where no lower level is left."""
    try:
        crashed = (folder / "crashed").read_text(encoding="ascii").split()
        (folder / "crashed").unlink()
    except FileNotFoundError:
        return attempt
    for triple in crashed:
        error = IllegalInstructionError(f"a build for {triple} dies with an illegal instruction")
        error.triples = (triple,)
        attempt = next_attempt(attempt, error)
    return attempt


def _stage_error(error: ApplyError, plan: Plan) -> StageError:
    """The error in the form that `next_attempt` knows."""
    kinds: tuple[tuple[bool, type[StageError]], ...] = (
        (error.concurrent_run, ConcurrentRunError),
        (error.unreached, UnreachedError),
        (error.illegal_instruction, IllegalInstructionError),
    )
    found = next((kind for holds, kind in kinds if holds), StageError)(str(error))
    found.done = tuple(error.done)
    if isinstance(found, IllegalInstructionError):
        found.triples = tuple(build.triple for build in plan.installs)
    return found


def _failed(folder: Path, attempt: Attempt, error: Exception) -> int:
    """Say that it failed, or leave to the next attempt what it has to know. The exit status."""
    try:
        following = next_attempt(attempt, error)
    except _REFUSALS as last:
        changed = isinstance(last, StageError) and last.changed
        state = f". {state_of_host(last, '')}." if isinstance(last, StageError) else ". The host is as it was."
        said = clean(f"{platform.node()}: {last}{state}")
        line = json.dumps({"changed": changed, "failed": True, "msg": said})
        if isinstance(error, UnreachedError):
            (folder / "failed").write_text(line + "\n", encoding="ascii")
            return LATER
        print(line)
        return 1
    (folder / "attempt").write_text(json.dumps(asdict(following)), encoding="ascii")
    return AGAIN
