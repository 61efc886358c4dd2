# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A push over connections that break off, with the real script of the host: what arrives, and how often it is sent."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._host.script import passes
from ansible_collections.fleet.python.plugins.plugin_utils._resume import push as _push
from ansible_collections.fleet.python.plugins.plugin_utils._resume.parts import (
    PIECE,
    TRIES,
    Kept,
    PartError,
    Patience,
    append_command,
    begun,
    parse_part,
    part_path,
)
from ansible_collections.fleet.python.plugins.plugin_utils._resume.push import LostError, Pushed, Upload, push

CONTENT = os.urandom(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
KEY = SHA256[:16]


class Link:
    """A host that is a folder. ``most``: how many bytes get through at once; ``down``: how many commands fail.

    ``arrives``: what share of the bytes that get through before a break the host reads, before the rest is dropped.
    """

    def __init__(self, folder: Path, most: int = 1 << 40, *, shell: str = "/bin/sh") -> None:
        self.inbox = folder / "inbox"
        self.inbox.mkdir()
        self.most = most
        self.sent = 0
        self.copies: list[bool] = []
        self.commands = 0
        self.down = 0
        self.arrives = 1.0
        self.after: Callable[[], object] = lambda: None
        self._shell = shell

    def target(self, name: str) -> str:
        return str(self.inbox / name)

    def copy(self, local: Path, *, any_method: bool) -> str:
        self.copies.append(any_method)
        self._send(local.read_bytes(), self.target(local.name))
        return self.target(local.name)

    def write(self, data: bytes, target: str) -> None:
        self._send(data, target)

    def _send(self, data: bytes, target: str) -> None:
        through = data[: self.most]
        self.sent += len(through)
        whole = len(through) == len(data)
        Path(target).write_bytes(through if whole else through[: int(len(through) * self.arrives)])
        if not whole:
            raise LostError(ConnectionError("cut"))

    def run(self, command: str) -> str:
        self.commands += 1
        if self.down:
            self.down -= 1
            raise LostError(ConnectionError("down"))
        assert passes(command)
        done = subprocess.run([self._shell, "-c", command], capture_output=True, text=True, check=False)
        assert not done.stderr
        self.after()
        return done.stdout


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Upload:
    monkeypatch.setattr(_push, "PIECE", 1_000_000)
    local = tmp_path / "build.tar.gz"
    local.write_bytes(CONTENT)
    return Upload(local, SHA256, str(tmp_path / "opt" / "python"))


def pushed(link: Link, file: Upload, *, begun: bool = False, pieces: bool = False) -> Pushed:
    return push(link, file, lambda have, total: None, begun=begun, pieces=pieces, pause=lambda seconds: None)


def part(file: Upload) -> Path:
    return Path(part_path(file.root, SHA256))


def keep(file: Upload, content: bytes, *, mode: int = 0o700) -> Path:
    """What an earlier push has left."""
    kept = part(file)
    kept.parent.mkdir(parents=True)
    kept.parent.chmod(mode)
    kept.write_bytes(content)
    return kept


def test_a_link_that_holds_costs_nothing(tmp_path: Path, file: Upload) -> None:
    link = Link(tmp_path)
    assert pushed(link, file) == Pushed(f"{link.inbox}/build.tar.gz", len(CONTENT))
    assert (link.copies, link.commands, link.sent) == ([False], 0, len(CONTENT))
    assert not Path(file.root).exists()


@pytest.mark.parametrize("most", [150_000, 999_999, 1_400_000])
@pytest.mark.parametrize("pieces", [False, True])
def test_every_byte_is_sent_once(most: int, pieces: bool, tmp_path: Path, file: Upload) -> None:
    link = Link(tmp_path, most)
    done = pushed(link, file, pieces=pieces)
    assert done == Pushed(str(part(file)), len(CONTENT))
    assert part(file).read_bytes() == CONTENT
    assert part(file).parent.stat().st_mode & 0o777 == 0o700
    assert link.sent == len(CONTENT)
    assert list(link.inbox.iterdir()) == []


def test_parts_become_so_small_that_they_get_through(tmp_path: Path, file: Upload) -> None:
    """A break by RST drops what the host has not read yet (TCP, RFC 9293 3.5.3)."""
    link = Link(tmp_path, 600_000)
    link.arrives = 0.2
    assert pushed(link, file, pieces=True) == Pushed(str(part(file)), len(CONTENT))
    # Parts of 1,000,000 bytes would never arrive whole: five times the file.
    assert link.sent < len(CONTENT) * 1.4


def test_the_next_run_goes_on(tmp_path: Path, file: Upload) -> None:
    link = Link(tmp_path, 1_200_000)
    link.after = lambda: setattr(link, "most", 0)
    with pytest.raises(ConnectionError, match="cut"):
        pushed(link, file)
    assert part(file).stat().st_size == 1_200_000
    assert begun(os.listdir(f"{file.root}/.staging"), SHA256)
    again = Link(tmp_path / "opt")
    assert pushed(again, file, begun=True) == Pushed(str(part(file)), len(CONTENT) - 1_200_000)
    assert again.sent == len(CONTENT) - 1_200_000
    # All is there, and the run after that was killed.
    third = Link(tmp_path / "opt" / "python")
    assert pushed(third, file, begun=True).sent == third.sent == 0


def test_an_answer_that_is_lost_adds_nothing_twice(tmp_path: Path, file: Upload) -> None:
    link = Link(tmp_path, 1_200_000)
    link.down = 2
    assert pushed(link, file).sent == link.sent == len(CONTENT)


@pytest.mark.parametrize("most", [0, 1, 10_000])
def test_a_link_that_brings_nothing_ends(most: int, tmp_path: Path, file: Upload) -> None:
    link = Link(tmp_path, most)
    with pytest.raises(ConnectionError, match="cut"):
        pushed(link, file)
    assert link.commands <= TRIES + 2


def test_another_method_is_tried_where_nothing_arrives(tmp_path: Path, file: Upload) -> None:
    class NoSftp(Link):
        def copy(self, local: Path, *, any_method: bool) -> str:
            self.most = len(CONTENT) if any_method else 0
            return super().copy(local, any_method=any_method)

    link = NoSftp(tmp_path)
    assert pushed(link, file) == Pushed(f"{link.inbox}/build.tar.gz", len(CONTENT))
    assert link.copies == [False, True]
    assert not Path(file.root).exists()


@pytest.mark.parametrize("change", ["altered", "others may write", "a link", "two names", "a folder", "too long"])
def test_what_is_not_as_we_left_it_is_not_used(change: str, tmp_path: Path, file: Upload) -> None:
    kept = keep(file, CONTENT[:1_500_000])
    elsewhere = tmp_path / "elsewhere"
    if change == "altered":
        kept.write_bytes(bytes(1_500_000))
    elif change == "others may write":
        kept.chmod(0o666)
    elif change == "a link":
        kept.rename(elsewhere)
        kept.symlink_to(elsewhere)
    elif change == "two names":
        os.link(kept, elsewhere)
    elif change == "a folder":
        kept.unlink()
        kept.mkdir()
    else:
        kept.write_bytes(CONTENT + b"more")
    link = Link(tmp_path, 1_200_000)
    assert pushed(link, file, begun=True).sent == link.sent == len(CONTENT)
    assert part(file).read_bytes() == CONTENT
    if elsewhere.exists():
        assert elsewhere.read_bytes() == CONTENT[:1_500_000]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("whose", ["part", "archive"])
def test_what_another_user_owns_is_not_used(whose: str, tmp_path: Path, file: Upload) -> None:
    kept = keep(file, CONTENT[:1_500_000])
    os.chown(kept.parent if whose == "part" else kept, 65534, 65534)
    link = Link(tmp_path, 1_200_000)
    assert pushed(link, file, begun=True).sent == link.sent == len(CONTENT)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_staging_of_another_user_is_refused(tmp_path: Path, file: Upload) -> None:
    keep(file, CONTENT[:1_500_000])
    os.chown(f"{file.root}/.staging", 65534, 65534)
    with pytest.raises(PartError, match="is no directory of this user"):
        pushed(Link(tmp_path), file, begun=True)


def test_a_host_that_spoils_every_part_is_given_up(tmp_path: Path, file: Upload) -> None:
    class Spoils(Link):
        def write(self, data: bytes, target: str) -> None:
            super().write(bytes(len(data)), target)

    with pytest.raises(PartError, match="again no beginning of it"):
        pushed(Spoils(tmp_path), file, pieces=True)


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_the_stage_of_a_dead_process_is_a_part(shell: str, tmp_path: Path, file: Upload) -> None:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    start = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    for name, maker in (("dead", f"{os.getpid()} 1 {boot}"), ("lives", f"{os.getpid()} {start} {boot}")):
        stage = Path(file.root, ".staging", f"pull-{KEY}-{name}")
        stage.mkdir(parents=True)
        (stage / "maker").write_text(maker + "\n")
        (stage / "archive").write_bytes(CONTENT[: 2_000_000 if name == "dead" else 2_500_000])
    link = Link(tmp_path, shell=shell)
    assert begun(os.listdir(f"{file.root}/.staging"), SHA256)
    assert pushed(link, file, begun=True).sent == 1_000_000
    assert (Path(file.root, ".staging", f"pull-{KEY}-lives", "archive")).exists()


def test_a_full_disk_leaves_nothing(tmp_path: Path, file: Upload) -> None:
    link = Link(tmp_path, 1_200_000)
    run = link.run
    # The shell may write no file as long as that (POSIX, ulimit -f: in blocks of 512 bytes).
    link.run = lambda command: run(f"trap '' XFSZ; ulimit -f 100; {command}")  # type: ignore[method-assign]
    with pytest.raises(PartError, match="large"):
        push(link, file, lambda have, total: None, begun=False, pieces=False, pause=lambda seconds: None)
    assert not Path(file.root).exists()
    assert list(link.inbox.iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("", "said nothing"),
        ("sh: not found", "not found"),
        (f"fleet-part 11 {'a' * 64}\nfleet-end", "11 bytes of 10"),
        ("fleet-refused No space left on device\nfleet-end", "No space left"),
        (f"fleet-part {'9' * 30} {'a' * 64}\n", "9999"),
    ],
)
def test_answers_that_are_none(answer: str, why: str) -> None:
    with pytest.raises(PartError, match=why):
        parse_part(answer, 10)


def test_an_answer_of_a_terminal() -> None:
    assert parse_part(f"welcome\r\nfleet-part 7 {'a' * 64}\r\nfleet-end\r\n", 10) == Kept(7, "a" * 64)


def test_attempts_are_bounded_by_the_size() -> None:
    patience = Patience()
    assert all(patience.came(kept) for kept in range(0, 10 << 20, 1 << 16))
    assert [patience.came(10 << 20) for _try in range(TRIES + 2)][-1] is False


def test_the_command_is_short_enough_for_every_server() -> None:
    command = append_command("/opt/" + "x" * 100, SHA256, 1 << 29, file="/home/" + "x" * 200, at=PIECE)
    assert passes(command)
