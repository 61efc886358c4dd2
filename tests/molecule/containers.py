# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The containers of a scenario, for its create and destroy playbooks.

python3 -m tests.molecule.containers up debian12=web1 alpine=web2
python3 -m tests.molecule.containers down web1 web2
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.world import hosts
from tests.world.errors import WorldError
from tests.world.output import say, warn

_PREFIX = "molecule-"


def main(arguments: Sequence[str]) -> int:
    """Run or remove containers; return the exit status."""
    action, *words = arguments
    try:
        for word in words:
            image, _equals, name = word.rpartition("=")
            hosts.down(_PREFIX + name)
            if action == "up":
                host = hosts.up(image, _PREFIX + name)
                say(f"{host.name} {host.address}")
    except WorldError as error:
        warn(f"molecule: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
