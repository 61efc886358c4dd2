# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The carrier of a boot script: sh that stages an interpreter, and after it a zip file that this interpreter runs."""

from __future__ import annotations

import ast
import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from ansible_collections.fleet.python.plugins.plugin_utils._boot.candidates import Candidate
from ansible_collections.fleet.python.plugins.plugin_utils._boot.carried import Carried, format_carried
from ansible_collections.fleet.python.plugins.plugin_utils._boot.errors import BootError
from ansible_collections.fleet.python.plugins.plugin_utils._execute.host_python import NEEDED
from ansible_collections.fleet.python.plugins.plugin_utils._host.level import LEVEL_FLAGS
from ansible_collections.fleet.python.plugins.plugin_utils._host.script import script_text

_OURS: Final = "ansible_collections.fleet.python.plugins"
_PLUGINS: Final = Path(__file__).parents[2]
_START: Final = f"{_OURS}.plugin_utils._boot.main"
# What our code imports, and no interpreter brings. ansible-core does.
_PACKAGING: Final = "packaging"
# The probe, which the interpreter runs.
_SCRIPTS: Final = ("plugin_utils/_host/elf.sh", "plugin_utils/_host/probe.sh")
_ENDS: Final = "# fleet-carrier-ends"
CARRIED_NAME: Final = "carried.json"
# What boot.sh takes.
_LARGEST: Final = 8 << 20


@dataclass(frozen=True)
class Carrier:
    """The bytes of a carrier, which depend on the lock, the options, and the code of this collection."""

    data: bytes

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def name(self) -> str:
        """Its file name. A new carrier has a new one, so that older scripts still find theirs."""
        return f"fleet-python-boot-{self.sha256[:16]}.pyz"


def make_carrier(carried: Carried, rows: Sequence[Candidate]) -> Carrier:
    """The carrier. Raises BootError where the code on the controller cannot be read."""
    out = io.BytesIO(_head(carried, rows).encode())
    out.seek(0, io.SEEK_END)
    files = _files() | {CARRIED_NAME: format_carried(carried).encode()}
    files["__main__.py"] = f"import sys\nfrom {_START} import main\nsys.exit(main(*sys.argv))\n".encode()
    with zipfile.ZipFile(out, "a") as archive:
        for name in sorted(files):
            # The same bytes whenever and by whomever it is made.
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr, info.compress_type = 3, 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(info, files[name], compresslevel=9)
    return Carrier(out.getvalue())


def read_carrier(path: Path) -> Carrier:
    """A carrier that fleet.python.boot has written. Raises BootError for any other file: its name has its digest."""
    try:
        with open(path, "rb") as file:
            carrier = Carrier(file.read(_LARGEST + 1))
    except OSError as error:
        raise BootError(f"carrier {path} cannot be read: {error.strerror}") from error
    if carrier.name != path.name or len(carrier.data) > _LARGEST:
        raise BootError(f"{path} is no carrier of a boot script as fleet.python.boot writes it, or it was changed")
    return carrier


def _head(carried: Carried, rows: Sequence[Candidate]) -> str:
    """The sh at the beginning, which ends with a line that boot.sh looks for."""
    values = {
        "FLEET_ROWS": "\n".join(candidate.row() for candidate in rows),
        "FLEET_LEVELS": "\n".join(f"{level} {' '.join(sorted(flags))}" for level, flags in LEVEL_FLAGS.items()),
        "FLEET_NEEDED": NEEDED,
        "FLEET_PINNED": ", ".join(sorted(carried.lock.pins)),
        "FLEET_LIBC": str(carried.options["libc"]),
    }
    # In a process of its own, since it ends with exit, and sets traps.
    stage = f"stage() (\n{script_text({}, '_resume/take.sh', '_execute/stage.sh')})\n"
    return f"{script_text({}, '_host/elf.sh')}{stage}{script_text(values, '_boot/carrier.sh')}{_ENDS}\n"


@cache
def _files() -> dict[str, bytes]:
    """The code by its names in the zip file: all that `_START` imports, by way of others too, and the probe."""
    found = {}
    folders: set[str] = set()
    for module, path in modules().items():
        name = module.replace(".", "/")
        found[f"{name}/__init__.py" if path.name == "__init__.py" else f"{name}.py"] = path.read_bytes()
        folders.update(str(parent) for parent in Path(name).parents)
    for script in _SCRIPTS:
        found[f"{_OURS.replace('.', '/')}/{script}"] = (_PLUGINS / script).read_bytes()
    return {f"{folder}/__init__.py": b"" for folder in folders - {"."}} | found


def modules() -> dict[str, Path]:
    """The modules that the code on the host imports from this collection and from packaging, each with its file.

    Raises BootError where one is not there.
    """
    found: dict[str, Path] = {}
    waiting = [_START]
    while waiting:
        module = waiting.pop()
        path = _file_of(module)
        if module in found or path is None:
            continue
        found[module] = path
        waiting += _imports(module, path)
    return found


def _file_of(module: str) -> Path | None:
    """The file of a module, None for what is not carried: the standard library, and names that are no modules."""
    top, _dot, rest = module.partition(".")
    if module.startswith(f"{_OURS}."):
        base = _PLUGINS / module.removeprefix(f"{_OURS}.").replace(".", "/")
    elif top == _PACKAGING:
        spec = find_spec(_PACKAGING)
        if spec is None or not spec.submodule_search_locations:
            raise BootError("the Python package packaging, which ansible-core brings, is not on the controller")
        base = Path(spec.submodule_search_locations[0]) / rest.replace(".", "/")
    else:
        return None
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def _imports(module: str, path: Path) -> Iterator[str]:
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            name = ".".join(filter(None, (above, node.module)))
            # A package's own file comes before its modules.
            yield from (name, *(f"{name}.{alias.name}" for alias in node.names))
