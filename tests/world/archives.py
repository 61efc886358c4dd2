# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a wheel's tree to an archive as upstream packs it: extract, strip, pack, check; nothing whole in memory."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import stat
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from .contents import keeps
from .errors import WorldError
from .pins import Build

# Raise when this module makes other bytes than before: it is part of each archive's recipe.
RECIPE = 1

# As upstream: every member has this time, 2024-01-01 00:00 UTC.
_MTIME = 1704067200
# e_machine in the ELF header (System V ABI, and the supplement for AArch64).
_ELF_MACHINES = {62: "x86_64", 183: "aarch64"}
_COMPRESSORS = {".gz": ("gzip", "-6", "--no-name", "--stdout"), ".zst": ("zstd", "-10", "--quiet", "--stdout")}
_CHECK = "import sys, ssl, sqlite3, ctypes, lzma; print('.'.join(map(str, sys.version_info[:3])))"


def extract_tree(wheel: Path, build: Build, directory: Path) -> None:
    """Extract what upstream's archive holds of the tree in a wheel; the wheel was checked against its sha256."""
    with zipfile.ZipFile(wheel) as zipped:
        [member] = [name for name in zipped.namelist() if name.endswith(f".{build.arch}.tar.xz")]
        with zipped.open(member) as raw, tarfile.open(fileobj=raw, mode="r|xz") as tar:
            for info in tar:
                name = os.path.normpath(info.name)
                if info.isdir() or not keeps(build, name, info.mtime):
                    continue
                _extract_member(tar, info, directory / name)


def _extract_member(tar: tarfile.TarFile, info: tarfile.TarInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if info.issym():
        path.symlink_to(info.linkname)
        return
    content = tar.extractfile(info)
    if content is None:
        raise WorldError(f"{info.name} is neither a file nor a symbolic link")
    with content, path.open("wb") as file:
        shutil.copyfileobj(content, file, 1 << 20)
    path.chmod(stat.S_IMODE(info.mode))


def files_below(directory: Path) -> Iterator[str]:
    """Yield the names of files and symbolic links below a directory, relative to it, sorted; no directories."""
    names: list[str] = []
    pending = [""]
    while pending:
        prefix = pending.pop()
        with os.scandir(directory / prefix) as entries:
            for entry in entries:
                name = f"{prefix}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    pending.append(name + "/")
                else:
                    names.append(name)
    yield from sorted(names)


def elf_machine(path: Path) -> str | None:
    """Return the architecture of a little-endian ELF file, or None where the file is none of the known."""
    with path.open("rb") as file:
        header = file.read(20)
    if len(header) < 20 or header[:4] != b"\x7fELF":
        return None
    return _ELF_MACHINES.get(int.from_bytes(header[18:20], "little"))


def strip_command(arch: str) -> str:
    """Return the ``strip`` that knows an architecture. Raises WorldError where it is not installed."""
    names = [f"{arch}-linux-gnu-strip"]
    if platform.machine() == arch:
        names.append("strip")
    for name in names:
        found = shutil.which(name)
        if found is not None:
            return found
    package = f"binutils-{arch.replace('_', '-')}-linux-gnu"
    raise WorldError(f"no strip for {arch}: install the Debian package {package}")


def strip_tree(directory: Path, arch: str) -> None:
    """Remove the debug sections of every ELF file in a tree: upstream's ``install_only_stripped`` has none."""
    elves = [
        str(path)
        for path in map(directory.joinpath, files_below(directory))
        if not path.is_symlink() and elf_machine(path) == arch
    ]
    subprocess.run([strip_command(arch), "--strip-debug", *elves], check=True)


def pack_tree(directory: Path, prefix: str, out: Path, first: tuple[Path, str] | None = None) -> None:
    """Write a tree as a compressed tar, as upstream does; the same tree makes the same bytes each time.

    Names prefixed and sorted, no directory entries, uid and gid 0, one modification time.
    ``first``: a file and its member name, written before the tree.
    """
    command = _COMPRESSORS[out.suffix]
    with out.open("wb") as file, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=file) as compressor:
        assert compressor.stdin is not None
        with tarfile.open(fileobj=compressor.stdin, mode="w|", format=tarfile.GNU_FORMAT) as tar:
            if first is not None:
                _add(tar, *first)
            for name in files_below(directory):
                _add(tar, directory / name, prefix + name)
        compressor.stdin.close()
    if compressor.returncode != 0:
        raise WorldError(f"{command[0]} failed on {out.name} (exit {compressor.returncode})")


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    status = path.lstat()
    info = tarfile.TarInfo(name)
    info.mtime = _MTIME
    info.uname = info.gname = "root"
    if stat.S_ISLNK(status.st_mode):
        info.type = tarfile.SYMTYPE
        info.linkname = str(path.readlink())
        info.mode = 0o777
        tar.addfile(info)
        return
    info.mode = stat.S_IMODE(status.st_mode)
    info.size = status.st_size
    with path.open("rb") as file:
        tar.addfile(info, file)


def python_json(build: Build) -> str:
    """Return the ``PYTHON.json`` of a ``full`` archive: upstream's field names, only those that are known here."""
    minor = build.version.rpartition(".")[0]
    fields = {
        "version": "8",
        "target_triple": build.triple,
        "optimizations": build.full,
        "python_version": build.version,
        "python_major_minor_version": minor,
        "python_tag": "cp" + minor.replace(".", ""),
        "python_exe": f"install/bin/python{minor}",
        "python_include": f"install/include/python{minor}",
        "python_stdlib": f"install/lib/python{minor}",
        "libpython_link_mode": "shared",
    }
    return json.dumps(fields, indent=4, sort_keys=True) + "\n"


def check_archive(archive: Path, build: Build, scratch: Path) -> str:
    """Unpack an archive, look at its interpreter, run it where this machine can; return what was seen, for people.

    Raises WorldError where the interpreter is not what the archive's name says.
    """
    tree = scratch / "check"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir()
    subprocess.run(["tar", "-xf", archive, "-C", tree], check=True)
    home = tree / "python" / ("install" if archive.name.endswith(".tar.zst") else "")
    interpreter = home / "bin" / f"python{build.version.rpartition('.')[0]}"
    if elf_machine(interpreter) != build.arch:
        raise WorldError(f"{archive.name}: bin/{interpreter.name} is no ELF file for {build.arch}")
    try:
        if build.stand_in or platform.machine() != build.arch:
            return f"ELF {build.arch}"
        return _run_interpreter(interpreter, archive, build)
    finally:
        shutil.rmtree(tree)


def _run_interpreter(interpreter: Path, archive: Path, build: Build) -> str:
    done = subprocess.run([interpreter, "-I", "-B", "-c", _CHECK], capture_output=True, text=True, check=False)
    if done.returncode == -signal.SIGILL and "_v" in build.triple:
        return "not run: this machine's CPU is below the build's level"
    if done.returncode != 0 or done.stdout.strip() != build.version:
        raise WorldError(
            f"{archive.name}: the interpreter should say {build.version}, "
            f"but exits {done.returncode} and says {(done.stdout + done.stderr).strip()!r}"
        )
    return "runs"
