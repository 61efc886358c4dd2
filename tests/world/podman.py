# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Podman as this machine needs it: the environment, found by a trial run, and one way to call it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .cache import Cache
from .errors import WorldError
from .output import warn

LABEL = "fleet-python=world"
REPOSITORY = "localhost/fleet-python"

# Debian's podman 4.3 as root: crun refuses the hybrid cgroup hierarchy, and without CAP_SYS_RESOURCE
# the default limits cannot be raised.
_CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
runtime = "runc"
"""
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
# Any will do that is locally administered and no multicast (IEEE 802).
_BRIDGE_MAC = "02:f1:ee:70:00:01"
# Debian's architecture -> (uname -m, the name that update-binfmts knows its emulator by).
_EMULATORS = {
    "amd64": ("x86_64", "qemu-x86_64"),
    "i386": ("x86_64", "qemu-i386"),
    "arm64": ("aarch64", "qemu-aarch64"),
    "armhf": ("armv7l", "qemu-arm"),
}


def unavailable() -> str | None:
    """Return why there can be no containers of the test world here, or None where there can."""
    if os.geteuid() != 0:
        return "not root: the host images are made and run as root"
    if shutil.which("podman", path=search_path()) is None:
        return "podman is not installed (Debian: apt-get install podman runc netavark iptables)"
    return None


def search_path() -> str:
    """Return PATH with the system's sbin directories: netavark calls iptables from there."""
    given = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join([*given, *(path for path in ("/usr/sbin", "/sbin") if path not in given)])


def podman_environment(cache: Cache | None = None) -> dict[str, str]:
    """Return the variables that podman, and Ansible's podman connection, need here; to be laid over os.environ.

    CONTAINERS_CONF is among them only where a trial run showed that containers do not start without it.
    Before the first image is built there is nothing to try, and it is left out.
    Raises WorldError where a container starts neither way.
    """
    cache = cache or Cache()
    variables = {"PATH": search_path()}
    if os.environ.get("CONTAINERS_CONF") or unavailable() is not None:
        return variables
    conf = cache.podman / "containers.conf"
    needed = _remembered_verdict(cache)
    if needed is None or (needed and not conf.is_file()):
        needed = _trial(cache, conf)
    if needed:
        variables["CONTAINERS_CONF"] = str(conf)
    return variables


def _verdict_path(cache: Cache) -> Path:
    return cache.podman / "trial.json"


def _remembered_verdict(cache: Cache) -> bool | None:
    try:
        verdict = json.loads(_verdict_path(cache).read_text())
    except (FileNotFoundError, ValueError):
        return None
    needed = verdict.get("containers_conf")
    # Another boot may be another kernel with other cgroups.
    return needed if isinstance(needed, bool) and verdict.get("boot") == _boot_id() else None


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _trial(cache: Cache, conf: Path) -> bool | None:
    """Start a container without and then with our containers.conf; remember and return whether it is needed."""
    found = _run(["images", "--quiet", "--filter", f"label={LABEL}", "--filter", "label=fleet-python.arch=native"], {})
    if found.returncode != 0 or not found.stdout.split():
        return None
    command = ["run", "--rm", "--label", LABEL, found.stdout.split()[0], "true"]
    plain = _run(command, {})
    needed = plain.returncode != 0
    if needed:
        cache.write_text(conf, _CONTAINERS_CONF)
        ours = _run(command, {"CONTAINERS_CONF": str(conf)})
        if ours.returncode != 0:
            raise WorldError(
                "podman cannot start a container here.\n"
                f"  as it is configured: {plain.stderr.strip()}\n  with {conf}: {ours.stderr.strip()}"
            )
        warn(f"podman starts no container as it is configured here; using {conf}")
    cache.write_text(_verdict_path(cache), json.dumps({"boot": _boot_id(), "containers_conf": needed}) + "\n")
    return needed


def _run(
    arguments: Sequence[str], variables: dict[str, str], text: str | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": search_path(), **variables}
    stdin = None if text is not None else subprocess.DEVNULL
    return subprocess.run(
        ["podman", *arguments], env=environment, input=text, stdin=stdin, capture_output=True, text=True, check=False
    )


def podman(*arguments: str, text: str | None = None) -> str:
    """Run podman, with ``text`` as its input, and return what it printed.

    Raises WorldError with podman's own words where it fails.
    """
    if reason := unavailable():
        raise WorldError(f"no containers here: {reason}")
    done = _run(arguments, podman_environment(), text)
    if done.returncode != 0:
        raise WorldError(f"podman {' '.join(arguments)} failed (exit {done.returncode}): {done.stderr.strip()}")
    return done.stdout


def bridge_address() -> str:
    """Return the address of this machine on podman's default bridge: containers reach a server here by it."""
    [network] = json.loads(podman("network", "inspect", "podman"))
    return str(network["subnets"][0]["gateway"])


def steady_bridge() -> None:
    """Give podman's bridge an address of its own.

    Without one it has that of a container: when that one goes, the others do not reach this machine until their
    neighbour tables have noticed, half a minute later (Linux, net/bridge/br_stp_if.c, br_stp_recalculate_bridge_id).
    """
    [network] = json.loads(podman("network", "inspect", "podman"))
    bridge = network["network_interface"]
    chosen = Path(f"/sys/class/net/{bridge}/addr_assign_type")
    # Not there: an ordinary user's, in a network namespace of its own. 3 is NET_ADDR_SET (linux/netdevice.h).
    if not chosen.exists() or chosen.read_text().strip() == "3":
        return
    subprocess.run(["ip", "link", "set", "dev", bridge, "address", _BRIDGE_MAC], check=True)


def is_native(arch: str) -> bool:
    """Say whether this machine runs Debian's architecture ``arch`` without emulation."""
    return platform.machine() == _EMULATORS[arch][0]


def enable_emulation(arch: str) -> None:
    """Make the kernel run programs of ``arch``; says so where it had to change something.

    Raises WorldError where that cannot be done.
    """
    if is_native(arch):
        return
    emulator = _EMULATORS[arch][1]
    if (_BINFMT / emulator).exists():
        return
    if not (_BINFMT / "register").exists():
        warn(f"mount binfmt_misc on {_BINFMT}, for the emulation of {arch}")
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", _BINFMT], check=False)
    program = shutil.which("update-binfmts", path=search_path())
    if program is not None:
        warn(f"enable {emulator} in binfmt_misc")
        subprocess.run([program, "--enable", emulator], check=False)
    if not (_BINFMT / emulator).exists():
        raise WorldError(
            f"this machine cannot run {arch} programs: {_BINFMT / emulator} is not there. "
            "Install qemu-user-static and binfmt-support; in a container the host's kernel must have it enabled"
        )
