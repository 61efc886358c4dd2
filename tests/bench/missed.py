# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why aims are missed, as far as that is known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .aims import Aim

# Words of the aims, and why these are missed.
_REASONS: Final = (
    (
        "against `raw: true`",
        (
            "Most of what a host costs the controller is Ansible's own: it forks a worker, which gets the task "
            "ready and sends the result back. `raw: true` costs that alone. Ours checks its options and plans as "
            "well. On local hosts, which are this machine, the probe counts too."
        ),
    ),
    (
        "`raw: true` alone",
        "Ansible keeps the variables, the state and the result of each host until the play ends.",
    ),
    (
        "tuned role",
        "A task over ssh costs no less than `raw: true`, which costs more than half of what the tuned role does.",
    ),
    (
        "usual role against our task",
        "A task over ssh costs no less than `raw: true`, and that is more than half of what our task costs.",
    ),
    (
        "hosts by a connection that answers without a host",
        (
            "Ansible keeps the variables, the state and the result of each host until the play ends, and goes "
            "through all hosts again and again meanwhile. What is ours is there for one host at a time, in its "
            "worker."
        ),
    ),
    (
        "one processor, without the trial",
        (
            "Python's zlib alone takes more than half of the time that uv takes for everything. On one processor, "
            "nothing else goes on beside it."
        ),
    ),
    (
        "with the trial against without it",
        (
            "Without bytecode, Python compiles what the trial imports, most of all for ssl and for venv. What "
            "finds a broken build is not left out."
        ),
    ),
    (
        "making one, on two processors",
        (
            "Nearly all of it is LZMA's search for what is the same. Half the depth takes a fifth less time, and makes "
            "a delta 5 % larger."
        ),
    ),
    (
        "applying one on a host, aarch64, emulated",
        "The emulator translates Python and LZMA's decoder. No processor of that kind was there to compare with.",
    ),
    (
        "its share of the archive",
        "Most of what a delta holds is machine code whose addresses have moved. docs/design.md says what was tried.",
    ),
)


def reasons(found: Iterable[Aim]) -> dict[str, list[str]]:
    """The texts of the aims that are missed, by why they are. Leaves out those of which it is not known."""
    by_reason: dict[str, list[str]] = {}
    for aim in found:
        why = next((why for words, why in _REASONS if words in aim.what), None)
        if why and not aim.reached:
            by_reason.setdefault(why, []).append(aim.what)
    return by_reason
