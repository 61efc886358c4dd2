# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is rewritten in a build, on lines of all six real builds of the test world as they were published.

``snippets/`` holds of each the lines of _sysconfigdata and the Makefile that name the build machine, and python-3.x.pc.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.module_utils._home.relocate import (
    add_ca_fallback,
    relocate,
    rewrite_prefix,
    rewrite_tools,
)

_SNIPPETS = Path(__file__).with_name("snippets")
_VERSIONS = ["3.9.6", "3.10.8", "3.11.1", "3.12.2", "3.12.6", "3.13.2"]
_HOME = "/opt/python/cpython-3.x"
_BUILD_MACHINE = re.compile(
    r"(?:^|[\s'\"=:]|-[IL])/(?:install|tools|build)\b|\bllvm-ar\b|\bclang(?:\+\+)?(?=[\s'\"]|$)"
)


def _rewritten(name: str) -> str:
    # Comments tell of clang; nobody runs them.
    text = "".join(line for line in (_SNIPPETS / name).read_text().splitlines(True) if not line.startswith("#"))
    return rewrite_prefix(rewrite_tools(text), _HOME)


def _variables(text: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    return dict(namespace["build_time_vars"])


@pytest.mark.parametrize("version", _VERSIONS)
@pytest.mark.parametrize("kind", ["sysconfigdata", "Makefile", "pc"])
def test_nothing_names_the_build_machine(kind: str, version: str) -> None:
    assert kind == "pc" or _BUILD_MACHINE.search((_SNIPPETS / f"{version}.{kind}").read_text())
    assert not _BUILD_MACHINE.findall(_rewritten(f"{version}.{kind}"))


@pytest.mark.parametrize("version", _VERSIONS)
def test_sysconfigdata_stays_python(version: str) -> None:
    before = _variables((_SNIPPETS / f"{version}.sysconfigdata").read_text())
    after = _variables(_rewritten(f"{version}.sysconfigdata"))
    assert after.keys() == before.keys()
    assert after["CC"].split()[0] == "cc"
    assert after["CXX"].split()[0] == "c++"
    assert after["AR"] == "ar"
    assert after["LDSHARED"].split()[0] == "cc"
    assert after["LIBDIR"] == f"{_HOME}/lib"
    assert after["prefix"] == _HOME
    # What is of the host and not of the build stays.
    for name in ("INSTALL", "INSTALL_DATA", "TZPATH", "SHELL"):
        assert after[name] == before[name]
    # Flags that make the code what it is stay too.
    assert [flag for flag in after["CFLAGS"].split() if not flag.startswith("-I")] == [
        flag for flag in before["CFLAGS"].split() if not flag.startswith("-I")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"-L/tools/deps/lib"', '""'),
        ("'-O3 -I/tools/deps/include',", "'-O3 ',"),
        ('"-fprofile-instr-use=\\"$(shell pwd)/code\\""', '"-fprofile-instr-use=\\"$(shell pwd)/code\\""'),
        ("CC=clang++ -x", "CC=c++ -x"),
        ("/usr/bin/llvm-ar rcs", "ar rcs"),
        # No tool of the build's, whatever it looks like.
        ("my-clang clang-14 ./clang /home/clang/x", "my-clang clang-14 ./clang /home/clang/x"),
    ],
)
def test_tools(text: str, expected: str) -> None:
    assert rewrite_tools(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prefix=/install", "prefix=HOME"),
        ("-I/install/include -L/install/lib", "-IHOME/include -LHOME/lib"),
        ("/tools/host/bin/python3.13", "HOME/bin/python3.13"),
        ("/build/Python-3.13.2/x.c", "HOME/x.c"),
        ("/usr/bin/install -c", "/usr/bin/install -c"),
        ("./install-sh /installed /srv/install", "./install-sh /installed /srv/install"),
    ],
)
def test_prefix(text: str, expected: str) -> None:
    assert rewrite_prefix(text, "HOME") == expected


def test_a_home_with_the_signs_of_regular_expressions() -> None:
    assert rewrite_prefix("/install/lib", r"/srv/a\1\g<0>") == r"/srv/a\1\g<0>/lib"


def test_ca_fallback_goes_where_the_line_is() -> None:
    text = "    def f(self):\n        self.set_default_verify_paths()\n"
    assert "ca-bundle.crt" in add_ca_fallback(text)
    compile("class C:\n" + add_ca_fallback(text), "ssl.py", "exec")
    assert add_ca_fallback("nothing of the kind\n") == "nothing of the kind\n"
    assert add_ca_fallback(text * 2) == text * 2


def test_files_of_a_tree(tmp_path: Path) -> None:
    library = tmp_path / "lib" / "python3.13"
    library.mkdir(parents=True)
    data = library / "_sysconfigdata__linux_x86_64-linux-gnu.py"
    data.write_text((_SNIPPETS / "3.13.2.sysconfigdata").read_text())
    script = tmp_path / "bin" / "python3.13-config"
    script.parent.mkdir()
    script.write_bytes(b'#!/bin/sh\nprefix="/install"\necho caf\xe9\n')
    script.chmod(0o755)
    (tmp_path / "bin" / "python3-config").symlink_to("python3.13-config")
    (library / "ssl.py").write_text("        self.set_default_verify_paths()\n")

    relocate(str(tmp_path), _HOME, externally_managed=True, ca_fallback=False, python="/opt/python/3.13/bin/python3.13")
    assert _variables(data.read_text())["prefix"] == _HOME
    # Bytes that are no UTF-8 stay, and so do modes and links.
    assert script.read_bytes() == b'#!/bin/sh\nprefix="' + _HOME.encode() + b'"\necho caf\xe9\n'
    assert stat.S_IMODE(script.stat().st_mode) == 0o755
    assert (tmp_path / "bin" / "python3-config").is_symlink()
    assert "/opt/python/3.13/bin/python3.13 -m venv" in (library / "EXTERNALLY-MANAGED").read_text()
    assert "ca-bundle" not in (library / "ssl.py").read_text()
