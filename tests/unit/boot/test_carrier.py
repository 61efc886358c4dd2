# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The carrier: the same bytes each time, whole, and nothing in it that an interpreter lacks."""

from __future__ import annotations

import ast
import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._boot.carried import format_carried, parse_carried
from ansible_collections.fleet.python.plugins.plugin_utils._boot.carrier import modules, read_carrier
from ansible_collections.fleet.python.plugins.plugin_utils._boot.errors import BootError
from ansible_collections.fleet.python.plugins.plugin_utils._boot.main import Ready, parse_staged
from tests.unit.boot.locks import carried, carrier

SHELLS = ("sh", "dash", "bash", "ksh93")


def test_the_same_lock_gives_the_same_bytes() -> None:
    first, second, other = carrier(), carrier(), carrier(keep="3")
    assert (first.data, first.name) == (second.data, second.name)
    assert first.sha256 != other.sha256
    assert first.name != other.name
    assert first.sha256[:16] in first.name


def test_what_is_carried_comes_back() -> None:
    before = carried(links=["/usr/local/bin/python3.13"])
    assert parse_carried(format_carried(before)) == before


def test_a_carrier_is_known_by_its_name(tmp_path: Path) -> None:
    made = carrier()
    (tmp_path / made.name).write_bytes(made.data)
    assert read_carrier(tmp_path / made.name) == made
    (tmp_path / made.name).write_bytes(made.data + b"x")
    with pytest.raises(BootError, match="is no carrier of a boot script"):
        read_carrier(tmp_path / made.name)
    with pytest.raises(BootError, match="cannot be read: No such file"):
        read_carrier(tmp_path / "none")


def test_no_secret_is_carried() -> None:
    names = {"source": ["https://u:hidden@h"], "headers": {"X": "hidden"}, "proxy": "http://u:hidden@h:1"}
    with zipfile.ZipFile(io.BytesIO(carrier(**names).data)) as archive:
        assert all(b"hidden@h" not in archive.read(name) for name in archive.namelist())
    assert "hidden" not in format_carried(carried(**names))


def test_it_needs_the_standard_library_only() -> None:
    """What is imported when a module is loaded; requests, zstandard and yaml are for other work."""
    found = modules()
    outside = set()
    for path in found.values():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                outside |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                outside.add(str(node.module).partition(".")[0])
    assert outside - {"ansible_collections", "packaging"} <= sys.stdlib_module_names


def test_an_interpreter_alone_loads_it(tmp_path: Path) -> None:
    made = tmp_path / "carrier"
    made.write_bytes(carrier().data)
    start = "import sys; sys.path[:] = [sys.argv[1], *(p for p in sys.path if 'site-packages' not in p)]; "
    load = "import ansible_collections.fleet.python.plugins.plugin_utils._boot.main as main; print(main.__file__); "
    probe = "from ansible_collections.fleet.python.plugins.plugin_utils._host.probe import probe_script as p; p('/r')"
    command = [sys.executable, "-I", "-S", "-B", "-c", start + load + probe, str(made)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.startswith(str(made))


@pytest.mark.parametrize("shell", SHELLS)
def test_its_sh_is_sh(shell: str, tmp_path: Path) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    head, mark, rest = carrier().data.partition(b"# fleet-carrier-ends\n")
    assert mark
    assert rest.startswith(b"PK")
    (tmp_path / "head.sh").write_bytes(head)
    subprocess.run([shell, "-n", tmp_path / "head.sh"], check=True)


def test_what_sh_has_staged() -> None:
    said = (
        "stage boot-1-2\npath 20250317/cpython%2B1.tar.gz\nsource http://h\x1b[31m\nskipped http://a: gone\nskipped b\n"
    )
    assert parse_staged(said) == Ready(
        "boot-1-2", "20250317/cpython%2B1.tar.gz", "http://h\\x1b[31m", ("http://a: gone", "b")
    )
    assert parse_staged("") == Ready()
