# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A build that does not do what builds do is never linked: the old one stays, and it is said what failed.

The broken builds are the real ones with one thing taken away or put in the place of another, under the real names.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.homes.altered import Change, Mirror, executable_stack, script_in_place_of, without
from tests.homes.builds import PY39, PY312_2, PY312_6, PY313
from tests.integration.conftest import Everywhere, Interpreter, NewHost, Serve
from tests.integration.target import Target
from tests.world.cache import Cache

_PYTHON = "/opt/python/3.12/bin/python3.12"
_OLD = "lib/python3.12"


def _state(target: Target) -> frozenset[str]:
    """All but bytecode: none was compiled, so whatever root runs there leaves its own."""
    return frozenset(line for line in target.state() if "__pycache__" not in line)


def _no_pip_but_its_name(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes] | None:
    """A pip that is there and cannot start."""
    return without("lib/python3.12/site-packages/pip/_internal")(member, data)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        # What the interpreter itself starts with, what the module needs, and what only the trial asks for.
        pytest.param(without(f"{_OLD}/encodings"), "<no Python frame>", id="encodings"),
        pytest.param(without(f"{_OLD}/ssl.py"), "ssl", id="ssl", marks=pytest.mark.slow),
        pytest.param(without(f"{_OLD}/sqlite3"), "No module named 'sqlite3'", id="sqlite3", marks=pytest.mark.slow),
        pytest.param(without(f"{_OLD}/venv"), "pip or a venv of python3.12 fails", id="venv"),
        pytest.param(_no_pip_but_its_name, "No module named 'pip._internal'", id="pip"),
        pytest.param(
            script_in_place_of("bin/python3.12", "#!/bin/sh\necho no >&2\nexit 1\n"),
            "no",
            id="exit",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_old_one_stays_linked(
    change: Change, said: str, new_host: NewHost, everywhere: Everywhere, serve: Serve, world: Cache, tmp_path: Path
) -> None:
    """On hosts with and without a Python of their own: there the old build tries the new one."""
    targets = [new_host("debian12"), new_host("debian12-python3")]
    mirror = Mirror(tmp_path / "mirror", world.mirror).add(PY312_2)
    source = serve(mirror.directory).url
    for outcome in everywhere(targets, "3.12", source=source).values():
        outcome.ok()
    before = [_state(target) for target in targets]

    mirror.add_changed(PY312_6, change)
    # By another address: what a source has is asked for once per address.
    refused = everywhere(targets, "3.12", state="latest", source=serve(mirror.directory).url)
    for target in targets:
        message = refused[target.name].refusal()
        assert said in message
        assert "cpython-3.12.6+20240909-x86_64_v2-unknown-linux-gnu failed" in message
        target.sh('"$1" -B -c "import ssl"', _PYTHON)
    assert [_state(target) for target in targets] == before


def test_a_build_that_is_another_version(
    new_host: NewHost, everywhere: Everywhere, serve: Serve, world: Cache, tmp_path: Path
) -> None:
    """3.12.2 under the name of 3.12.6."""
    mirror = Mirror(tmp_path / "mirror", world.mirror)
    mirror.add(PY312_2, PY312_6)
    targets = [new_host("debian12"), new_host("debian12-python3")]
    before = [target.state() for target in targets]
    outcomes = everywhere(targets, "3.12.6", source=serve(mirror.directory).url)
    for target in targets:
        assert "says that it is version 3.12.2, not 3.12.6" in outcomes[target.name].refusal()
    assert [target.state() for target in targets] == before


def _both(first: Change, second: Change) -> Change:
    def change(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes] | None:
        changed = first(member, data)
        return second(*changed) if changed else None

    return change


def test_a_build_without_pip(
    new_host: NewHost, interpreter: Interpreter, serve: Serve, world: Cache, tmp_path: Path
) -> None:
    """As 3.9.6 of 20210724 is for aarch64: here the one for x86-64, with pip taken away, and 3.13 likewise."""
    mirror = Mirror(tmp_path / "mirror", world.mirror)
    # The releases of those years have no stripped builds.
    for asset, minor in ((PY39.replace("_stripped", ""), "3.9"), (PY313, "3.13")):
        site = f"lib/python{minor}/site-packages"
        versions = [f"{site}/pip-{version}" for version in ("21.1.3-py3.9.egg", "24.3.1.dist-info")]
        change = without(f"{site}/pip", *versions)
        # libpython of the second one asks for an executable stack, as in release 20260325.
        mirror.add_changed(asset, change if asset != PY313 else _both(change, executable_stack))
    target = new_host("debian12")
    done = interpreter(target, ["3.9", "3.13"], source=serve(mirror.directory).url).ok()
    for trial in done["trials"].values():
        assert trial["absent"] == ["pip"]
    stacks = {trial["version"]: trial["executable_stacks"] for trial in done["trials"].values()}
    assert stacks == {"3.9.6": [], "3.13.2": ["libpython3.13.so.1.0"]}
    [warning] = [warning for warning in done["warnings"] if "executable stack" in warning]
    assert warning.startswith("libpython3.13.so.1.0 of cpython-3.13.2")
    assert "No module named pip" in target.sh("/opt/python/3.9/bin/python3.9 -m pip 2>&1 || :")
