# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorder of hosts: what a shell prints is kept as it came, and nothing else is."""

from __future__ import annotations

import gzip
import struct
from collections import Counter
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._host.probe import parse_probe
from tests.hosts import record as recorder
from tests.hosts.recipes import RECIPES
from tests.hosts.record import RecordError, record
from tests.hosts.roots import bootable


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(recorder, "RECORDED", tmp_path)
    return tmp_path


@pytest.mark.parametrize(("command", "argument"), [(["sh"], False), (["sh", "-c"], True)], ids=["input", "argument"])
def test_what_a_shell_prints_is_kept(recorded: Path, command: list[str], argument: bool) -> None:
    file = record("this-machine", command, argument=argument)
    assert file == recorded / "this-machine"
    assert parse_probe(file.read_text(encoding="utf-8"), "/opt/python").programs[0].path == "/bin/sh"


def test_line_ends_are_kept(recorded: Path) -> None:
    file = record("terminal", ["sh", "-c", 'sh | while IFS= read -r line; do printf "%s\\r\\n" "$line"; done'])
    assert b"fleet-probe 1\r\n" in file.read_bytes()


@pytest.mark.parametrize(
    "command",
    [["true"], ["sh", "-c", "echo no shell for you >&2; exit 1"], ["sh", "-c", "sh | head -n 4"], ["printf", r"\377"]],
    ids=["nothing", "an error", "half an answer", "no text"],
)
def test_what_is_no_whole_answer_is_not_kept(recorded: Path, command: list[str]) -> None:
    with pytest.raises(RecordError, match=r"(?s)broken: .*exit status"):
        record("broken", command)
    assert list(recorded.iterdir()) == []


def test_no_two_recipes_record_the_same_host() -> None:
    assert [name for name, times in Counter(recipe.name for recipe in RECIPES).items() if times > 1] == []


def test_the_kernel_inside_of_an_efi_zboot_image_is_what_boots() -> None:
    packed = gzip.compress(b"the kernel")
    image = b"MZ\0\0zimg" + struct.pack("<II", 64, len(packed)) + bytes(48) + packed + b"more"
    assert bootable(image) == b"the kernel"
    assert bootable(b"\x7fELF" + bytes(60)) == b"\x7fELF" + bytes(60)
