# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try a staged interpreter before anything links to it."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
from typing import Any

from ansible_collections.fleet.python.plugins.module_utils._background import Background
from ansible_collections.fleet.python.plugins.module_utils._libraries import SAY_LIBRARIES, versions_of

# In seconds. An emulated or very slow host takes many of them to make a venv.
_TIMEOUT = 600

# Ignore the caller's environment, and write no bytecode with paths of the staging.
_ALONE = ("-I", "-B")

# Public modules, each with the extension that it needs. The trial reports an extension that the build lacks.
# An extension that the build has must import. readline is libedit in these builds (PBS docs, "quirks").
_TRIAL = (
    SAY_LIBRARIES
    + r"""
import importlib, importlib.util, json, os, sys
extensions = {"ssl": "_ssl", "hashlib": "_hashlib", "sqlite3": "_sqlite3", "ctypes": "_ctypes", "lzma": "_lzma",
              "bz2": "_bz2", "zlib": "zlib", "json": "_json", "decimal": "_decimal", "readline": "readline",
              "pyexpat": "pyexpat"}
absent = [name for name in extensions if importlib.util.find_spec(extensions[name]) is None]
for name in extensions:
    if name not in absent:
        importlib.import_module(name)
# A few old trees came without pip, 3.9.6 of 20210724 for aarch64 among them.
absent += [name for name in ("pip",) if importlib.util.find_spec(name) is None]
import hashlib, ssl, sysconfig, zlib
def authorities():
    # A folder of certificates is read on demand (SSL_CTX_load_verify_locations(3)), so count its hashed names.
    context = ssl.create_default_context()
    folder = ssl.get_default_verify_paths().capath
    hashed = [name for name in os.listdir(folder) if name.endswith(".0")] if folder else []
    return max(context.cert_store_stats()["x509_ca"], len(hashed))
if zlib.decompress(zlib.compress(b"fleet" * 99)) != b"fleet" * 99:
    raise SystemExit("zlib does not give back what it packed")
hashlib.sha256(b"fleet").hexdigest()
# The relocated files must still be Python.
sysconfig.get_config_vars()
print(json.dumps({"version": sys.version.split()[0], "machine": os.uname().machine, "absent": absent,
                  "openssl": ssl.OPENSSL_VERSION, "ca_certificates": authorities(), "libraries": libraries()}))
"""
)

# A process of its own, beside the other. It makes a venv as "python -m venv" does, without loading argparse for it. If
# pip is there, its command must be too. To run that without bytecode would take longer than the whole trial.
_VENV_AND_PIP = r"""
import importlib.util, sys, venv
venv.EnvBuilder(symlinks=True).create(sys.argv[1])
if importlib.util.find_spec("pip") and not importlib.util.find_spec("pip._internal.cli.main"):
    raise SystemExit("pip has no module pip._internal.cli.main")
"""


class TrialError(Exception):
    """The staged interpreter fails at something that every build of CPython can do."""


class IllegalInstruction(TrialError):
    """The build is for a CPU that this host does not have."""


def run_staged(what: str, python: str, arguments: list[str], told: bytes = b"") -> str:
    """Run a staged interpreter with ``told`` as its standard input. Returns its output. ``what`` is for messages.

    Raises TrialError, or its subclass IllegalInstruction.
    """
    # A PYTHONHOME or a half-set locale of the play must not affect the trial.
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    try:
        # run_command offers neither a clean environment nor a time limit.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            [python, *_ALONE, *arguments],
            env=environment,
            input=told,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TrialError(f"{what} did not end within {_TIMEOUT} seconds") from error
    except OSError as error:
        raise TrialError(f"{what} cannot start: {error}{why_not_started(error.errno, str(error.strerror))}") from error
    if done.returncode in (-signal.SIGILL, 128 + signal.SIGILL):
        raise IllegalInstruction(f"{what} dies with an illegal instruction: it is built for a higher CPU level")
    if done.returncode:
        reason = _reason((done.stderr or done.stdout).decode(errors="replace"))
        raise TrialError(f"{what} fails with exit status {done.returncode}: {reason or 'it said nothing'}")
    return done.stdout.decode(errors="replace")


def why_not_started(number: int | None, said: str) -> str:
    """For a message: why the kernel has not started a program of ours, and what to do. Empty where it is no refusal.

    ``said`` is for a shell, which tells the words of an error (execve(2)) and not its ``number``.
    """
    if number == errno.EPERM or os.strerror(errno.EPERM) in said:
        why = "a policy of this host forbids programs from there (fapolicyd, for example)"
        return f": {why}: let it trust the directory that root names, or set root to one that it trusts"
    if number == errno.EACCES or os.strerror(errno.EACCES) in said:
        why = "a noexec mount or an access policy of this host forbids programs from there"
        return f": {why}: see mount, and the host's audit log; or set root to a directory that may hold programs"
    return ""


def _reason(said: str) -> str:
    """The end of a program's output. For a traceback it is the last line, which names the error."""
    said = said.strip()
    return said.splitlines()[-1].strip() if "Traceback (most recent call last)" in said else said[-600:]


def start_interpreter(python: str, version: str) -> None:
    """Check that the interpreter starts and reports this version.

    Raises TrialError, or its subclass IllegalInstruction for a build above this CPU's level.
    """
    name = os.path.basename(python)
    _check_version(name, run_staged(name, python, ["-c", "import sys; print(sys.version.split()[0])"]).strip(), version)


def _check_version(name: str, found: str, version: str) -> None:
    if found != version:
        raise TrialError(f"{name} says that it is version {found}, not {version}")


def try_interpreter(python: str, version: str, scratch: str) -> dict[str, Any]:
    """Try what users need: this version, the modules that builds have, a venv, and pip if the build has it.

    ``scratch`` is a writable directory that the caller removes. Returns ``version``, ``machine``, ``absent``
    (public modules that the build lacks), ``openssl``, ``ca_certificates`` (how many the host's trust store has) and
    ``libraries`` (their versions by name).
    Raises the errors of `start_interpreter`: a build that starts may still contain instructions of a higher level.
    """
    name = os.path.basename(python)
    venv = Background(_try_venv, python, os.path.join(scratch, "venv"))
    try:
        found: dict[str, Any] = json.loads(run_staged(name, python, ["-c", _TRIAL]))
        _check_version(name, found["version"], version)
        found["libraries"] = versions_of(found.get("libraries"))
    finally:
        venv.wait()
    venv.result()
    return found


def _try_venv(python: str, venv: str) -> None:
    name = os.path.basename(python)
    run_staged("pip or a venv of " + name, python, ["-c", _VENV_AND_PIP, venv])
    run_staged("the venv's python", os.path.join(venv, "bin", "python"), ["-c", "import sys, encodings"])
