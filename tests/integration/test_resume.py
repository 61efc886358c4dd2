# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A link that cuts every connection: pushes and downloads go on where they were, in one run and in the next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from tests.integration.conftest import Everywhere, Interpreter, NewHost, Serve, SshHost
from tests.integration.link import Link, through
from tests.integration.target import Target
from tests.world.cache import Cache
from tests.world.server import MirrorHandler

PYTHON = "/opt/python/3.12/bin/python3.12"
CUT = 2 << 20
# Bytes of a second, on a line that the guide on slow links has in mind.
SLOW = 64_000
# What ssh and the module add to what is pushed, and what was on its way when a connection was cut.
BESIDE = 3 << 20


@pytest.fixture
def target(ssh_host: SshHost) -> Target:
    return ssh_host(ansible_become=True)


@pytest.fixture
def link(target: Target) -> Iterator[Link]:
    with Link(target.container.address, 22) as link:
        yield link


def _one(result: dict[str, Any]) -> dict[str, Any]:
    [found] = result["interpreters"]
    return dict(found)


def _left(target: Target) -> str:
    return target.sh("ls -A /opt/python/.staging 2>/dev/null || :; ls -d /home/*/.ansible/tmp/* 2>/dev/null || :")


def _pushed_once(
    link: Link, target: Target, everywhere: Everywhere, version: str, cut: int = CUT, **options: Any
) -> dict[str, Any]:
    """Push through a link that cuts; the result, after a look that what went through it is about the size once."""
    link.most, link.passed, link.cuts = cut, 0, 0
    done = everywhere([through(link, target)], version, transfer="push", **options)[target.name].ok()
    found, passed = _one(done), link.passed
    assert found["sent_bytes"] > cut
    # After two of them, the parts are small enough to get through.
    assert link.cuts >= 2
    assert found["sent_bytes"] < passed < found["sent_bytes"] * 1.1 + BESIDE, (found["sent_bytes"], passed)
    target.sh('"$1" -c "import ssl"', PYTHON)
    assert _left(target) == ""
    assert not everywhere([through(link, target)], version, transfer="push", **options)[target.name].ok()["changed"]
    return found


@pytest.mark.slow
def test_an_archive_is_pushed_once(link: Link, target: Target, everywhere: Everywhere) -> None:
    assert not _pushed_once(link, target, everywhere, "3.12.2")["delta"]


def test_the_next_run_goes_on(link: Link, target: Target, everywhere: Everywhere, world: Cache) -> None:
    """The host is gone for good after 8 MB, and there again for the next run, which nobody tells of the first."""
    # sshd holds 2 MB of a channel (CHAN_SES_WINDOW_DEFAULT) and drops them with the connection.
    link.most, link.all = None, 8 << 20
    lost = everywhere([through(link, target)], "3.12.2", transfer="push")[target.name]
    assert lost.status == "unreachable"
    assert target.sh("ls -A /opt") == ""
    first, link.all, link.passed = link.passed, None, 0
    found = _one(everywhere([through(link, target)], "3.12.2", transfer="push")[target.name].ok())
    size = (world.mirror / found["release"] / found["asset"]).stat().st_size
    assert found["sent_bytes"] < size - (3 << 20)
    assert first + link.passed < size * 1.1 + BESIDE
    assert _left(target) == ""


@pytest.mark.slow
def test_a_delta_at_64_kilobytes_a_second(link: Link, target: Target, everywhere: Everywhere) -> None:
    whole = _one(everywhere([target], "3.12.2", transfer="push")[target.name].ok())
    link.rate = SLOW
    delta = _pushed_once(link, target, everywhere, "3.12.6", delta="always", delta_link=64)
    assert delta["delta"]
    assert delta["sent_bytes"] < whole["sent_bytes"] / 2


@pytest.mark.slow
def test_an_archive_at_64_kilobytes_a_second(link: Link, target: Target, everywhere: Everywhere) -> None:
    """It takes a quarter of an hour."""
    link.rate = SLOW
    assert not _pushed_once(link, target, everywhere, "3.12.2")["delta"]


class _Cuts(MirrorHandler):
    """No connection brings more than 2 MB, and from ``gone`` bytes on none brings any. GNU wget: see test_fetch_sh."""

    gone = 0

    def copy(self, file: BinaryIO, length: int) -> None:
        kind = type(self)
        if kind.gone and sum(request.sent for request in self.server.requests) >= kind.gone:
            length = 0
        super().copy(file, min(length, CUT))
        self.close_connection = True


@pytest.mark.slow
@pytest.mark.parametrize("way", ["module", "curl", "busybox"])
def test_a_download_goes_on_in_the_next_run(
    way: str, new_host: NewHost, interpreter: Interpreter, serve: Serve, world: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = new_host("debian12-python3" if way == "module" else "alpine")
    if way == "busybox":
        target.sh("rm /usr/bin/curl")
    mirror = serve(Path(world.mirror), _Cuts)
    options: dict[str, Any] = {"transfer": "pull", "source": mirror.url, "catalogue": "source"}
    monkeypatch.setattr(_Cuts, "gone", 7 << 20)
    assert "download of" in interpreter(target, **options).refusal()
    kept = target.sh("ls -ld /opt/python/.staging/part-*; ls -l /opt/python/.staging/part-*/")
    assert "drwx------" in kept
    monkeypatch.setattr(_Cuts, "gone", 0)
    found = _one(interpreter(target, **options).ok())
    size = (Path(world.mirror) / found["release"] / found["asset"]).stat().st_size
    asked = [request for request in mirror.requests if request.path.endswith(".tar.gz")]
    assert sum(request.sent for request in asked) == size
    assert target.sh("ls -A /opt/python/.staging 2>/dev/null || :") == ""
    assert not interpreter(target, **options).ok()["changed"]
