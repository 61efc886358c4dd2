# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives pass through memory in pieces, on the controller and on the host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import zstandard

from ansible_collections.fleet.python.plugins.plugin_utils._sources.digest import digest_of
from tests.integration.conftest import Interpreter, NewHost
from tests.integration.playbook import Controller
from tests.world.server import MirrorServer

_GROUPS = Path("/sys/fs/cgroup")


@contextmanager
def limited_memory(most: int) -> Iterator[list[str]]:
    """The beginning of a command that runs the rest of it in at most ``most`` bytes; beyond, Linux kills it."""
    one_tree = (_GROUPS / "cgroup.controllers").is_file()
    group = (_GROUPS if one_tree else _GROUPS / "memory") / f"fleet-python-{uuid.uuid4().hex[:12]}"
    try:
        group.mkdir()
        (group / ("memory.max" if one_tree else "memory.limit_in_bytes")).write_text(str(most))
    except OSError as error:
        with suppress(OSError):
            group.rmdir()
        pytest.skip(f"no limits of memory here: {error}")
    # Where memory can be swapped out, that is no way around the limit.
    with suppress(OSError):
        (group / ("memory.swap.max" if one_tree else "memory.memsw.limit_in_bytes")).write_text(
            "0" if one_tree else str(most)
        )
    try:
        yield ["sh", "-c", f'echo $$ >{group}/cgroup.procs && exec "$@"', "sh"]
    finally:
        group.rmdir()


# In kB, as Linux counts.
MOST = 100 * 1024
SIZE = 300 << 20
FULL = "cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu-pgo+lto-full.tar.zst"
NAME = "cpython-3.13.2+20250317-x86_64_v2-unknown-linux-gnu-install_only_stripped.tar.gz"

# The process measures itself, and not by ru_maxrss: that of a program is never less than what the process took that
# started it (exec_mmap in Linux's fs/exec.c), and a pytest that has run for long takes much.
_FETCH = """
import json, re, sys
from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._cache.archives import cached_archive
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import sources_of
source, name, sha256 = sys.argv[1:]
entry = Entry("20250317", parse_asset(name), sha256)
# Twice: what lies in the cache already is looked through again.
sizes = [cached_archive(entry, sources_of([source])).path.stat().st_size for _ in range(2)]
most = int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
print(json.dumps([sizes, most]))
"""

# Debian's Python runs this file at each start. What the process and those that it waited for took at their most is
# written down at its end.
_MEASURE = """
import atexit, os, resource, sys
def note():
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    with open("/var/tmp/peaks", "a") as file:
        file.write("%d %s\\n" % (most, " ".join(sys.argv)))
atexit.register(note)
"""

# Runs a command, and writes down what the largest of all its processes took.
_LAUNCH = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)
"""


def _fetched(source: str, name: str, sha256: str, cache: Path, launcher: Sequence[str] = ()) -> tuple[list[int], int]:
    """The sizes of what the controller's cache gave, and the most kilobytes that it took."""
    done = subprocess.run(
        [*launcher, sys.executable, "-c", _FETCH, source, name, sha256],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "XDG_CACHE_HOME": str(cache)},
        stdout=subprocess.PIPE,
        check=True,
    )
    sizes, most = json.loads(done.stdout)
    return sizes, most


@pytest.mark.parametrize("kind", ["directory", "http"])
def test_controller_fetches_in_pieces(kind: str, tmp_path: Path) -> None:
    archive = tmp_path / "mirror" / "20250317" / NAME
    archive.parent.mkdir(parents=True)
    with archive.open("wb") as file:
        file.truncate(SIZE)
    with MirrorServer(tmp_path / "mirror") as server:
        source = server.url if kind == "http" else str(tmp_path / "mirror")
        sizes, most = _fetched(source, NAME, digest_of(archive), tmp_path / "cache")
    assert sizes == [SIZE, SIZE]
    assert most < MOST


def _packed(path: Path, *, tells_size: bool) -> str:
    """As upstream packs: whoever unpacks it must look back 128 MB, and really has to. Its sha256."""
    blocks = [os.urandom(1 << 20) for _block in range(60)]
    packer = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    path.parent.mkdir(parents=True)
    with (
        path.open("wb") as file,
        zstandard.ZstdCompressor(compression_params=packer).stream_writer(
            file, size=SIZE if tells_size else -1
        ) as packed,
    ):
        for number in range(SIZE >> 20):
            packed.write(blocks[number % len(blocks)])
    assert path.stat().st_size < SIZE // 2
    return digest_of(path)


def test_controller_packs_zstd_anew_in_little_memory(tmp_path: Path) -> None:
    """Less than the archive looks back: that is a file's, which Linux may write out. Here it has to."""
    sha256 = _packed(tmp_path / "mirror/20250317" / FULL, tells_size=True)
    with limited_memory(MOST << 10) as launcher:
        sizes, taken = _fetched(str(tmp_path / "mirror"), FULL, sha256, tmp_path / "cache", launcher)
    assert min(sizes) > SIZE // 2
    assert taken < MOST
    # Where there is plenty, what Linux lends to the process for a moment counts as its own.
    _sizes, taken = _fetched(str(tmp_path / "mirror"), FULL, sha256, tmp_path / "another")
    assert taken < SIZE >> 10


@pytest.mark.slow
def test_an_archive_that_does_not_tell_its_size_takes_what_it_looks_back(tmp_path: Path) -> None:
    """Upstream's tell it."""
    sha256 = _packed(tmp_path / "mirror/20250317" / FULL, tells_size=False)
    sizes, taken = _fetched(str(tmp_path / "mirror"), FULL, sha256, tmp_path / "cache")
    assert min(sizes) > SIZE // 2
    assert taken < MOST + (128 << 10)


@pytest.mark.parametrize(
    ("version", "flavor", "transfer"),
    [
        ("3.12", "install_only", "pull"),
        pytest.param("3.12", "install_only", "push", marks=pytest.mark.slow),
        pytest.param("3.13", "full", "push", marks=pytest.mark.slow),
    ],
)
def test_module_unpacks_in_pieces(
    version: str, flavor: str, transfer: str, new_host: NewHost, interpreter: Interpreter
) -> None:
    """The largest build that there is, with all that an installation does by default."""
    target = new_host("debian12-python3")
    target.sh('printf "%s" "$1" >/etc/python3.11/sitecustomize.py', _MEASURE)
    options: dict[str, Any] = {"flavor": flavor, "transfer": transfer, "libc": "gnu"}
    assert interpreter(target, version, compile_bytecode=True, **options).ok()["changed"]
    peaks = [line.split(" ", 1) for line in target.sh("cat /var/tmp/peaks").splitlines()]
    modules = [int(peak) for peak, command in peaks if "AnsiballZ_interpreter" in command]
    assert modules
    assert max(int(peak) for peak, _command in peaks) < MOST


def test_run_that_pushes_takes_no_more_than_one_that_does_nothing(
    new_host: NewHost, controller: Controller, mirror: MirrorServer, tmp_path: Path
) -> None:
    """Of all the processes of ansible-playbook the one that takes most; the archive is three times the difference."""
    target = new_host("debian12")
    mirrored = {"source": mirror.url, "catalogue": "source", "insecure_source": True}
    options = {"version": "3.12", "flavor": "install_only", **mirrored}
    task = {"fleet.python.interpreter": {**options, "transfer": "push", "compile_bytecode": False}}
    peaks = []
    for changed in (True, False):
        noted = tmp_path / f"peak-{changed}"
        launcher = (sys.executable, "-c", _LAUNCH, str(noted))
        [outcome] = controller.play({target.name: target.variables}, [task], launcher=launcher).outcomes
        assert outcome.ok()["changed"] == changed
        peaks.append(int(noted.read_text()))
    assert peaks[0] < peaks[1] + 20 * 1024
