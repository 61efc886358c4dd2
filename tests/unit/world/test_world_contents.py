# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule that leaves out of a Backend.AI tree what upstream does not ship."""

from __future__ import annotations

import pytest

from tests.world.contents import keeps
from tests.world.images import pythons_in
from tests.world.pins import BUILDS

REAL = next(build for build in BUILDS if build.name == "3.11.1-x86_64")
STAND_IN = next(build for build in BUILDS if build.name == "3.12.2-x86_64-musl")
STAND_IN_313 = next(build for build in BUILDS if build.name == "3.13.2-x86_64-musl")
OF_2021 = 1609459200.0
OF_2024 = 1704067200.0
LATER = 1676958600.0
PACKAGES = "lib/python3.11/site-packages"


@pytest.mark.parametrize(
    "name",
    [
        "bin/python3.11",
        "bin/pip",
        "lib/libpython3.11.so.1.0",
        "lib/python3.11/os.py",
        "lib/python3.11/lib-dynload/_sqlite3.cpython-311-x86_64-linux-gnu.so",
        f"{PACKAGES}/README.txt",
        f"{PACKAGES}/pip/__main__.py",
        f"{PACKAGES}/pip-22.3.1.dist-info/RECORD",
        f"{PACKAGES}/pip-21.1.3-py3.9.egg/pip/__init__.py",
        f"{PACKAGES}/setuptools/__init__.py",
        f"{PACKAGES}/setuptools-65.6.3.dist-info/METADATA",
        f"{PACKAGES}/pkg_resources/__init__.py",
        f"{PACKAGES}/_distutils_hack/__init__.py",
        f"{PACKAGES}/distutils-precedence.pth",
        "share/terminfo/x/xterm",
        "include/python3.11/Python.h",
    ],
)
@pytest.mark.parametrize("mtime", [OF_2021, OF_2024])
def test_keeps_what_upstream_ships(name: str, mtime: float) -> None:
    assert keeps(REAL, name, mtime)


@pytest.mark.parametrize(
    "name",
    [
        "licenses/LICENSE.zlib.txt",
        "licenses/wheels/LICENSE.attrs.txt",
        "bin/ttyd",
        "bin/jupyter",
        "bin/jupyter-run",
        "__pycache__/x.pyc",
        "lib/python3.11/__pycache__/os.cpython-311.pyc",
        f"{PACKAGES}/pip/__pycache__/__main__.cpython-311.pyc",
        f"{PACKAGES}/attr/__init__.py",
        f"{PACKAGES}/pyzmq.libs/libzmq.so",
        f"{PACKAGES}/jupyter.py",
        f"{PACKAGES}/pipx/__init__.py",
        f"{PACKAGES}/six-1.16.0.dist-info/RECORD",
    ],
)
def test_leaves_out_what_was_added(name: str) -> None:
    assert not keeps(REAL, name, OF_2021)


def test_leaves_out_what_has_a_later_time_whatever_its_name() -> None:
    # bin/python, a link into /opt/backend.ai in the trees of 2021 to 2023, where upstream had none yet.
    assert keeps(REAL, "bin/python", OF_2021)
    assert not keeps(REAL, "bin/python", LATER)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("bin/python3.12", True),
        ("bin/pip3.12", False),
        ("bin/wheel", False),
        ("lib/python3.12/site-packages/pip/__main__.py", True),
        ("lib/python3.12/site-packages/setuptools/__init__.py", False),
        ("lib/python3.12/lib-dynload/_ssl.cpython-312-x86_64-linux-musl.so", True),
        ("lib/python3.12/lib-dynload/_sqlite3.cpython-312-x86_64-linux-musl.so", False),
        ("lib/python3.12/lib-dynload/pyexpat.cpython-312-x86_64-linux-musl.so", False),
        ("lib/python3.12/sqlite3/__init__.py", True),
    ],
)
def test_stand_in_loses_only_what_cannot_work_on_plain_alpine(name: str, kept: bool) -> None:
    assert keeps(STAND_IN, name, LATER) is kept


def test_missing_extensions_are_those_of_the_minor_version() -> None:
    assert keeps(STAND_IN_313, "lib/python3.13/lib-dynload/_elementtree.cpython-313-x86_64-linux-musl.so", LATER)
    assert not keeps(STAND_IN, "lib/python3.12/lib-dynload/_elementtree.cpython-312-x86_64-linux-musl.so", LATER)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["./usr/bin/python3", "./usr/bin/python3.11", "./usr/lib/python3/x.py"], {"python3", "python3.11"}),
        (["./usr/bin/python2.7", "./usr/bin/perl"], {"python2.7"}),
        (["usr/local/bin/python", "./bin/pypy3"], {"python", "pypy3"}),
        (["./usr/share/bash-completion/python", "./usr/bin/python-argcomplete", "./opt/bin/python3"], set()),
    ],
)
def test_pythons_of_an_image_are_found(names: list[str], found: set[str]) -> None:
    assert pythons_in(names) == found
