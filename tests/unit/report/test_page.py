# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's HTML, without a browser: what stands in it, and that nothing gets out of its place."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
import tracemalloc
from html.parser import HTMLParser
from typing import Any

import pytest

from ansible_collections.fleet.python.plugins.plugin_utils._report.page import (
    FILES,
    SCRIPTS,
    compact,
    embedded,
    page,
    visible,
)
from tests.page.made_up import made_up_report

HOSTILE = "</script><script>alert(1)</script><!-- & \u2028\u2029 \x00\x1b[31m \u202e \ud800 \"'"


class _Parts(HTMLParser):
    """The elements of a page, with their attributes and the text within script and style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in ("script", "style"):
            self.texts.append(data)


def _data(text: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_policy_names_what_stands_in_the_page_and_nothing_else() -> None:
    text = page(made_up_report(20))
    style = re.findall("<style>(.*?)</style>", text, re.DOTALL)
    script = re.findall("<script>(.*?)</script>", text, re.DOTALL)
    assert len(style) == len(script) == 1
    hashes = [base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in (script[0], style[0])]
    policy = dict(_Parts(text).tags[3][1])["content"]
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def test_the_page_asks_for_nothing() -> None:
    for tag, attributes in _Parts(page(made_up_report(20))).tags:
        assert not {"src", "srcset", "style", "onclick", "onerror"} & attributes.keys()
        assert tag not in ("img", "iframe", "object", "embed")
        assert attributes.get("href") in (None, "data:,")


def test_every_script_has_its_place_in_the_order() -> None:
    assert sorted(SCRIPTS) == sorted(path.name for path in FILES.glob("*.js"))


def test_no_script_reads_data_as_markup() -> None:
    for path in FILES.glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", path.read_text())


@pytest.mark.parametrize("text", [HOSTILE, "</style>", "{{ 7 * 7 }}"])
def test_hostile_texts_stay_in_their_places(text: str) -> None:
    report = made_up_report(12)
    usual = [tag for tag, _attributes in _Parts(page(report)).tags]
    report["title"] = report["lock"] = report["catalogue"] = text
    for minor in report["summary"]["minors"]:
        minor["minor"] = text
    for host in report["hosts"]:
        host.update(host=host["host"] + text, reason=text, root=text, drift=[text])
    written = page(report)
    assert [tag for tag, _attributes in _Parts(written).tags] == usual
    # What the file is written as has no half characters in it.
    written.encode()
    assert _data(written)["hosts"][0][0].endswith(text)


def test_embedded_data_is_ascii_without_markup() -> None:
    text = embedded({"a": HOSTILE})
    assert text.isascii()
    assert not set("<>&") & set(text)
    assert json.loads(text) == {"a": HOSTILE}


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("a\u202eb", "a\\u202eb"),
        ("\ud800", "\\ud800"),
        ("\u2066x\n", "\\u2066x\\x0a"),
        ("für 東京 \U0001f40d", "für 東京 \U0001f40d"),
    ],
)
def test_nothing_is_hidden(text: str, seen: str) -> None:
    assert visible(text) == seen


def test_what_recurs_is_there_once() -> None:
    report = made_up_report(2000)
    data = compact(report)
    homes = [home for host in report["hosts"] for home in host["homes"]]
    assert len(data["builds"]) < 120 < len(homes)
    assert len(data["platforms"]) == 5
    rows = [row for host in data["hosts"] for row in host[6]]
    for home, row in zip(homes, rows, strict=True):
        assert data["texts"][row[0]] == home["home"]
        assert data["builds"][row[1]].items() <= home.items()
        assert row[2:7] == [home[name] for name in ("installed", "linked_by", "previous_of", "processes", "size")]


def test_a_report_without_lock_and_advisories_claims_nothing_of_them() -> None:
    report = {**made_up_report(20), "lock": None, "advisories": None}
    text = page(report)
    data = _data(text)
    assert (data["locked"], data["advised"], data["known"]) == (False, False, {})
    assert "Advisories were not looked for." in text
    assert 'data-filter="drifted"' not in text
    assert 'data-filter="affected"' not in text


def test_a_fleet_of_nobody() -> None:
    text = page(made_up_report(0))
    assert "No Python was found." in text
    assert "<strong>0 hosts</strong> of 0 looked at" in text


def test_ten_thousand_hosts_are_quick_and_small() -> None:
    report = made_up_report(10_000)
    start = time.process_time()
    text = page(report)
    seconds = time.process_time() - start
    tracemalloc.start()
    page(report)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(text) < 5_000_000
    assert peak < 100_000_000
    # A tenth of it is usual; a machine may be slow and busy.
    assert seconds < 3
    print(f"{seconds:.2f} s, {peak / 1e6:.0f} MB at most, a page of {len(text) / 1e6:.1f} MB")
