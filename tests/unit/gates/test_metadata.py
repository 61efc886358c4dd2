# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the metadata of the collection says, against what is there."""

from __future__ import annotations

import yaml

from tests.gates.places import REPOSITORY


def test_the_action_group_names_every_module_once() -> None:
    runtime = yaml.safe_load((REPOSITORY / "meta" / "runtime.yml").read_text())
    modules = sorted(path.stem for path in (REPOSITORY / "plugins" / "modules").glob("*.py"))
    assert runtime["action_groups"]["python"] == modules
