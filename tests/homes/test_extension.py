# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""C extensions compile with the host's own compiler: on this machine, with real builds of three generations.

A container with a compiler would be 150 MB more of test world; what is installed here stays below the test's directory.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.playbook import Controller
from tests.world.server import MirrorServer

# A small real one without dependencies, and what builds it. pip checks the digests; none is fetched by a build.
_REQUIREMENTS = """\
MarkupSafe==2.1.5 --hash=sha256:d283d37a890ba4c1ae73ffadf8046435c76e7bc2247bbb63c00bd1a709c6544b
setuptools==75.3.2 --hash=sha256:90ab613b6583fc02d5369cbca13ea26ea0e182d1df2d943ee9cbe81d4c61add9
wheel==0.45.1 --hash=sha256:708e7481cc80179af0e556bbf0cc00b8444c7321e2700b8d8580231d13017248
"""
_MINORS = ["3.9", "3.11", "3.13"]
_USE = "import markupsafe._speedups as s; print(s.escape('<'), s.__file__)"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist of the extension, and wheels of its build tools."""
    directory = tmp_path_factory.mktemp("packages")
    requirements = directory / "requirements.txt"
    requirements.write_text(_REQUIREMENTS)
    _run(
        sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--no-binary=markupsafe",
        f"--dest={directory}", f"--requirement={requirements}", **os.environ,
    )  # fmt: skip
    return directory


def _run(*command: str, **environment: str) -> str:
    done = subprocess.run(
        command,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_it_compiles_and_imports(
    packages: Path, controller: Controller, near_mirror: MirrorServer, tmp_path: Path
) -> None:
    if not shutil.which("gcc"):
        pytest.skip("no gcc here to compile an extension with")
    root = tmp_path / "python"
    task = {
        "version": _MINORS, "source": near_mirror.url, "catalogue": "source", "insecure_source": True,
        "root": str(root), "compile_bytecode": False,
    }  # fmt: skip
    ran = controller.play({"here": {"ansible_connection": "local"}}, [{"fleet.python.interpreter": task}])
    ran.outcomes[0].ok()
    offline = ("--no-index", f"--find-links={packages}", "--disable-pip-version-check")
    for minor in _MINORS:
        python = f"{root}/{minor}/bin/python{minor}"

        # In a venv, as people do.
        venv = tmp_path / f"venv-{minor}"
        _run(python, "-m", "venv", str(venv))
        pip = [f"{venv}/bin/python", "-m", "pip", "install", *offline]
        _run(*pip, "setuptools==75.3.2", "wheel")
        _run(*pip, "--no-build-isolation", "--no-binary=markupsafe", "MarkupSafe")
        assert _run(f"{venv}/bin/python", "-c", _USE).startswith(f"&lt; {venv}/")

        # As root for the whole host, into a folder beside the home, which belongs to us.
        beside = tmp_path / f"beside-{minor}"
        tools = tmp_path / f"tools-{minor}"
        pip = [python, "-B", "-m", "pip", "install", *offline]
        _run(*pip, f"--target={tools}", "setuptools==75.3.2", "wheel")
        _run(
            *pip, f"--target={beside}", "--no-build-isolation", "--no-binary=markupsafe", "MarkupSafe",
            PYTHONPATH=str(tools),
        )  # fmt: skip
        assert _run(python, "-B", "-c", _USE, PYTHONPATH=str(beside)).startswith(f"&lt; {beside}/")
