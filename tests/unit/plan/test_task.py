# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths on the host, as options name them."""

from __future__ import annotations

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._plan.task import TaskError, absolute


@pytest.mark.parametrize(
    ("given", "plain"), [("/opt/python/", "/opt/python"), ("//opt//python", "/opt/python"), ("/a/../b", "/b")]
)
def test_paths_are_made_plain(given: str, plain: str) -> None:
    assert absolute("root", given) == plain


@pytest.mark.parametrize("option", ["root", "links"])
@pytest.mark.parametrize("path", ["opt/python", "", "/", "/..", "/opt/a\nb", "/opt/a\rb", "/opt/a\0b", "/opt/a -> b"])
def test_paths_that_cannot_be_meant_or_read_back(path: str, option: str) -> None:
    with pytest.raises(TaskError, match=f"^{option}: "):
        absolute(option, path)


@pytest.mark.parametrize("mark", ["'", '"', "\\", "`", "$"])
def test_marks_that_a_root_cannot_have(mark: str) -> None:
    with pytest.raises(TaskError, match="which sysconfig, pip's programs and venvs cannot"):
        absolute("root", f"/opt/py{mark}thon")
    assert absolute("links", f"/opt/py{mark}thon") == f"/opt/py{mark}thon"
