# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start each installed interpreter: an upgrade of the system may have taken a library that it needs.

Older receipts lack the versions of the libraries inside and the size on disk, so each one says these too.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from ansible_collections.fleet.python.plugins.module_utils._libraries import SAY_LIBRARIES, versions_of
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Home, Observation

_SAID: Final = re.compile(r"^fleet-start (\d{1,6}) (\d{1,3}) (.*)$", re.MULTILINE)
_LIBRARIES: Final = re.compile(r"^fleet-libraries (\d{1,6}) (\{.{1,2000}\})$", re.MULTILINE)
_SIZE: Final = re.compile(r"^fleet-size (\d{1,6}) (\d{1,15})\s", re.MULTILINE)
# In hex digits, which need no quotes in any shell.
_SAY_LIBRARIES: Final = f"{SAY_LIBRARIES}import json; print(json.dumps(libraries()))".encode().hex()
# The loader looks for no library beside a program that has capabilities (ld.so(8), secure-execution mode), and so not
# for its libpython, unless root starts it.
_CAPABLE: Final = "security.capability"


def start_each(run: Callable[[str], dict[str, Any]], observed: Observation) -> Observation:
    """The observation with what each interpreter said, also that did not start. One round trip if there are homes.

    Call it only if nobody else may change what is started: see `refuse_untrusted`.
    """
    homes = [home for home in observed.homes if home.runs]
    if not homes:
        return observed
    root = observed.root.path
    programs = [f"{root}/{home.name}/{home.receipt.get('program', 'bin/python3')}" for home in homes]
    unknown = [number for number, home in enumerate(homes) if not home.receipt.get("libraries")]
    answer = str(run(starting_script(programs, unknown)).get("stdout", ""))
    failures, said = parse_starting(answer), parse_said(answer)
    tried = {home.name: _started(home, number, failures, said) for number, home in enumerate(homes)}
    return replace(observed, homes=tuple(tried.get(home.name, home) for home in observed.homes))


def _started(
    home: Home, number: int, failures: dict[int, str], said: dict[int, tuple[dict[str, str], int | None]]
) -> Home:
    libraries, size = said.get(number, ({}, None))
    fails = failures.get(number, "")
    return replace(home, fails=fails, starts=not fails, libraries=libraries, size=size)


def starting_script(programs: Iterable[str], unknown: Iterable[int] = ()) -> str:
    """A command that starts each interpreter, and prints its number, its exit status and the end of what it said.

    Those whose numbers are in ``unknown`` print the versions of their libraries too, and du the size of their home.
    """
    tries = " ".join(map(shlex.quote, programs))
    look = "import os, sys; print(*os.listxattr(sys.executable))"
    ask = "".join(f" {number}" for number in unknown)
    more = (
        f'case "{ask} " in *" $n "*) '
        f'printf "fleet-libraries %s %s\\n" $n "$("$p" -I -B -c "import sys; exec(bytes.fromhex(sys.argv[1]))" '
        f'{_SAY_LIBRARIES} 2>/dev/null </dev/null | head -c 2000)"; '
        'printf "fleet-size %s %s\\n" $n "$(du -sk "${p%/*}/.." 2>/dev/null)" ;; esac; '
    )
    return (
        f'n=0; for p in {tries}; do s=$("$p" -I -B -c "" 2>&1 </dev/null); c=$?; '
        f'[ $c -ne 0 ] || s=$("$p" -I -B -c "{look}" 2>/dev/null </dev/null); '
        'printf "fleet-start %s %s " $n $c; printf "%s" "$s" | tail -n 1; printf "\\n"; '
        f"{more if ask else ''}n=$((n + 1)); done; :"
    )


def parse_said(answer: str) -> dict[int, tuple[dict[str, str], int | None]]:
    """The versions of the libraries and the size in bytes that each number said."""
    answer = answer.replace("\r", "")
    sizes = {int(number): 1024 * int(size) for number, size in _SIZE.findall(answer)}
    libraries = {int(number): versions_of(text) for number, text in _LIBRARIES.findall(answer)}
    return {number: (libraries.get(number, {}), sizes.get(number)) for number in {*sizes, *libraries}}


def parse_starting(answer: str) -> dict[int, str]:
    """Why interpreters do not start, by their numbers."""
    failures = {}
    for number, status, said in _SAID.findall(answer.replace("\r", "")):
        if status != "0":
            failures[int(number)] = said.strip() or f"exit status {status}"
        elif _CAPABLE in said.split():
            failures[int(number)] = f"for users other than root, since it has capabilities ({_CAPABLE}, from setcap)"
    return failures
