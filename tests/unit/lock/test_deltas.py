# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deltas that a lock names: read as they are written, and refused where anything in them is off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.fleet.python.plugins.plugin_utils._builds.asset import parse_asset
from ansible_collections.fleet.python.plugins.plugin_utils._builds.catalogue import Entry
from ansible_collections.fleet.python.plugins.plugin_utils._builds.deltas import Delta
from ansible_collections.fleet.python.plugins.plugin_utils._lock.deltas import parse_deltas
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Lock, LockError, Pin, update_lock
from ansible_collections.fleet.python.plugins.plugin_utils._lock.store import add_pins
from ansible_collections.fleet.python.plugins.plugin_utils._lock.text import format_lock, parse_lock

_GNU = "x86_64_v2-unknown-linux-gnu"
_KIND = f"{_GNU}-install_only_stripped.tar.gz"


def _entry(version: str, release: str, sha256: str, kind: str = _KIND) -> Entry:
    return Entry(release, parse_asset(f"cpython-{version}+{release}-{kind}"), sha256)


NEW = _entry("3.12.6", "20240909", "a" * 64)
DELTAS = (
    Delta(_entry("3.12.5", "20240814", "b" * 64), NEW, "d" * 64, 2_000_000),
    Delta(_entry("3.12.2", "20240224", "c" * 64), NEW, "e" * 64, 11_253_379),
)
PIN = Pin(NEW.asset, NEW.release, NEW.sha256, 46_000_000)
LOCK = Lock(("3.12", "3.12.6"), {_GNU: {"3.12": PIN, "3.12.6": PIN}}).with_deltas(DELTAS)
TEXT = format_lock(LOCK)


def test_they_are_read_as_they_are_written() -> None:
    assert TEXT.startswith(format_lock(Lock((), {})).partition("format:")[0] + "format: 3\n")
    assert parse_lock(TEXT, origin="x") == LOCK
    assert tuple(LOCK.deltas().values()) == tuple(sorted(DELTAS, key=lambda delta: delta.path))
    assert "      deltas:\n        - asset: cpython-3.12.5+20240814-" in TEXT


def test_a_lock_without_them_is_as_it_was() -> None:
    without = LOCK.with_deltas(())
    assert "format: 1\n" in format_lock(without)
    assert "deltas" not in format_lock(without)


def test_they_stay_while_their_archive_is_pinned(tmp_path: Path) -> None:
    """So a lock that is written or checked again is up to date."""
    path = tmp_path / "python.lock.yml"
    path.write_text(TEXT)
    assert not add_pins(path, {(_GNU, "3.12"): replace(PIN, size=None)}, write=True)
    assert path.read_text() == TEXT
    other = Pin(parse_asset(f"cpython-3.12.7+20241016-{_KIND}"), "20241016", "f" * 64, 1)
    add_pins(path, {(_GNU, "3.12"): other, (_GNU, "3.12.6"): PIN}, write=True)
    found = parse_lock(path.read_text(), origin="x")
    assert found.pins[_GNU]["3.12"].deltas == ()
    assert found.deltas() == LOCK.deltas()


def _changed(old: str, new: str) -> Callable[[], str]:
    def text() -> str:
        assert old in TEXT
        return TEXT.replace(old, new)

    return text


_FIRST = f'        - asset: cpython-3.12.2+20240224-{_KIND}\n          release: "20240224"\n'


@pytest.mark.parametrize(
    ("damaged", "said"),
    [
        (_changed("size: 11253379", "size: 0"), "size '0' is no number of bytes"),
        (_changed("size: 11253379", "size: -5"), "size '-5' is no number of bytes"),
        (_changed("size: 11253379", "size: 536870913"), "is no number of bytes up to 536870912"),
        (_changed("size: 11253379", "size: true"), "size 'True' is no number of bytes"),
        (_changed("size: 11253379", "size: 5\n          more: 1"), "expected the keys asset, release"),
        (_changed("size: 11253379", 'path: "../../etc/passwd"'), "expected the keys asset, release"),
        (_changed("e" * 64, "e" * 63), "is not 64 hex digits in lower case"),
        (_changed("e" * 64, "E" * 64), "is not 64 hex digits in lower case"),
        (_changed(f'"{"e" * 64}"', "5"), "sha256 '5' is not a text"),
        (_changed('release: "20240224"', 'release: "../20240224"'), "is not the name of a release"),
        (_changed("cpython-3.12.2+20240224", "../cpython-3.12.2+20240224"), "is not the name of a python-build-"),
        (_changed("cpython-3.12.2+20240224", "cpython-3.12.9+20240224"), "is no older patch version"),
        (_changed("cpython-3.12.2+20240224", "cpython-3.11.2+20240224"), "is no older patch version"),
        (_changed(f"3.12.2+20240224-{_KIND}", f"3.12.2+20240224-i686-unknown-linux-gnu-{_KIND[28:]}"), "is no older"),
        (_changed("c" * 64, "b" * 64), "two of them lead from the same build"),
    ],
)
def test_what_is_off_is_named_with_the_asset(damaged: Callable[[], str], said: str) -> None:
    with pytest.raises(LockError) as refusal:
        parse_lock(damaged(), origin="python.lock.yml")
    assert said in str(refusal.value)
    assert str(refusal.value).startswith(f"python.lock.yml: {_GNU}: 3.12: deltas to {NEW.asset.name}: ")


def test_one_asset_has_the_same_deltas_everywhere() -> None:
    pins = {(_GNU, "3.12"): replace(PIN, deltas=DELTAS), (_GNU, "3.12.6"): replace(PIN, deltas=DELTAS[:1])}
    with pytest.raises(LockError, match="stands there twice, with other deltas each time"):
        parse_lock(format_lock(update_lock(None, pins)), origin="x")


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=80),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["asset", "release", "asset_sha256", "sha256", "size"]), inner)
    ),
    max_leaves=12,
)


@given(_ANYTHING)
def test_anything_is_a_list_of_deltas_or_refused(data: Any) -> None:
    try:
        deltas = parse_deltas(data, NEW)
    except ValueError:
        return
    assert all(delta.path.startswith(f"{NEW.path}.from-") for delta in deltas)
