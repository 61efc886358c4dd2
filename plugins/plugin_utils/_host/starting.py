# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start each installed interpreter: an upgrade of the system may have taken a library that it needs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation

_SAID: Final = re.compile(r"^fleet-start (\d{1,6}) (\d{1,3}) (.*)$", re.MULTILINE)
# The loader looks for no library beside a program that has capabilities (ld.so(8), secure-execution mode), and so not
# for its libpython, unless root starts it.
_CAPABLE: Final = "security.capability"


def start_each(run: Callable[[str], dict[str, Any]], observed: Observation) -> Observation:
    """The observation with what each interpreter said that did not start. One round trip if there are homes.

    Call it only if nobody else may change what is started: see `refuse_untrusted`.
    """
    homes = [home for home in observed.homes if home.runs]
    if not homes:
        return observed
    root = observed.root.path
    programs = [f"{root}/{home.name}/{home.receipt.get('program', 'bin/python3')}" for home in homes]
    failures = parse_starting(str(run(starting_script(programs)).get("stdout", "")))
    fails = {home.name: failures.get(number, "") for number, home in enumerate(homes)}
    return replace(observed, homes=tuple(replace(home, fails=fails.get(home.name, "")) for home in observed.homes))


def starting_script(programs: Iterable[str]) -> str:
    """A command that starts each interpreter, and prints its number, its exit status and the end of what it said."""
    tries = " ".join(map(shlex.quote, programs))
    look = "import os, sys; print(*os.listxattr(sys.executable))"
    return (
        f'n=0; for p in {tries}; do s=$("$p" -I -B -c "" 2>&1 </dev/null); c=$?; '
        f'[ $c -ne 0 ] || s=$("$p" -I -B -c "{look}" 2>/dev/null </dev/null); '
        'printf "fleet-start %s %s " $n $c; printf "%s" "$s" | tail -n 1; printf "\\n"; n=$((n + 1)); done; :'
    )


def parse_starting(answer: str) -> dict[int, str]:
    """Why interpreters do not start, by their numbers."""
    failures = {}
    for number, status, said in _SAID.findall(answer.replace("\r", "")):
        if status != "0":
            failures[int(number)] = said.strip() or f"exit status {status}"
        elif _CAPABLE in said.split():
            failures[int(number)] = f"for users other than root, since it has capabilities ({_CAPABLE}, from setcap)"
    return failures
