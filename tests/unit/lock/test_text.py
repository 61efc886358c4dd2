# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock's file: written in one order, read back the same, and refused where anything in it is off."""

from __future__ import annotations

import functools
from collections.abc import Callable
from random import Random

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.fleet.python.plugins.plugin_utils._builds.bundled import bundled_catalogue
from ansible_collections.fleet.python.plugins.plugin_utils._builds.request import parse_request
from ansible_collections.fleet.python.plugins.plugin_utils._builds.resolve import ResolveError, resolve
from ansible_collections.fleet.python.plugins.plugin_utils._builds.triples import TRIPLES, runs
from ansible_collections.fleet.python.plugins.plugin_utils._lock.lock import Lock, LockError, Pin, update_lock
from ansible_collections.fleet.python.plugins.plugin_utils._lock.text import format_lock, parse_lock

TEXT = """\
# What the fleet runs, byte for byte: for each request and each triple, the asset of python-build-standalone.
# Written by: ansible-playbook fleet.python.lock
format: 1
requests:
  - "3.9.6"
  - "3.13"
triples:
  x86_64-unknown-linux-gnu:
    "3.9.6":
      asset: cpython-3.9.6-x86_64-unknown-linux-gnu-pgo+lto-20210724T1424.tar.zst
      release: "20210724"
      version: "3.9.6"
      sha256: "4c8aeb0f5ef9c0b2b2ef2a2d3b2d2e22b4c5ae3ea0ab8ee1b0d2d7e6fb4ed5f0"
      size: null
    "3.13":
      asset: cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz
      release: "20250317"
      version: "3.13.2"
      sha256: "00000000000000000000000000000000000000000000000000000000000000e1"
      size: 23456789
  x86_64_v3-unknown-linux-gnu:
    "3.13":
      asset: cpython-3.13.2+20250317-x86_64_v3-unknown-linux-gnu-install_only_stripped.tar.gz
      release: "20250317"
      version: "3.13.2"
      sha256: "1111111111111111111111111111111111111111111111111111111111111111"
      size: 34567890
"""


def test_the_file_is_written_as_it_is_read() -> None:
    lock = parse_lock(TEXT, origin="x")
    assert lock.requests == ("3.9.6", "3.13")
    assert lock.pins["x86_64-unknown-linux-gnu"]["3.13"].size == 23456789
    assert format_lock(lock) == TEXT


ATTESTED = """\
      attestation:
        repository: "https://github.com/astral-sh/python-build-standalone"
        workflow: ".github/workflows/release.yml@refs/heads/main"
        commit: "6b58d1ad8ac0b3e9d1c2a2b5f9a3a7c1d0e4f5a6"
        run: "https://github.com/astral-sh/python-build-standalone/actions/runs/13911283464/attempts/1"
        log_index: 183748301
"""
SIZE = "      size: 34567890\n"
ATTESTED_TEXT = TEXT.replace("format: 1", "format: 2").replace(SIZE, SIZE + ATTESTED)


def test_who_built_an_asset_is_written_as_it_is_read() -> None:
    lock = parse_lock(ATTESTED_TEXT, origin="x")
    pin = lock.pins["x86_64_v3-unknown-linux-gnu"]["3.13"]
    assert pin.attestation is not None
    assert pin.attestation.log_index == 183748301
    assert lock.attestations() == {pin.entry.path: pin.attestation}
    assert format_lock(lock) == ATTESTED_TEXT


def test_that_nobody_attests_an_asset_is_written_as_it_is_read() -> None:
    text = TEXT.replace("format: 1", "format: 2").replace(SIZE, SIZE + "      attestation: null\n")
    lock = parse_lock(text, origin="x")
    assert lock.pins["x86_64_v3-unknown-linux-gnu"]["3.13"].unattested
    assert format_lock(lock) == text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('astral-sh/python-build-standalone"', 'a b"', "attestation: repository 'https://github.com/a b' is none"),
        ('https://github.com/astral-sh/python-build-standalone"', 'file:///x"', "repository 'file:///x' is none"),
        ("@refs/heads/main", "", "workflow '.github/workflows/release.yml' is none of an attestation"),
        ("6b58d1ad8a", "main", "commit 'mainc0b3e9d1c2a2b5f9a3a7c1d0e4f5a6' is none of an attestation"),
        ("183748301", "-1", "log_index '-1' is none"),
        ("183748301", "true", "log_index 'True' is none"),
        ("        log_index: 183748301\n", "", "the key 'log_index' is missing"),
        ("        log_index: 1", "        extra: 1\n        log_index: 1", "unknown key 'extra'"),
        (ATTESTED, "      attestation: yes\n", "attestation: expected keys and values, found 'True'"),
        (
            "actions/runs/13911283464",
            "\\u001b[31m",
            "run 'https://github.com/astral-sh/python-build-standalone/\\x1b[31m",
        ),
    ],
)
def test_a_damaged_attestation_is_refused(old: str, new: str, said: str) -> None:
    assert old in ATTESTED_TEXT
    with pytest.raises(LockError) as refusal:
        parse_lock(ATTESTED_TEXT.replace(old, new, 1), origin="python.lock.yml")
    assert said in str(refusal.value)


def test_an_asset_has_one_attestation() -> None:
    """A pin of the same asset for other hosts may be older than its attestation, but not say another one."""
    head, tail = ATTESTED_TEXT.split("  x86_64_v3-unknown-linux-gnu:\n")
    text = f"{head}  x86_64_v3-unknown-linux-gnu:\n{tail}  x86_64_v4-unknown-linux-gnu:\n{tail}"
    assert format_lock(parse_lock(text, origin="x")) == text
    assert parse_lock(text.replace(ATTESTED, "", 1), origin="x").attestations().keys() == {f"20250317/{V3_ASSET}"}
    with pytest.raises(LockError, match="stands there with two different attestations"):
        parse_lock(text.replace("183748301", "183748302", 1), origin="x")


def test_an_empty_lock() -> None:
    assert parse_lock(format_lock(Lock((), {})), origin="x") == Lock((), {})


def test_no_fact_is_quoted_wrongly() -> None:
    """Any YAML reader sees texts where texts are meant: 3.10 stays 3.10, a digest of digits stays a digest."""
    data = yaml.safe_load(TEXT)
    assert data["requests"] == ["3.9.6", "3.13"]
    pin = data["triples"]["x86_64_v3-unknown-linux-gnu"]["3.13"]
    assert pin["sha256"] == "1" * 64
    assert pin["release"] == "20250317"


def change(old: str, new: str) -> Callable[[], str]:
    assert old in TEXT
    return lambda: TEXT.replace(old, new, 1)


V3_ASSET = "cpython-3.13.2+20250317-x86_64_v3-unknown-linux-gnu-install_only_stripped.tar.gz"
GNU_ASSET = "cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz"
DIGEST = "1" * 64

DAMAGE = {
    "not YAML": (change("format: 1", "format: ["), "python.lock.yml is not YAML: "),
    "not YAML but a page": (lambda: "<html>", "expected keys and values, found '<html>'"),
    "empty": (lambda: "", "expected keys and values, found 'None'"),
    "a list": (lambda: "- 1\n", "expected keys and values"),
    "a tag that makes objects": (change("format: 1", "format: !!python/object:os.system 1"), "is not YAML"),
    "a newer format": (change("format: 1", "format: 4\nnew: 1"), "of format 4, this version of fleet.python reads 3"),
    "no format": (change("format: 1\n", ""), "the key 'format' is missing"),
    "a format that is none": (change("format: 1", "format: yes"), "format True is not a format"),
    "an unknown key": (change("format: 1", "format: 1\nextra: 5"), "unknown key 'extra'; known are format, requests"),
    "an unknown key of a pin": (change("size: null", "size: null\n      url: x"), "3.9.6: unknown key 'url'"),
    "a missing key": (change("triples:\n", "other:\n"), "unknown key 'other'"),
    "a missing key of a pin": (change("      size: null\n", ""), "3.9.6: the key 'size' is missing"),
    "a key that stands twice": (change("format: 1", "format: 1\nformat: 1"), "the key 'format' stands twice"),
    "a number as a request": (change('  - "3.13"', "  - 3.13"), "requests: 3.13 is not a text: write it in quotes"),
    "a nonsense request": (change('  - "3.13"', '  - "new"'), "version 'new' is not understood"),
    "a request twice": (change('  - "3.13"', '  - "3.13"\n  - "3.13"'), "'3.13' stands there twice"),
    "an alias": (change("requests:", "more: &a [x]\nrequests: *a\nothers:"), "an alias: lock files have none"),
    "much nested": (lambda: "[" * 5000, "is nested too deeply"),
    "requests that are no list": (change('requests:\n  - "3.9.6"\n  - "3.13"', "requests: all"), "expected a list"),
    "a pin without its request": (change('  - "3.13"\n', ""), "'3.13' is not among the requests"),
    "an unknown triple": (change("  x86_64_v3-unknown-linux-gnu:", "  sun4-unknown:"), "has no such triple"),
    "a triple never built": (change("  x86_64_v3-unknown-linux-gnu:", "  armv6-unknown-linux-gnueabi:"), "ARMv6"),
    "a short digest": (change(DIGEST, DIGEST[1:]), "is not 64 hex digits in lower case, it has 63"),
    "a long digest": (change(DIGEST, DIGEST + "1"), "it has 65 characters"),
    "a digest that is none": (change(DIGEST, "z" * 64), "is not 64 hex digits"),
    "a digest without quotes": (change(f'"{DIGEST}"', DIGEST), f"sha256 {DIGEST} is not a text: write it in quotes"),
    "a release without quotes": (change('"20210724"', "20210724"), "release 20210724 is not a text"),
    "a release that leaves its directory": (change('"20210724"', '"../x"'), "release '../x' is not the name"),
    "a size that is none": (change("34567890", "-5"), "size -5 is not a number of bytes"),
    "a size in words": (change("34567890", "33 MB"), "size '33 MB' is not a number of bytes"),
    "no asset": (change(V3_ASSET, "python.tar.gz"), "'python.tar.gz' is not the name of a"),
    "an asset of another version": (
        change(V3_ASSET, V3_ASSET.replace("3.13.2", "3.13.1")),
        "is version 3.13.1, the lock says 3.13.2: the lock was edited by hand",
    ),
    "an asset of another release": (
        change(V3_ASSET, V3_ASSET.replace("20250317", "20250409")),
        "is of release 20250409, the lock says 20250317: the lock was edited by hand",
    ),
    "an asset of another triple": (
        change(V3_ASSET, V3_ASSET.replace("x86_64_v3", "x86_64_v4")),
        "is for x86_64_v4-unknown-linux-gnu, which hosts of x86_64_v3-unknown-linux-gnu do not run",
    ),
    "an asset of another build": (
        change(V3_ASSET, V3_ASSET.replace("install_only_stripped.tar.gz", "debug-full.tar.zst")),
        "is not a build that 3.13 asks for",
    ),
    "another asset's digest": (
        change("0" * 62 + "e1", DIGEST),
        f"sha256 {DIGEST} stands for 20250317/{GNU_ASSET} and for 20250317/{V3_ASSET}",
    ),
    "one asset with two digests": (
        change(V3_ASSET, GNU_ASSET),
        f"20250317/{GNU_ASSET} stands there with two digests",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("damaged", "said"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_lock_is_refused_by_the_value_that_is_wrong(damaged: Callable[[], str], said: str) -> None:
    with pytest.raises(LockError) as refusal:
        parse_lock(damaged(), origin="python.lock.yml")
    assert said in str(refusal.value)
    assert str(refusal.value).startswith("python.lock.yml")


def test_an_asset_that_does_not_answer_its_request() -> None:
    with pytest.raises(LockError, match=r"stripped\.tar\.gz is not 3\.12: the lock was edited by hand"):
        parse_lock(TEXT.replace('"3.13"', '"3.12"'), origin="x")


@functools.cache
def resolved(request: str, triple: str) -> Pin | None:
    try:
        found = resolve(parse_request(request), runs(triple), bundled_catalogue(), max_level=4)
    except ResolveError:
        return None
    return Pin(found.chosen.asset, found.chosen.release, found.chosen.sha256, None)


REQUESTS = st.lists(
    st.sampled_from(["3.9", "3.12", "==3.12.*", "3.13.2", "3.14t", "3.13d", ">=3.10,<3.12"]), unique=True
)
PINNED = st.builds(
    lambda requests, triples: {
        (triple, request): pin
        for triple in triples
        for request in requests
        for pin in [resolved(request, triple)]
        if pin
    },
    REQUESTS,
    st.lists(st.sampled_from(sorted(TRIPLES)), unique=True, max_size=4),
)


@given(PINNED, st.randoms())
def test_any_lock_is_read_back_and_its_text_does_not_depend_on_the_order(
    pins: dict[tuple[str, str], Pin], random: Random
) -> None:
    lock = update_lock(None, pins)
    text = format_lock(lock)
    assert parse_lock(text, origin="x") == lock
    shuffled = list(pins.items())
    random.shuffle(shuffled)
    assert format_lock(update_lock(None, dict(shuffled))) == text
    assert format_lock(update_lock(lock, pins)) == text
