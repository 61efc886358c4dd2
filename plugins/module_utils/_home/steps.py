# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a run: how long each took, how it failed, and what has changed until then."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._archive.gunzip import UnpackError
from ansible_collections.fleet.python.plugins.module_utils._delta.errors import DeltaError
from ansible_collections.fleet.python.plugins.module_utils._fetch.verify import FetchError, UnreachedError
from ansible_collections.fleet.python.plugins.module_utils._home.trial import IllegalInstruction, TrialError
from ansible_collections.fleet.python.plugins.module_utils._root.errors import ConcurrentRunError, RootError


class ApplyError(Exception):
    """A step of the plan failed.

    ``step`` is its name: lock, sweep, stage, download, unpack, relocate, try, compile, place, link,
    remove, facts.
    ``done`` says what users see changed on the host, a sentence each. Empty if the host is as it was.
    ``illegal_instruction``: the interpreter died of one, so a build for a lower CPU level may work.
    ``concurrent_run``: a concurrent run changed the host, so a new plan may work.
    ``unreached``: no source gave anything, so the controller may push the archive.
    ``unfit_delta``: the delta does not lead from the old home to the new one, so the whole archive may work.
    """

    def __init__(self, step: str, home: str, reason: str, done: Sequence[str] = (), cause: Exception | None = None):
        super().__init__(f"{step} of {home} failed: {reason}" if home else f"{step} failed: {reason}")
        self.step = step
        self.home = home
        self.done = done
        self.illegal_instruction = isinstance(cause, IllegalInstruction)
        self.concurrent_run = isinstance(cause, ConcurrentRunError)
        self.unreached = isinstance(cause, UnreachedError)
        self.unfit_delta = isinstance(cause, DeltaError)


class Steps:
    """What a run has done so far.

    ``taken`` has the steps with their times in seconds. ``done`` says what users see changed on the host, ``notes``
    what went wrong without harm, and ``skipped_sources`` which sources failed before another one did not.
    ``pulled_bytes`` is the size of each download, by home.
    """

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.done: list[str] = []
        self.notes: list[str] = []
        self.skipped_sources: list[str] = []
        self.pulled_bytes: dict[str, int] = {}

    @contextmanager
    def step(self, name: str, home: str = "") -> Iterator[None]:
        """Time a step, and raise every error of it as an ApplyError."""
        start = time.monotonic()
        try:
            yield
        except (DeltaError, FetchError, RootError, TrialError, UnpackError) as error:
            raise ApplyError(name, home, str(error), self.done, error) from error
        except OSError as error:
            raise ApplyError(name, home, reason_of(error), self.done) from error
        self.taken.append({"name": name, "home": home, "seconds": round(time.monotonic() - start, 3)})


def reason_of(error: OSError) -> str:
    """An error of the system for people, with the path that it is about."""
    reason = error.strerror or str(error)
    return f"{reason} ({error.filename})" if error.filename else reason
