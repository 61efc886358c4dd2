# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make bytes in a process of its own, ahead of the caller who takes them.

A thread gains nothing here. It would wait for Python's lock after each of the thousands of files that the caller makes.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Callable

from ansible_collections.fleet.python.plugins.module_utils._archive.gunzip import CHUNK, UnpackError
from ansible_collections.fleet.python.plugins.module_utils._background import processors

# fcntl has the name since Python 3.10. A pipe of a megabyte is what every user may have (pipe(7)).
_SET_PIPE_SIZE = 1031
_PIPE_SIZE = 1 << 20


@contextmanager
def made_ahead(make: Callable[[], bytes]) -> Iterator[Callable[[], bytes]]:
    """Yield a function that returns what ``make`` returns, in order, in pieces of any size. The last piece is empty.

    It raises the errors of ``make``, which are UnpackError and OSError. With one processor it is ``make`` itself.
    """
    if processors() < 2:
        yield make
        return
    data, errors = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        _give(make, data[1], errors[1], (data[0], errors[0]))
    os.close(data[1])
    os.close(errors[1])
    with suppress(OSError):
        # Without it, a pipe has 64 kB, and the two wait for each other more often.
        fcntl.fcntl(data[0], _SET_PIPE_SIZE, _PIPE_SIZE)

    said = b""

    def take() -> bytes:
        nonlocal said
        piece = os.read(data[0], CHUNK)
        if not piece:
            # The same again for a caller that asks again.
            said = said or os.read(errors[0], CHUNK)
            _raise(said)
        return piece

    try:
        yield take
    finally:
        # The process ends at its next write, if it has not ended yet.
        os.close(data[0])
        os.close(errors[0])
        os.waitpid(child, 0)


def _give(make: Callable[[], bytes], data: int, errors: int, others: tuple[int, int]) -> None:
    """Write all pieces to ``data``, and then to ``errors`` that this was all, or why not. Ends the process."""
    try:
        for descriptor in others:
            os.close(descriptor)
        try:
            while piece := memoryview(make()):
                while piece:
                    piece = piece[os.write(data, piece) :]
            said = b"all"
        except UnpackError as error:
            said = b"archive " + str(error).encode(errors="replace")[:4096]
        except OSError as error:
            said = f"host {error.errno or 0}".encode()
        os.write(errors, said)
    finally:
        # Nothing of the parent's may be flushed or cleaned up twice.
        os._exit(0)


def _raise(said: bytes) -> None:
    """Raise what the process has said, if it is an error."""
    kind, _blank, rest = said.decode(errors="replace").partition(" ")
    if kind == "archive":
        raise UnpackError(rest)
    if kind == "host":
        raise OSError(int(rest), os.strerror(int(rest)))
    if kind != "all":
        raise OSError("the process that inflates the archive has died")
