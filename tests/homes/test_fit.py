# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A home is fit to use: whoever unpacked it and however, for root, for services, and for other builds' sake."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.homes.altered import Mirror
from tests.homes.builds import HOME_313, PY313
from tests.integration.conftest import Everywhere, Interpreter, NewHost, Serve
from tests.integration.target import Target
from tests.world.access_list import open_to_everyone
from tests.world.cache import Cache
from tests.world.podman import podman

_PYTHON = "/opt/python/3.13/bin/python3.13"
_VERSIONS = ["3.9.6", "3.10.8", "3.11.1", "3.12.2", "3.12.6", "3.13.2"]

# Text files of a home in which builds name the machine that made them; what grep finds there is a fault. A path of
# its own begins after no word; clang and llvm-ar are the toolchain's names, where they are whole words.
_BUILD_PATHS = r"""
cd "$1"
set -- lib/python3.*/_sysconfigdata*.py lib/python3.*/config-*/Makefile lib/pkgconfig/*.pc bin/*-config
for details in lib/python3.*/build-details.json; do [ ! -f "$details" ] || set -- "$@" "$details"; done
grep -nE "(^|[^A-Za-z0-9_./-]|-[IL])/(install|tools|build)(/|[^A-Za-z0-9_.-]|$)|/Python-3[.0-9]+" "$@" || :
grep -nE "(^|[^A-Za-z0-9_./-])(/[a-z0-9_/.-]*/)?(clang([+][+])?|llvm-(ar|ranlib|nm))([ \"',]|$)" "$@" |
  grep -vE "on clang[.]" || :
for script in bin/*; do
  read -r first <"$script" 2>/dev/null || :
  case $first in "#!"*/install/* | "#!"*/tools/* | "#!"*/build/*) echo "$script: $first" ;; esac
done
"""

_SYSCONFIG = "import sysconfig as s; print(s.get_config_var('CC').split()[0], *map(s.get_config_var, ('AR', 'LIBDIR')))"


def test_nothing_of_the_build_machine_is_left(new_host: NewHost, interpreter: Interpreter) -> None:
    """In all six real builds."""
    target = new_host("debian12-python3")
    done = interpreter(target, _VERSIONS, keep=5).ok()
    for each in done["interpreters"]:
        assert target.sh(_BUILD_PATHS, each["home"]) == "", each["home"]
        said = target.sh('"$1" -B -c "$2"', f"{each['home']}/bin/python3", _SYSCONFIG)
        assert said == f"cc ar {each['home']}/lib\n"


# The shell that Ansible's commands run in on the host, with a umask of its own.
_SHELL = "/usr/local/bin/umasked-sh"
# Without setuid and setgid: an archive with those is refused.
_ODD_MODES = (0o777, 0o600, 0o666, 0o444, 0o711, 0o755)


def _odd_modes(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    """Modes by turns, executable where it was; owners that no host has."""
    odd = _ODD_MODES[len(member.name) % len(_ODD_MODES)]
    member.mode = odd | 0o100 if member.mode & 0o100 else odd & ~0o111
    member.uid, member.gid, member.uname, member.gname = 12345, 54321, "builder", "builders"
    return member, data


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory, world: Cache) -> Mirror:
    return Mirror(tmp_path_factory.mktemp("odd"), world.mirror).add_changed(PY313, _odd_modes)


def _setgid(folder: Path) -> None:
    os.chown(folder, 0, 1234)
    folder.chmod(0o2775)


@pytest.mark.parametrize("inherits_access", [_setgid, open_to_everyone])
def test_what_a_folder_hands_down(
    inherits_access: Callable[[Path], None], new_host: NewHost, everywhere: Everywhere, tmp_path: Path
) -> None:
    """Group, setgid bit and access list of /opt: a home has none of them, its bytecode neither."""
    targets = []
    for image in ("debian12", "debian12-python3"):
        (tmp_path / image).mkdir()
        inherits_access(tmp_path / image)
        targets.append(new_host(image, f"--volume={tmp_path / image}:/opt"))
    for outcome in everywhere(targets, compile_bytecode=True).values():
        outcome.ok()
    for target in targets:
        root = tmp_path / target.name / "python"
        assert stat.S_IMODE(root.stat().st_mode) & 0o002 == 0
        [home] = root.glob("cpython-*")
        below = [path for path in (home, *home.rglob("*")) if not path.is_symlink()]
        assert any(path.name == "__pycache__" for path in below)
        for path in below:
            found = path.stat()
            assert (found.st_uid, found.st_gid, found.st_mode & 0o7022) == (0, 0, 0), path
            assert not [name for name in os.listxattr(path) if "acl" in name], path


@pytest.mark.parametrize("umask", ["0077", "0000"])
def test_modes_and_owners(umask: str, odd: Mirror, new_host: NewHost, everywhere: Everywhere, serve: Serve) -> None:
    """By the sh stage and by the module; a service user gets what root installed."""
    targets = [new_host(image, ansible_shell_executable=_SHELL) for image in ("debian12", "debian12-python3")]
    for target in targets:
        script = f'#!/bin/sh\numask {umask}\numask >>/tmp/umasks\nexec /bin/sh "$@"\n'
        target.sh('printf "%s" "$2" >"$1"; chmod 755 "$1"', _SHELL, script)
    for outcome in everywhere(targets, source=serve(odd.directory).url).values():
        outcome.ok()
    for target in targets:
        assert set(target.sh("cat /tmp/umasks").split()) == {umask}
        assert target.sh('find "$1" ! -user root -o ! -group root -o ! -type l -perm /7022', "/opt/python") == ""
        assert target.sh('find "$1" -type d ! -perm 755 -o -type f ! -perm 755 ! -perm 644', HOME_313) == ""
        # What was executable is, and nothing else.
        assert target.sh('find "$1/lib/python3.13/json" -type f -perm /111', HOME_313) == ""
        _serves_nobody(target)


def _serves_nobody(target: Target) -> None:
    use = 'umask 077; cd /tmp; "$1" -m venv v && v/bin/python -c "import ssl, sqlite3, json" && v/bin/pip --version'
    said = podman("exec", "--user=nobody", target.container.name, "sh", "-euc", use, "sh", _PYTHON)
    assert "(python 3.13)" in said


# Looks at each module's bytecode as the import system would (PEP 552), and at where it says that it comes from.
_BYTECODE = r"""
import importlib.util, marshal, os, re, sys
home, tests = sys.argv[1], re.compile(r"/(test|tests|idle_test|idlelib|turtledemo|lib2to3|pydoc_data)/")
there = wrong = missing = 0
for folder, _folders, files in os.walk(home + "/lib/python3.13"):
    for name in files:
        source = os.path.join(folder, name)
        if not name.endswith(".py") or tests.search(source):
            continue
        try:
            with open(importlib.util.cache_from_source(source), "rb") as file:
                data = file.read()
        except FileNotFoundError:
            missing += 1
            continue
        found = os.stat(source)
        stamp = int.from_bytes(data[8:12], "little"), int.from_bytes(data[12:16], "little")
        fresh = data[:8] == importlib.util.MAGIC_NUMBER + bytes(4)
        there += 1
        wrong += not fresh or stamp != (int(found.st_mtime), found.st_size)
        wrong += marshal.loads(data[16:]).co_filename != source
print(there > 800, wrong, missing)
"""


@pytest.mark.parametrize("options", [[], ["--ipc=none"]], ids=["plain", "no-shared-memory"])
@pytest.mark.parametrize("image", ["debian12", "debian12-python3"])
def test_bytecode_is_there_and_never_stale(
    image: str, options: list[str], new_host: NewHost, interpreter: Interpreter
) -> None:
    target = new_host(image, *options)
    assert target.sh("ls -d /dev/shm || :").strip() == ("" if options else "/dev/shm")
    interpreter(target, compile_bytecode=True).ok()
    assert target.sh('"$1" -B -c "$2" "$3"', _PYTHON, _BYTECODE, HOME_313).split() == ["True", "0", "0"]
    # Root may write there, and has no reason to.
    target.sh("touch /tmp/mark")
    target.sh('"$1" -m pip list && "$1" -c "import asyncio, ssl, sqlite3, xml.dom.minidom, unittest.mock"', _PYTHON)
    target.sh('"$1" -m venv /tmp/v', _PYTHON)
    assert target.sh("find /opt/python -newer /tmp/mark") == ""


def test_without_bytecode_nobody_leaves_any(new_host: NewHost, everywhere: Everywhere) -> None:
    targets = [new_host(image) for image in ("debian12", "debian12-python3")]
    for outcome in everywhere(targets).values():
        outcome.ok()
    for target in targets:
        assert target.sh("find /opt/python -name '*.pyc'") == ""
        # What is written later changes no directory that the quick look reads.
        target.sh('"$1" -c "import asyncio, json, sqlite3, xml.dom.minidom"', _PYTHON)
        assert target.sh("find /opt/python -name '*.pyc'") != ""
        assert target.sh('cd "$1" && find $(cat .fleet-directories) -prune -newer .fleet-directories', HOME_313) == ""


def test_externally_managed(new_host: NewHost, interpreter: Interpreter) -> None:
    target = new_host("debian12")
    interpreter(target).ok()
    install = '"$1" -m pip install --no-index --find-links /nowhere nothing 2>&1 || :'
    said = target.sh(install, _PYTHON)
    assert "externally-managed-environment" in said
    assert f"{_PYTHON} -m venv DIRECTORY" in said
    target.sh('"$1" -m venv /srv/v', _PYTHON)
    assert "externally-managed" not in target.sh(install, "/srv/v/bin/python")

    interpreter(target, "3.12", externally_managed=False).ok()
    said = target.sh(install, "/opt/python/3.12/bin/python3.12")
    assert "externally-managed" not in said
    assert "No matching distribution found for nothing" in said
