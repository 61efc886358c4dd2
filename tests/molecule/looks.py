# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user sees of interpreters on a host, looked at from outside of Ansible, as the host's root user."""

from __future__ import annotations

import json
from typing import Any, Final

from testinfra.host import Host

ROOT: Final = "/opt/python"
PREFIX: Final = "podman://fleet-python-molecule-"

# What an application needs first of a standard library; every build has these, stand-ins too.
MODULES: Final = ("hashlib", "json", "ssl", "venv", "zlib")
# What python-build-standalone's own builds have besides.
MORE_MODULES: Final = ("bz2", "ctypes", "lzma", "readline", "sqlite3", "uuid")

_ASK: Final = """
import importlib, json, os, platform, sys, sysconfig
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps({
    "version": platform.python_version(), "machine": platform.machine(), "libc": platform.libc_ver()[0] or "musl",
    "prefix": os.path.realpath(sys.base_prefix), "platform": sysconfig.get_platform(),
}))
"""
# Links have no modes of their own. BusyBox knows these words of find.
_WRITABLE: Final = r"find %s ! -type l \( ! -user root -o -perm -0020 -o -perm -0002 \)"
# What is in the directories for temporary files, those of them that are there.
_LEFT: Final = f"for name in {ROOT}/.staging /root/.ansible/tmp /tmp; do [ ! -d $name ] || find $name -mindepth 1; done"


def ask(host: Host, interpreter: str, *modules: str) -> dict[str, Any]:
    """Run an interpreter, let it import modules, and return what it says of itself.

    ``version``, ``machine``, ``libc`` (glibc or musl), ``platform``, and ``prefix``: its home, links resolved.
    """
    words = " ".join([interpreter, "-I", "-c", '"$1"', *modules])
    answer: dict[str, Any] = json.loads(host.check_output("set -- %s; " + words, _ASK))
    return answer


def _file(host: Host, path: str) -> Any:
    # testinfra's annotations take a module's class for its instance.
    look: Any = host.file
    return look(path)


def entries(host: Host, directory: str) -> set[str]:
    """Return the names in a directory."""
    # BusyBox's ls has not the options that testinfra's listdir gives it.
    return set(host.check_output("ls -A %s", directory).split())


def homes(host: Host) -> set[str]:
    """Return the names of the builds that are installed."""
    return {name for name in entries(host, ROOT) if name.startswith("cpython-")}


def in_use(host: Host, minor: str) -> str:
    """Return the name of the build that a minor link leads to."""
    link = _file(host, f"{ROOT}/{minor}")
    assert link.is_symlink, f"{link.path} is no link"
    return host.check_output("readlink %s", link.path).rpartition("/")[2]


def assert_tidy(host: Host) -> None:
    """Everything belongs to root, nobody else can write, everybody can read, and nothing of the work is left over."""
    # One look for all: each command takes a process in the container.
    assert host.check_output(f"{_WRITABLE} && {_LEFT}", ROOT) == ""
    assert _file(host, ROOT).mode == 0o755


def assert_usable_by_anybody(host: Host, interpreter: str) -> None:
    """A user without rights can run it, and cannot change it."""
    script = f"{interpreter} -I -c 'import ssl' && ! touch {ROOT}/trace && ! touch {ROOT}/*/lib/trace"
    host.run_expect([0], "su -s /bin/sh nobody -c %s", script)


def assert_untouched(host: Host, *more: str) -> None:
    """Nothing was installed, and nothing is left of the attempt, also not in the directories ``more``."""
    assert not _file(host, ROOT).exists
    for directory in ("/opt", "/tmp", "/usr/local/bin", *more):
        assert entries(host, directory) == set()
