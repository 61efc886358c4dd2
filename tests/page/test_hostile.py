# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that send markup, scripts and control characters in every text: they are shown, and nothing else happens."""

from __future__ import annotations

from typing import Any

import pytest
from selenium.webdriver.common.by import By

from tests.page.made_up import made_up_report
from tests.page.opened import Opened

HOSTILE = (
    "<script>window.hacked=1</script>",
    '"><img src=x onerror=window.hacked=1>',
    "\x1b[31m",
    "a\u202eb",
    "</script><script>window.hacked=1</script>",
    "<!--<script>",
    "{{ 7 * 7 }}",
    "__proto__",
)
SEEN = {"\x1b[31m": "\\x1b[31m", "a\u202eb": "a\\u202eb"}
# What decides which words are shown; a host cannot choose these.
_KEPT = ("format", "state", "findings", "generated", "lock", "platform")


def _planted(value: Any, text: str) -> Any:
    """The same with the text at the end of every other text."""
    if isinstance(value, str):
        return value + text
    if isinstance(value, list):
        return [_planted(each, text) for each in value]
    if isinstance(value, dict):
        return {key: each if key in _KEPT else _planted(each, text) for key, each in value.items()}
    return value


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_hostile_host_says_is_only_shown(opened: Opened, text: str) -> None:
    """Top, table and every detail show the text as it is; nothing runs, nothing is asked for."""
    report = _planted(made_up_report(12), text)
    report["lock"] = text
    for host in report["hosts"]:
        if host["platform"]:
            host["platform"] = {name: text if isinstance(it, str) else it for name, it in host["platform"].items()}
    opened.load(report)
    seen = SEEN.get(text, text)
    assert seen in opened.find("h1").text
    assert seen in opened.find(".made").text
    assert seen in opened.find(".bars").text
    names = opened.hosts()
    assert len(names) == 12
    assert all(name.endswith(seen) for name in names)
    for place in range(12):
        opened.run("document.querySelectorAll('#rows button.host')[arguments[0]].click()", place)
        assert opened.find("#detail-title").text == names[place]
        body = opened.find("#detail-body").text
        assert seen in body
        assert not opened.run("return document.querySelector('#detail img, #detail script')")
        assert not opened.run("return document.querySelector('#detail a:not([href^=\"https://\"])')")
        opened.click("#close")
    opened.search(text.replace("\x1b", "").replace("\u202e", ""))
    assert opened.run("return window.hacked") is None
    assert opened.browser.find_elements(By.TAG_NAME, "img") == []
    assert opened.requests() == []
    assert opened.complaints() == []


def test_an_address_that_runs_a_script_is_no_link(opened: Opened) -> None:
    """An advisory's URL is a link where it is https."""
    report = made_up_report(12)
    known = {
        name: {**each, "url": "javascript:window.hacked=1"} for name, each in report["advisories"]["known"].items()
    }
    report["advisories"] = {**report["advisories"], "known": known}
    affected = next(host["host"] for host in report["hosts"] if "affected" in host["findings"])
    opened.load(report, f"#host={affected}")
    assert "CVE-2025-4517" in opened.find("#detail").text
    assert opened.browser.find_elements(By.CSS_SELECTOR, "#detail a") == []
