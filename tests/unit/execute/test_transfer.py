# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way archives take to a host, as far as it is known before anybody has tried."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.fleet.python.plugins.module_utils._fetch.pull import parse_pull
from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._builds.deltas import Delta
from ansible_collections.fleet.python.plugins.plugin_utils._cache.archives import Archive
from ansible_collections.fleet.python.plugins.plugin_utils._delta.cached import NoDeltaError
from ansible_collections.fleet.python.plugins.plugin_utils._execute import transfer as _transfer
from ansible_collections.fleet.python.plugins.plugin_utils._execute.transfer import (
    Base,
    Destination,
    Method,
    TransferOptions,
    Transferred,
    choose_method,
    note_unreached,
    pulled_by,
    recall_unreached,
    transfer,
)
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Observation, Tool
from ansible_collections.fleet.python.plugins.plugin_utils._resume.push import Pushed, Upload
from ansible_collections.fleet.python.plugins.plugin_utils._sources.access import Access
from ansible_collections.fleet.python.plugins.plugin_utils._sources.sources import DirectorySource, HttpSource

NAME = "cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-"
GZ = Entry("20250317", parse_asset(f"{NAME}install_only.tar.gz"), "a" * 64)
OLD = Entry(
    "20250115", parse_asset(f"{NAME.replace('3.13.2+20250317', '3.13.1+20250115')}install_only.tar.gz"), "c" * 64
)
ZST = Entry("20250317", parse_asset(f"{NAME}pgo+lto-full.tar.zst"), "b" * 64)
HTTP, LOCAL = HttpSource("https://mirror"), DirectorySource(Path("/srv"))
SECRET = HttpSource("https://deploy:s3cret@mirror")
TOKEN = Access(headers=(("X-Token", "s3cret"),))
TO = Destination("/opt/python")
OWN_CA = Access(ca_path=Path("/ca.pem"))


def host(**tools: str) -> Observation:
    """A host with these programs; each with its kind."""
    found = {name: Tool(name, f"/usr/bin/{name}", kind) for name, kind in tools.items()}
    return cast(Observation, SimpleNamespace(tools=found))


@pytest.mark.parametrize(
    ("option", "sources", "entry", "observed", "without_python", "access", "way", "why"),
    [
        ("push", [HTTP], GZ, host(), False, Access(), "push", "asked for"),
        ("pull", [HTTP], GZ, host(), False, Access(), "pull", "asked for"),
        ("pull", [LOCAL], GZ, host(), False, Access(), "push", "no source is a URL"),
        ("pull", [HTTP], ZST, host(), False, Access(), "push", "repacks it"),
        ("auto", [LOCAL, HTTP], GZ, host(), False, Access(), "pull", "reaches"),
        ("auto", [HTTP], GZ, host(), True, Access(), "push", "nor curl nor wget"),
        ("auto", [HTTP], GZ, host(curl=""), True, TOKEN, "pull", "reaches"),
        ("auto", [HTTP], GZ, host(wget="gnu"), True, TOKEN, "pull", "reaches"),
        ("auto", [HTTP], GZ, host(wget="busybox"), True, Access(), "pull", "reaches"),
        ("auto", [HTTP], GZ, host(wget="busybox"), False, TOKEN, "pull", "reaches"),
        ("auto", [HTTP], GZ, host(wget="busybox"), True, TOKEN, "push", "would show"),
        ("auto", [HTTP, SECRET], GZ, host(wget="busybox"), True, Access(), "push", "would show"),
        ("auto", [HTTP], GZ, host(wget="busybox"), True, OWN_CA, "push", "which certificates"),
        ("auto", [SECRET], GZ, host(wget="busybox", curl=""), True, OWN_CA, "pull", "reaches"),
    ],
)
def test_the_way(
    option: str,
    sources: list[Any],
    entry: Entry,
    observed: Observation,
    without_python: bool,
    access: Access,
    way: str,
    why: str,
) -> None:
    found = choose_method(
        entry, TransferOptions(option, sources, Path("/run"), access), observed, without_python=without_python
    )
    assert found.name == way
    assert why in found.why
    assert "s3cret" not in found.why


@pytest.mark.parametrize(("option", "way"), [("auto", "push"), ("pull", "pull")])
def test_what_was_tried_is_not_tried_again(option: str, way: str) -> None:
    transfer = TransferOptions(option, [HTTP], Path("/run"), unreached="the host got it from nowhere: x")
    found = choose_method(GZ, transfer, host(curl=""), without_python=False)
    assert found.name == way
    assert way == "pull" or found.why == transfer.unreached


def test_a_host_tries_once_in_a_run(tmp_path: Path) -> None:
    transfer = TransferOptions("auto", [HTTP], tmp_path)
    assert recall_unreached(transfer, "one") == ""
    note_unreached(transfer, "one", "no way out")
    assert recall_unreached(transfer, "one") == "no way out"
    assert recall_unreached(transfer, "two") == ""
    assert recall_unreached(TransferOptions("auto", [HTTP, SECRET], tmp_path), "one") == ""


@pytest.mark.parametrize("by_sh", [False, True])
def test_what_a_host_is_told_lies_in_a_file_of_its_own(tmp_path: Path, by_sh: bool) -> None:
    """For sh it is in the script's file."""
    sent: list[str] = []

    class Host:
        def send_text(self, text: str) -> str:
            sent.append(text)
            return "/tmp/pull"

    chosen = TransferOptions("pull", [SECRET, LOCAL], tmp_path, TOKEN)
    way = choose_method(GZ, chosen, host(curl=""), without_python=True)
    delivery = transfer(GZ, "home", way, cast(Any, Host()), chosen, [], by_sh=by_sh, to=TO)
    assert (delivery.pull, delivery.file, delivery.sha256) == ("" if by_sh else "/tmp/pull", "", GZ.sha256)
    [text] = [delivery.order] if by_sh else sent
    assert f"url https://deploy:s3cret@mirror/{GZ.url_path}\n" in text
    assert "header X-Token: s3cret\n" in text
    assert "/srv" not in text


@pytest.mark.parametrize(
    ("sources", "access", "secret"),
    [
        ([HTTP], Access(proxy="http://proxy:3128"), False),
        ([HTTP], TOKEN, True),
        ([HTTP, SECRET], Access(), True),
        ([HttpSource("https://mirror?token=s3cret")], Access(), True),
        ([HTTP], Access(proxy="http://deploy:s3cret@proxy:3128"), True),
    ],
)
def test_only_what_is_secret_needs_a_file(tmp_path: Path, sources: list[Any], access: Access, secret: bool) -> None:
    class Host:
        def send_text(self, text: str) -> str:
            return "/tmp/pull"

    chosen = TransferOptions("pull", sources, tmp_path, access)
    way = choose_method(GZ, chosen, host(curl=""), without_python=False)
    delivery = transfer(GZ, "home", way, cast(Any, Host()), chosen, [], by_sh=False, to=TO)
    assert bool(delivery.pull) == secret
    assert ("url https://mirror/" in delivery.order) != secret
    assert "s3cret" not in delivery.order


@pytest.mark.parametrize(
    ("delta", "there", "link", "makes", "sent"),
    [
        ("auto", True, 0, [False], "delta"),
        ("auto", False, 0, [False], "archive"),
        ("auto", False, 1, [True], "delta"),
        ("auto", False, 1_000_000, [False], "archive"),
        ("always", False, 0, [True], "delta"),
    ],
)
def test_a_delta_is_sent_where_it_is_there_or_pays(
    delta: str, there: bool, link: int, makes: list[bool], sent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "archive").write_bytes(bytes(1_000_000))
    (tmp_path / "delta").write_bytes(bytes(1000))
    asked = []

    def cached(*_others: Any, make: bool) -> Archive:
        asked.append(make)
        if not (there or make):
            raise NoDeltaError("there is none")
        return Archive(tmp_path / "delta", "d" * 64)

    monkeypatch.setattr(_transfer, "cached_archive", lambda *_others: Archive(tmp_path / "archive", GZ.sha256))
    monkeypatch.setattr(_transfer, "cached_delta", cached)
    pushes: list[tuple[str, bool, bool]] = []

    def push(file: Upload, *, begun: bool, pieces: bool) -> Pushed:
        pushes.append((file.sha256, begun, pieces))
        return Pushed(f"/tmp/{file.local.name}", file.size)

    receiver = SimpleNamespace(name="web1", push=push, watch=lambda what: None)
    chosen = TransferOptions("push", [HTTP], tmp_path, delta=delta, delta_link=link)
    way = Method("push", "")
    found = transfer(GZ, "home", way, cast(Any, receiver), chosen, [], by_sh=False, base=Base("old home", OLD), to=TO)
    assert asked == makes
    # A link that is said to be slow gets parts from the beginning, whatever is sent.
    assert pushes == [("d" * 64 if sent == "delta" else GZ.sha256, False, bool(link))]
    assert (found.sha256, found.file) == (GZ.sha256, f"/tmp/{sent}")
    assert (found.delta, found.old) == (("d" * 64, "old home") if sent == "delta" else ("", ""))
    assert found.sent_bytes == (1000 if sent == "delta" else 1_000_000)
    assert found.delta_reason == ("old home is whole" if sent == "delta" else "there is none")


PINNED = Delta(OLD, GZ, "d" * 64, 1000)


@pytest.mark.parametrize(
    ("option", "base", "name"),
    [
        ("auto", Base("old home", OLD), "push"),
        ("auto", Base("old home", OLD, PINNED), "pull"),
        ("auto", None, "pull"),
        ("pull", Base("old home", OLD), "pull"),
        ("push", Base("old home", OLD, PINNED), "push"),
    ],
)
def test_a_delta_that_is_always_wanted_is_pushed_unless_the_lock_pins_it(
    option: str, base: Base | None, name: str, tmp_path: Path
) -> None:
    options = TransferOptions(option, [HTTP], tmp_path, delta="always")
    assert choose_method(GZ, options, host(curl=""), without_python=False, base=base).name == name


def _pulled(tmp_path: Path, tree: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> tuple[Transferred, list[str]]:
    """What a host gets that is to pull the delta which the lock pins, and the warnings."""
    monkeypatch.setattr(_transfer, "archive_tree", tree)
    options = TransferOptions("pull", [HTTP], tmp_path, delta="auto")
    way = Method("pull", "")
    base = Base("old home", OLD, PINNED)
    return transfer(
        GZ, "home", way, cast(Any, None), options, [], by_sh=False, base=base, to=TO
    ), options.skipped_sources.notes


def test_a_pinned_delta_is_pulled_from_beside_the_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, notes = _pulled(tmp_path, lambda *_others: "e" * 64, monkeypatch)
    assert (found.sha256, found.delta, found.old, found.tree) == (GZ.sha256, "d" * 64, "old home", "e" * 64)
    assert (found.file, found.sent_bytes, found.delta_reason, notes) == ("", 0, "old home is whole", [])
    [url] = parse_pull(found.order).urls
    assert url == f"{HTTP.base}/{PINNED.url_path}"
    assert url == f"{HTTP.url(GZ)}.from-{'c' * 16}.delta"


def test_a_pinned_delta_to_an_archive_that_is_not_known_is_not_pulled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def tree(*_others: Any) -> str:
        asked.append(1)
        raise NoDeltaError("the archive that it must lead to cannot be had: no answer")

    for warnings in (1, 1):
        found, notes = _pulled(tmp_path, tree, monkeypatch)
        assert (found.delta, found.tree) == ("", "")
        assert "no answer" in found.delta_reason
        assert len(notes) == warnings
        assert parse_pull(found.order).urls == (HTTP.url(GZ),)
    # The next host of the run does not wait for the same source again.
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"home": 157_709}, {"home": 157_709}),
        ({"home": -1, "b": "5", "c": 1 << 60, "d": None}, {}),
        ("none", {}),
        (None, {}),
    ],
)
def test_what_a_host_says_of_its_downloads(said: Any, found: dict[str, int]) -> None:
    assert pulled_by(said) == found


@pytest.mark.parametrize(("delta", "sent"), [("auto", "archive"), ("always", "made")])
def test_a_pinned_delta_that_is_not_to_be_had_is_not_pushed(
    delta: str, sent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("archive", "made", "pinned"):
        (tmp_path / name).write_bytes(name.encode())

    def missing(*_others: Any) -> Archive:
        raise NoDeltaError("no source gave the delta")

    def push(file: Upload, **_how: bool) -> Pushed:
        return Pushed(f"/tmp/{file.local.name}", file.size)

    receiver = SimpleNamespace(name="web1", push=push, watch=lambda what: None)
    monkeypatch.setattr(_transfer, "cached_archive", lambda *_others: Archive(tmp_path / "archive", GZ.sha256))
    monkeypatch.setattr(_transfer, "cached_delta", lambda *_others, make: Archive(tmp_path / "made", "f" * 64))
    options = TransferOptions("push", [HTTP], tmp_path, delta=delta)
    base, way = Base("old home", OLD, PINNED), Method("push", "")
    monkeypatch.setattr(_transfer, "proven_delta", lambda *_others: Archive(tmp_path / "pinned", "d" * 64))
    assert (
        transfer(GZ, "home", way, cast(Any, receiver), options, [], by_sh=False, base=base, to=TO).file == "/tmp/pinned"
    )
    monkeypatch.setattr(_transfer, "proven_delta", missing)
    found = transfer(GZ, "home", way, cast(Any, receiver), options, [], by_sh=False, base=base, to=TO)
    assert found.file == f"/tmp/{sent}"
    assert found.delta == ("" if sent == "archive" else "f" * 64)
    assert found.delta_reason == ("no source gave the delta" if sent == "archive" else "old home is whole")
    assert options.skipped_sources.notes == ["the delta that the lock pins is not used: no source gave the delta"]
