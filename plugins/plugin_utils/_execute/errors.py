# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors while a plan is executed on a host."""

from __future__ import annotations

from ansible_collections.fleet.python.plugins.module_utils._text import clean


class StageError(ValueError):
    """A plan failed on the host. ``done`` says what has changed there until then, a sentence each."""

    done: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything that users see has changed on the host, or may have."""
        return bool(self.done)


class CrashError(StageError):
    """The module did not come to its end on the host. ``status`` is its exit status, None where it is not known.

    Nobody knows what it had done until then.
    """

    changed = True

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


class ConcurrentRunError(StageError):
    """Another run has changed this host since the plan was made: observe and plan again."""


class UnreachedError(StageError):
    """The host got nothing from any source, neither good nor bad: the controller may."""


class PushError(StageError):
    """A push broke off for good."""


class UnfitDeltaError(StageError):
    """The delta that was sent does not lead from the host's old home to the new one: the whole archive may do."""


class IllegalInstructionError(StageError):
    """The interpreter is built for a higher CPU level than this host has: one for a lower level may do.

    ``triples`` are those of the builds that were to be installed.
    """

    triples: tuple[str, ...] = ()


def state_of_host(error: StageError, way_out: str = ", or try transfer: push") -> str:
    """What a failed run has left on the host, and what to do next. ``way_out`` is for a host that reaches no source."""
    if error.done:
        return f"Done before that, and left so: {clean('; '.join(error.done))}. Mend what is named, then run again"
    if error.changed:
        return "What it had done until then stays on the host, and the next run goes on from there: run again"
    # Nothing else is mended by a push, and what was pushed never fails so.
    way = way_out if isinstance(error, UnreachedError) else ""
    broke_off = isinstance(error, (UnreachedError, PushError))
    kept = ", but for what may have come of the file, with which the next run goes on" if broke_off else ""
    return f"The host is as it was{kept}. Mend what is named{way}, then run again"
