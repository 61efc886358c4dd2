# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe's answer: noise around it, line ends, damage, and whatever else a host may print."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation
from ansible_collections.fleet.python.plugins.plugin_utils._host.platform import PlatformError, platform_of, triples_of
from ansible_collections.fleet.python.plugins.plugin_utils._host.probe import ProbeError, parse_probe

HOSTS = Path(__file__).parents[1] / "hosts"
ANSWER = (HOSTS / "debian-12-amd64").read_text(encoding="utf-8")
ROOT = "/opt/python"
BEGIN, END = "fleet-probe 1", "fleet-probe-end"

KEYS = (
    "kernel", "uid", "os", "elf", "interp", "loader", "loader-asked", "loader-says", "loader-level", "loader-file",
    "getconf", "cpu", "darwin", "darwin-arm64", "darwin-translated", "tool", "python", "at", "writable", "df", "mount",
    "selinux", "closed", "entry", "staging", "made-link", "receipt", "files", "changed", "runs", "level", "running",
    "path",
)  # fmt: skip

# Whole lines of real answers, so that each parser gets past its first step, and any text in their place.
real_lines = st.sampled_from([line for line in ANSWER.split("\n") if line not in (BEGIN, END)])
made_lines = st.builds("{} {}".format, st.sampled_from(KEYS), st.text(max_size=80))
answers = st.lists(st.one_of(real_lines, made_lines, st.text(max_size=40)), max_size=30).map(
    lambda lines: "\n".join([BEGIN, *lines, END])
)
noise = st.text(max_size=200).filter(lambda text: BEGIN not in text and END not in text)


def reach(text: str) -> Observation | None:
    """What the text leads to; nothing but ProbeError and PlatformError may come out."""
    try:
        observed = parse_probe(text, ROOT)
    except ProbeError:
        return None
    with contextlib.suppress(PlatformError):
        triples_of(platform_of(observed))
    return observed


@given(st.text())
def test_any_text_is_an_answer_or_a_probe_error(text: str) -> None:
    reach(text)


@given(answers)
@example("\n".join([BEGIN, "kernel Linux 6.1.0-50-amd64 x86_64", "elf", END]))
def test_any_lines_between_the_marks_are_an_observation_or_a_probe_error(text: str) -> None:
    reach(text)


@given(st.integers(0, len(ANSWER) - 1), st.text(max_size=12), st.integers(0, 40))
def test_a_damaged_answer_is_an_observation_or_a_probe_error(place: int, put: str, cut: int) -> None:
    reach(ANSWER[:place] + put + ANSWER[place + cut :])


@given(noise, noise)
def test_noise_before_and_after_does_not_matter(before: str, after: str) -> None:
    assert parse_probe(f"{before}{ANSWER}{after}", ROOT) == parse_probe(ANSWER, ROOT)


@pytest.mark.parametrize(
    "before", ["Last login: Mon\n", "[sudo] password for deploy: ", "\x1b[0m\u00e9\r\n", BEGIN + "\n", END + "\n"]
)
@pytest.mark.parametrize("after", ["", "logout\n", "Shared connection to host closed.\r\n"])
def test_greetings_prompts_and_cut_off_answers_do_not_matter(before: str, after: str) -> None:
    assert parse_probe(before + ANSWER + after, ROOT) == parse_probe(ANSWER, ROOT)


@pytest.mark.parametrize("ending", ["\r\n", "\r\r\n"])
def test_line_ends_of_a_terminal_do_not_matter(ending: str) -> None:
    assert parse_probe(ANSWER.replace("\n", ending), ROOT) == parse_probe(ANSWER, ROOT)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it printed: nothing"),
        ("This account is currently not available.\n", "This account is currently not available."),
        (ANSWER.replace(END, ""), "did not complete the probe"),
        (f"{END}\n{BEGIN}\n", "did not complete the probe"),
        (f"{BEGIN}\n{END}\n", "uname -srm"),
        (f"{BEGIN}\nkernel Linux\n{END}\n", "uname -srm"),
    ],
)
def test_what_is_no_answer_is_refused_with_what_was_printed(text: str, says: str) -> None:
    with pytest.raises(ProbeError, match=says.replace(".", r"\.")):
        parse_probe(text, ROOT)


def test_a_machine_name_of_two_words_is_kept() -> None:
    observed = parse_probe(f"{BEGIN}\nkernel Darwin 8.11.0 Power Macintosh\n{END}\n", ROOT)
    assert (observed.system, observed.kernel_release, observed.kernel_arch) == ("Darwin", "8.11.0", "Power Macintosh")


@pytest.mark.parametrize(
    "receipt", ["[" * 100_000, "{", "[1]", '"text"', "null", '{"sha256": 1' + "0" * 5000 + "}", '{"asset": "x"}']
)
def test_a_receipt_that_cannot_be_read_makes_a_home_that_is_not_whole(receipt: str) -> None:
    text = ANSWER.replace(END, f"receipt cpython-x {receipt}\nfiles cpython-x 10\nruns cpython-x\n{END}")
    [home] = parse_probe(text, ROOT).homes
    assert (home.receipt, home.runs, home.whole) == ({}, False, False)


@pytest.mark.parametrize("number", ["", "-1", "9" * 5000, "\u0663", "\u00b2", "0x3e8", "1e3"])
def test_numbers_that_are_none_are_left_out(number: str) -> None:
    text = ANSWER.replace("uid 0", f"uid {number}").replace(END, f"level {number}\nfiles cpython-x {number}\n{END}")
    observed = parse_probe(text, ROOT)
    assert observed.uid == -1
    assert observed.level_known is None


@pytest.mark.parametrize(
    "line",
    [
        "drwxr-xr-x 2 0 0 4096 Nov 26 17:08 /opt",
        "drwxr-xr-x    2 0        0             4096 Nov  6  2025 /opt",
        "drwxr-xr-x 2 0 0 4096 2026-11-26 17:08 /opt",
        "drwxr-xr-x. 2 0 0 4.0K 2026-11-26 17:08:03.000000000 +0000 /opt",
    ],
    ids=["POSIX", "BusyBox, last year", "toybox", "other sizes and times"],
)
def test_each_form_of_a_listing(line: str) -> None:
    at = parse_probe(f"{BEGIN}\nkernel Linux 6 x86_64\nat {line}\n{END}\n", ROOT).root.at
    assert at is not None
    assert (at.path, at.mode, at.uid, at.gid) == ("/opt", "drwxr-xr-x", 0, 0)


def test_a_mount_point_with_a_blank() -> None:
    lines = [
        "kernel Linux 6 x86_64",
        "df none 409600 0 409600 0% /mnt/USB DISK",
        r"mount none /mnt/USB\040DISK tmpfs rw,noexec 0 0",
        r"mount none /mnt/USB.040DISK ext4 ro 0 0",
    ]
    root = parse_probe("\n".join([BEGIN, *lines, END]), "/mnt/USB DISK/python").root
    assert (root.mount_point, root.filesystem, root.mount_options) == ("/mnt/USB DISK", "tmpfs", ("rw", "noexec"))


@pytest.mark.parametrize(("count", "whole"), [("4", True), ("0", True), ("3", False), ("-1", True)])
def test_files_that_nobody_can_count_are_no_damage(count: str, whole: bool) -> None:
    receipt = '{"sha256": "00", "files": 4}'
    text = ANSWER.replace(END, f"receipt cpython-x {receipt}\nfiles cpython-x {count}\nruns cpython-x\n{END}")
    [home] = parse_probe(text, ROOT).homes
    assert home.whole is whole
