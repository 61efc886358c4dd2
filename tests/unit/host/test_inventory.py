# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What interpreter_info says of an observation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.fleet.python.plugins.plugin_utils._host.inventory import inventory_of
from ansible_collections.fleet.python.plugins.plugin_utils._host.observation import Home, Listing, Observation
from ansible_collections.fleet.python.plugins.plugin_utils._host.probe import parse_probe

_OLD, _NEW = "cpython-3.12.2+20240224-x", "cpython-3.12.6+20240909-x"
_RECEIPT = {"sha256": "ab", "files": 10, "version": "3.12.2", "source": "https://mirror"}


def _link(path: str, target: str) -> Listing:
    return Listing(path, "lrwxrwxrwx", 0, 0, target)


def _directory(path: str) -> Listing:
    return Listing(path, "drwxr-xr-x", 0, 0)


def _observed(entries: tuple[Listing, ...], homes: tuple[Home, ...] = (), **others: Any) -> Observation:
    bare = parse_probe("fleet-probe 1\nkernel Linux 6.1 x86_64\nfleet-probe-end\n", "/opt/python")
    return replace(bare, root=replace(bare.root, entries=entries, **others.pop("root", {})), homes=homes, **others)


def test_a_bare_host() -> None:
    assert inventory_of(_observed(())) == {"homes": [], "links": {}, "left_overs": [], "pythons": []}


def test_homes_links_and_their_users() -> None:
    entries = (
        _directory(_OLD), _directory(_NEW), _link("3.12", _NEW), _link(".3.12.previous", _OLD),
        Listing(".lock", "-rw-------", 0, 0), _directory(".staging"),
    )  # fmt: skip
    homes = (Home(_OLD, _RECEIPT, 9, True), Home(_NEW, {**_RECEIPT, "version": "3.12.6"}, 10, True))
    found = inventory_of(_observed(entries, homes, running=((_OLD, 7), ("3.12", 9), (_NEW, 8))))
    old, new = found["homes"]
    assert (old["home"], old["linked_by"], old["previous_of"]) == (f"/opt/python/{_OLD}", [], ["3.12"])
    assert (old["whole"], old["damage"]) == (False, "1 of its 10 files are missing")
    assert (new["linked_by"], new["in_use_by"], new["whole"]) == (["3.12"], [8, 9], True)
    assert (old["version"], old["source"], old["installed"]) == ("3.12.2", "https://mirror", None)
    assert (old["libraries"], old["size"], old["starts"]) == ({}, None, None)
    assert found["links"] == {"/opt/python/3.12": _NEW}
    assert found["left_overs"] == []


def test_the_receipt_says_the_libraries_before_the_interpreter() -> None:
    receipt = {**_RECEIPT, "libraries": {"openssl": "3.0.16", "zlib": "<b>", "ftp": "1"}, "size": 4096}
    told: dict[str, Any] = {"libraries": {"openssl": "1.1.1w"}, "size": 1, "starts": True}
    [new, old] = inventory_of(
        _observed((), (Home(_NEW, receipt, 10, True, **told), Home(_OLD, _RECEIPT, 10, True, **told)))
    )["homes"]
    assert (new["libraries"], new["size"], new["starts"]) == ({"openssl": "3.0.16"}, 4096, True)
    assert (old["libraries"], old["size"]) == ({"openssl": "1.1.1w"}, 1)


def test_left_overs() -> None:
    entries = (_directory(_OLD), _directory("theirs"), _link("3.12", "gone"))
    found = inventory_of(_observed(entries, root={"staging": ("module-x",)}))
    assert {each["path"]: each["what"] for each in found["left_overs"]} == {
        "/opt/python/.staging/module-x": "staging of a run that was cut off, or is still on",
        f"/opt/python/{_OLD}": "home without a receipt",
        "/opt/python/theirs": "not ours",
        "/opt/python/3.12": "link that leads to gone, which is not there",
    }
