# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observe a host with one command, over any connection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._host.probe import ProbeError, parse_probe, probe_script

# As ActionBase._low_level_execute_command: takes a command, and returns rc, stdout and stderr.
RunCommand = Callable[[str], dict[str, Any]]


def observe(
    run: RunCommand,
    root: str,
    links: Sequence[str] = (),
    *,
    verify: str = "quick",
    detail: bool = False,
    prerequisites: bool = False,
) -> Observation:
    """Run the probe on the host, in one round trip. See `probe_script` for the options.

    Raises ProbeError if the probe does not answer, or if ``verify`` is deep and the host cannot compute digests.
    """
    deep = verify == "deep"
    answer = run(probe_script(root, links, verify=verify, detail=detail, prerequisites=prerequisites or deep))
    try:
        observed = parse_probe(str(answer.get("stdout", "")), root)
    except ProbeError as error:
        said = str(answer.get("stderr", "")).strip()[-300:]
        raise ProbeError(f"{error} (exit status {answer.get('rc')}){': ' + said if said else ''}") from error
    if deep and observed.homes and not {"sha256sum", "shasum"} & observed.tools.keys():
        raise ProbeError("the host has neither sha256sum nor shasum to look deep with: install one or look quickly")
    return observed
