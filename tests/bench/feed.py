# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many installations nginx of the role fleet.python.mirror feeds, in one tier or two: python -m tests.bench.feed.

The clients run beside it on the same processors, so what it prints is the least. The figures are for docs/scale.md.
"""

from __future__ import annotations

import json
import resource
import subprocess
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.integration.mirror_role import Mirror, fetching, static_variables
from tests.integration.playbook import Controller
from tests.integration.target import PODMAN, Target
from tests.world import hosts
from tests.world.cache import Cache
from tests.world.podman import bridge_address
from tests.world.server import MirrorServer

_CHECKOUT = Path(__file__).parents[2]
_ARCHIVE = "20250317/cpython-3.13.2%2B20250317-x86_64_v2-unknown-linux-gnu-install_only_stripped.tar.gz"
_CLIENTS = 32
_DOWNLOADS = 1000
# Of the mirror with two tiers: each fetches from one region, and that from upstream.
_SITES = 2


def main() -> None:
    """Measure a mirror of a lock, one that fetches, and sites that fetch from a region: a line of JSON for each."""
    world = Cache()
    with tempfile.TemporaryDirectory() as scratch, MirrorServer(world.mirror, bridge_address()) as upstream:
        link = Path(scratch, "collections", "ansible_collections", "fleet", "python")
        link.parent.mkdir(parents=True)
        link.symlink_to(_CHECKOUT)
        controller = Controller(Path(scratch, "controller"), (link.parents[2], world.collections))
        lock = static_variables(controller, world, Path(scratch))
        kinds: dict[str, tuple[Mapping[str, Any], int]] = {
            "of a lock": (lock, 0),
            "that fetches": (fetching(upstream), 0),
            f"{_SITES} sites that fetch from a region": (fetching(upstream), _SITES),
        }
        for name, (variables, sites) in kinds.items():
            before = len(upstream.requests)
            said = {"mirror": name, **_measured(controller, variables, sites)}
            asked = [each.sent for each in upstream.requests[before:] if each.path.endswith(".tar.gz")]
            print(json.dumps(said | {"requests_upstream": len(asked), "bytes_upstream": sum(asked)}), flush=True)


def _measured(controller: Controller, variables: Mapping[str, Any], sites: int) -> dict[str, Any]:
    """Measure one mirror, or so many sites that fetch from it; the time of filling their caches counts in neither."""
    with ExitStack() as stack:
        first = _mirror(stack, controller, variables)
        nearest = [_mirror(stack, controller, fetching(first)) for _site in range(sites)] or [first]
        mirrors = {each.url: each.target.container for each in (first, *nearest)}
        urls = [f"{each.url}/{_ARCHIVE}" for each in nearest]
        for url in urls:
            _download([url])
        busy, of_clients = sum(map(_nginx_seconds, mirrors.values())), _seconds_of_children()
        start = time.monotonic()
        size = _download(urls * (_DOWNLOADS // len(urls)))
        seconds = time.monotonic() - start
        said = {
            "downloads": _DOWNLOADS,
            "seconds": round(seconds, 1),
            "bytes_each": size // _DOWNLOADS,
            "a_minute": round(_DOWNLOADS / seconds * 60),
            "nginx_cpu_seconds": round(sum(map(_nginx_seconds, mirrors.values())) - busy, 1),
            "client_cpu_seconds": round(_seconds_of_children() - of_clients, 1),
        }
        return said | ({"bytes_from_region": _bytes_sent(first.target.container)} if sites else {})


def _mirror(stack: ExitStack, controller: Controller, variables: Mapping[str, Any]) -> Mirror:
    """A container with the role, until the stack is unwound."""
    container = stack.enter_context(hosts.host("debian12-nginx", f"bench-{uuid.uuid4().hex[:12]}"))
    own = {"ansible_connection": PODMAN, "ansible_host": container.name, "ansible_pipelining": True}
    mirror = Mirror(Target("mirror", container, own), controller)
    mirror.role(**variables)
    return mirror


def _bytes_sent(container: hosts.Host) -> int:
    """What the container has sent to the network until now."""
    return int(hosts.run(container, "cat", "/sys/class/net/eth0/statistics/tx_bytes"))


def _download(urls: Sequence[str]) -> int:
    """Have curl get all of them, so many at once; how many bytes came. Raises CalledProcessError."""
    lines = "".join(f'url = "{url}"\noutput = "/dev/null"\n' for url in urls)
    at_once = ["--parallel", "--parallel-max", str(_CLIENTS)]
    done = subprocess.run(
        ["curl", "--silent", "--fail", *at_once, "--write-out", "%{size_download}\n", "--config", "-"],
        input=lines,
        stdout=subprocess.PIPE,
        # With several downloads it shows its progress, whatever it is told.
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    return sum(map(int, done.stdout.split()))


def _nginx_seconds(container: hosts.Host) -> float:
    """The CPU time of all nginx processes of the container until now."""
    # proc(5): the fields 14 and 15 of stat are user and system time, in hundredths of a second on Linux.
    each = 'read -r line <"$stat" && case $line in *"(nginx)"*) echo "$line" ;; esac'
    script = f"for stat in /proc/[0-9]*/stat; do {each}; done"
    lines = hosts.run(container, "sh", "-c", script).splitlines()
    return sum(int(line.split()[13]) + int(line.split()[14]) for line in lines) / 100


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
