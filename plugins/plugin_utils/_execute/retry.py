# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which failure on a host deserves another attempt, and what that attempt does otherwise. No I/O here.

| Failure | The next attempt | How often |
| --- | --- | --- |
| `IllegalInstructionError`: the build is for a higher CPU level | plans for the level below | down to level 1 |
| `UnreachedError`, with ``transfer: auto``: the host reaches no source | pushes | once |
| `UnfitDeltaError`: the delta does not fit the old home, or does not come | takes the whole archive | once |
| `ConcurrentRunError`: another run has changed the host | observes and plans again | `MOST_CONCURRENT_RUNS` times |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._execute.errors import (
    ConcurrentRunError,
    IllegalInstructionError,
    StageError,
    UnfitDeltaError,
    UnreachedError,
)
from ansible_collections.fleet.python.plugins.plugin_utils._host.platform import level_below

# Each of the other runs has got on when it comes between, so that as many plays at once all come to their end.
MOST_CONCURRENT_RUNS: Final = 20


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an attempt starts from, with what earlier ones have learned.

    ``transfer`` is the task's option; ``highest`` the highest x86-64 level that may be chosen. ``learned_level`` is to
    be remembered on the host. ``whole`` says that no delta is to be taken. ``observe`` says that the host has changed
    since it was observed. ``notes`` are shown with the outcome, whatever it is. ``done`` says what earlier attempts
    have changed on the host.
    """

    transfer: str
    highest: int
    learned_level: int | None = None
    pushes: bool = False
    whole: bool = False
    concurrent_runs: int = 0
    observe: bool = False
    notes: tuple[str, ...] = ()
    done: tuple[str, ...] = ()


def next_attempt(failed: Attempt, error: Exception) -> Attempt:
    """The attempt that follows. Raises ``error`` where none would do better, with the notes before its message."""
    done = (*failed.done, *(error.done if isinstance(error, StageError) else ()))
    for kind, follow in _RETRIES:
        if isinstance(error, kind) and (following := follow(failed, error)):
            return replace(following, done=done)
    if failed.notes or failed.done:
        last = StageError("; ".join([*failed.notes, str(error)]))
        last.done = done
        raise last from None
    raise error


def _lower_level(failed: Attempt, error: Exception) -> Attempt | None:
    triples = error.triples if isinstance(error, IllegalInstructionError) else ()
    lower = level_below(triples, failed.highest)
    if lower is None:
        return None
    note = f"{error}; level {lower} is tried, and remembered for this host"
    return replace(failed, highest=lower, learned_level=lower, observe=False, notes=(*failed.notes, note))


def _push(failed: Attempt, error: Exception) -> Attempt | None:
    return replace(failed, pushes=True, observe=False) if failed.transfer == "auto" and not failed.pushes else None


def _whole_archive(failed: Attempt, error: Exception) -> Attempt | None:
    if failed.whole:
        return None
    note = f"{error}; so the whole archive comes"
    return replace(failed, whole=True, observe=False, notes=(*failed.notes, note))


def _observe_again(failed: Attempt, error: Exception) -> Attempt | None:
    runs = failed.concurrent_runs + 1
    return replace(failed, concurrent_runs=runs, observe=True) if runs < MOST_CONCURRENT_RUNS else None


_RETRIES: Final[tuple[tuple[type[StageError], Callable[[Attempt, Exception], Attempt | None]], ...]] = (
    (IllegalInstructionError, _lower_level),
    (UnreachedError, _push),
    (UnfitDeltaError, _whole_archive),
    (ConcurrentRunError, _observe_again),
)
