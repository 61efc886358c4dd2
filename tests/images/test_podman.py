# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image that the collection's playbook makes with podman."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.images.conftest import BASE, Builder, Image
from tests.images.look import assert_only_the_build
from tests.world.podman import podman


@pytest.fixture(scope="module")
def image(builder: Builder, name: str) -> Image:
    return builder.make("fleet.python.image", name)


def test_python_is_its_command(image: Image) -> None:
    assert image.inspect()["Config"]["Cmd"] == ["python"]
    assert image.run(text="import ssl, sqlite3, sys; print(sys.version)").startswith("3.13.2 ")
    assert image.run("sh", "-c", "command -v python").strip() == "/opt/python/3.13/bin/python"


def test_base_has_no_python() -> None:
    assert podman("run", "--rm", BASE, "sh", "-c", "command -v python3 python || echo none").strip() == "none"


def test_only_the_build_is_in_the_layer(image: Image, tmp_path: Path) -> None:
    members = image.layer(tmp_path / "image.tar")
    assert_only_the_build(members)
    assert all(member.uid == 0 for member in members)


def test_bytecode_is_compiled_for_a_file_system_that_is_not_written_to(image: Image) -> None:
    asked = "import json; print(json.__cached__); open(json.__cached__).close()"
    assert "/__pycache__/" in image.run("python", "-c", asked)


def test_its_size_is_said(image: Image, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = [int(podman("image", "inspect", "--format={{.Size}}", each)) / 2**20 for each in (image.name, BASE)]
    assert f"{image.name} has {sizes[0]:.2f} MB, of which {sizes[1]:.2f} MB are {BASE}" in image.said
    with capsys.disabled():
        print(f"\nPython 3.13 adds {sizes[0] - sizes[1]:.0f} MB to the {sizes[1]:.0f} MB of its base")


def test_the_container_is_gone(image: Image) -> None:
    unique = image.name.partition("test-")[2][:12]
    assert unique not in podman("ps", "--all", "--format={{.Names}}")
