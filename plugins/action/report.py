# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a report of what interpreter_info has found on all hosts of the play, once and on the controller."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from ansible.utils.display import Display

from ansible_collections.fleet.python.plugins.module_utils._options import report_options
from ansible_collections.fleet.python.plugins.plugin_utils._action import FleetAction
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Catalogue
from ansible_collections.fleet.python.plugins.plugin_utils._connection.remote import Remote, run_directory
from ansible_collections.fleet.python.plugins.plugin_utils._lock.store import read_lock
from ansible_collections.fleet.python.plugins.plugin_utils._plan.chooser import catalogue_of
from ansible_collections.fleet.python.plugins.plugin_utils._plan.result import with_warnings
from ansible_collections.fleet.python.plugins.plugin_utils._report.advisories import read_advisories
from ansible_collections.fleet.python.plugins.plugin_utils._report.gather import Frame, report_of, with_transfers
from ansible_collections.fleet.python.plugins.plugin_utils._report.newest import Newest
from ansible_collections.fleet.python.plugins.plugin_utils._report.page import page
from ansible_collections.fleet.python.plugins.plugin_utils._report.rows import csv_text
from ansible_collections.fleet.python.plugins.plugin_utils._report.sbom import fleet_sbom, host_sboms
from ansible_collections.fleet.python.plugins.plugin_utils._report.table import host_table, summary_line
from ansible_collections.fleet.python.plugins.plugin_utils._report.write import ReportError, file_name, write_all
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import access_of
from ansible_collections.fleet.python.plugins.plugin_utils._sources.skipped import SkippedSources
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import sources_of

_FILES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "html": page,
    "json": lambda report: json.dumps(report, ensure_ascii=False, indent=1, sort_keys=True) + "\n",
    "csv": csv_text,
    "sbom": fleet_sbom,
}


class ActionModule(FleetAction):
    """Runs on the controller, and asks no host: their results are in the variables of the play."""

    # Once for all hosts of the play; with serial, once for each batch. The strategy free refuses it.
    BYPASS_HOST_LOOP = True

    options = staticmethod(report_options)

    def act(self, options: Mapping[str, Any], remote: Remote) -> dict[str, Any]:
        """Gather the results, and write what is asked for. The table is for the terminal."""
        skipped_sources = SkippedSources(run_directory())
        frame = _frame(options, _catalogue(options, skipped_sources), self._task_vars)
        named = [_results(name, self._task_vars) for name in options["transfers"]]
        report = with_transfers(report_of(_results(options["results"], self._task_vars), frame), named)
        texts = _texts(options, report)
        if not self._task.check_mode:
            write_all(texts)
        Display().display(summary_line(report) if texts else host_table(report))
        result = {"changed": bool(texts), "summary": report["summary"], "written": sorted(map(str, texts))}
        return with_warnings(result, skipped_sources.notes)

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The result, as the module's page documents it."""
        self._task_vars = task_vars or {}
        return super().run(tmp, task_vars)


def _results(name: str, task_vars: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """The registered result of each host of the play."""
    hosts, variables = task_vars.get("ansible_play_hosts_all", []), task_vars["hostvars"]
    for host in hosts:
        # The values as they were registered. What a host said must not be taken for a template.
        yield str(host), variables.raw_get(host).get(name)


def _catalogue(options: Mapping[str, Any], skipped_sources: SkippedSources) -> Catalogue:
    sources = sources_of(options["source"], access_of(options))
    insecure = options["insecure_source"]
    return catalogue_of(
        options["catalogue"], sources, None, run_directory(), insecure=insecure, skipped_sources=skipped_sources
    )


def _frame(options: Mapping[str, Any], catalogue: Catalogue, task_vars: Mapping[str, Any]) -> Frame:
    lock, advisories = options["lock"], options["advisories"]
    if options["advisories_repository"] and not advisories:
        raise ReportError("advisories_repository says when advisories were fixed: name a directory of advisories too")
    return Frame(
        title=options["title"],
        generated=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        today=_today(options["today"]),
        collection=_version(),
        newest=Newest(catalogue),
        catalogue=options["catalogue"],
        lock=read_lock(Path(lock)) if lock else None,
        lock_path=lock,
        libc=options["libc"],
        max_level=options["max_level"],
        advisories=read_advisories(advisories, options["advisories_repository"]) if advisories else None,
    )


def _today(text: str | None) -> date:
    try:
        return date.fromisoformat(text) if text else datetime.now(UTC).date()
    except ValueError as error:
        raise ReportError(f"today: {text!r} is no day such as 2026-11-27") from error


def _version() -> str:
    """This collection's version, as its galaxy.yml or MANIFEST.json says it."""
    folder = Path(__file__).parents[2]
    manifest = folder / "MANIFEST.json"
    if manifest.is_file():
        return str(json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"])
    lines = (folder / "galaxy.yml").read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip().strip("\"'") for line in lines if line.startswith("version:")), "")


def _texts(options: Mapping[str, Any], report: Mapping[str, Any]) -> dict[Path, str]:
    """The text of each file that is asked for."""
    wanted = {name: Path(options[name]).absolute() for name in _FILES if options[name]}
    if len(set(wanted.values())) < len(wanted):
        raise ReportError("two outputs have the same path: each needs one of its own")
    if options["sbom_each"] and "sbom" in wanted:
        folder = wanted.pop("sbom")
        if not folder.is_dir():
            raise ReportError(f"sbom: with sbom_each, {folder} must be a directory, and is none")
        bills = {folder / f"{file_name(host)}.cdx.json": text for host, text in host_sboms(report).items()}
    else:
        bills = {}
    return {path: _FILES[name](report) for name, path in wanted.items()} | bills
