# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image that the playbook in docs/images.md makes with buildah."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.images.conftest import Builder
from tests.images.look import assert_only_the_build

PAGE = Path(__file__).parents[2] / "docs" / "images.md"


@pytest.mark.slow
def test_the_pages_playbook_makes_an_image(builder: Builder, name: str, tmp_path: Path) -> None:
    if shutil.which("buildah") is None:
        pytest.skip("buildah is not installed")
    [block] = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    playbook = tmp_path / "image.yml"
    # Its container's name is the reader's to choose.
    playbook.write_text(block.replace("build-python", f"build-{name.partition('test-')[2][:12]}"), encoding="utf-8")
    image = builder.make(str(playbook), name, interpreter_compile_bytecode=False)
    config = image.inspect()["Config"]
    assert config["Cmd"] == ["python"]
    assert any(re.match("PATH=/opt/python/3.13/bin:.*/usr/bin", each) for each in config["Env"])
    assert image.run(text="import ssl, sys; print(sys.version)").startswith("3.13.2 ")
    assert_only_the_build(image.layer(tmp_path / "image.tar"))
