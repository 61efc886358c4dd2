# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Details, colours, small windows, paper, assistive technology, and a fleet without end."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Sequence
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from ansible_collections.fleet.python.plugins.plugin_utils._report.gather import with_transfers
from tests.gates.node import node_modules
from tests.page.made_up import made_up_report
from tests.page.opened import Opened

FLEET = made_up_report(60)
# The time from an input event to the frame that shows its answer.
_KEY_PRESS = """
const [text, done] = arguments;
const field = document.getElementById('search');
field.value = text;
const start = performance.now();
field.dispatchEvent(new Event('input', { bubbles: true }));
requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
"""


def _host(finding: str) -> dict[str, Any]:
    """The first host of whom that is the worst, with a home that is known."""
    found = (host for host in FLEET["hosts"] if host["findings"][:1] == [finding] and host["homes"][0]["version"])
    return next(found)


def test_the_detail_says_what_was_sent_and_downloaded(opened: Opened) -> None:
    """Only if the report counts it."""
    host = FLEET["hosts"][0]["host"]
    build = {"sent_bytes": 11_300_000, "pulled_bytes": 2_000_000, "delta": True}
    opened.load(with_transfers(FLEET, [[(host, {"interpreters": [build]})]]), f"#host={host}")
    opened.fragment(f"#host={host}")
    text = opened.find("#detail").text
    for words in ("Sent to it in this run", "11.3 MB", "Downloaded by it in this run", "2.0 MB", "as a delta"):
        assert words in text
    opened.load(FLEET, f"#host={host}")
    assert "in this run" not in opened.find("#detail").text


@pytest.mark.parametrize("finding", ["affected", "damaged", "drifted", "leftovers"])
def test_the_detail_opens_by_keyboard_and_the_focus_returns(opened: Opened, finding: str) -> None:
    """Enter opens it, Escape closes it; it has everything that the report has."""
    host = _host(finding)
    opened.search(host["host"])
    opened.press(Keys.TAB)
    for _tab in range(30):
        if opened.focused() == host["host"]:
            break
        opened.press(Keys.TAB)
    opened.press(Keys.ENTER)
    opened.fragment(f"#q={host['host']}&host={host['host']}")
    text = opened.find("#detail").text
    for home in host["homes"]:
        known = ("home", "version", "release", "triple", "flavor", "build", "asset", "sha256", "source", "newest")
        words = [str(home[name]) for name in known]
        words += [f"{name} {version}" for name, version in home["libraries"].items()]
        words += [home["attestation"]["run"], home["attestation"]["commit"]]
        words += [*home["advisories"], *home["linked_by"], home["support"]["ends"], home["damage"]]
        assert [word for word in words if word not in text] == []
    others = [each["path"] for each in (*host["other_pythons"], *host["left_overs"])]
    sentences = [*host["drift"], *(each["asset"] for each in host["missing"]), *others]
    assert [word for word in sentences if word not in text] == []
    if finding == "affected":
        opened.screenshot("detail")
    opened.press(Keys.ESCAPE)
    assert not opened.find("#detail").is_displayed()
    assert opened.focused() == host["host"]
    opened.fragment(f"#q={host['host']}")


def test_arrows_move_from_row_to_row(opened: Opened) -> None:
    """Down, End and Home reach rows that were not in the document."""
    opened.load(made_up_report(500))
    opened.run("document.querySelector('#rows button').focus()")
    first = opened.focused()
    opened.press(Keys.ARROW_DOWN)
    assert opened.focused() == opened.hosts()[1]
    opened.press(Keys.END)
    assert opened.focused() == opened.hosts()[-1]
    assert opened.run("return document.activeElement.closest('tr').getAttribute('aria-rowindex')") == "501"
    opened.press(Keys.HOME)
    assert opened.focused() == first


def test_dark_is_dark(opened: Opened) -> None:
    """The background follows the system's setting."""
    script = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    light: Sequence[int] = opened.run(script)
    opened.colours("dark")
    dark: Sequence[int] = opened.run(script)
    opened.screenshot("dark")
    assert min(light) > 200
    assert max(dark) < 60


@pytest.mark.parametrize("fragment", ["", "#host=edge2.fra.example.net"])
def test_a_narrow_window_scrolls_the_table_and_not_the_page(opened: Opened, fragment: str) -> None:
    """At 400 pixels the page is as wide as the window."""
    opened.size(400, 860)
    opened.reopen(fragment)
    opened.screenshot("narrow-detail" if fragment else "narrow")
    assert opened.run("return document.documentElement.scrollWidth <= innerWidth")
    assert opened.run("const b = document.getElementById('box'); return b.scrollWidth > b.clientWidth")


def test_paper_has_every_row_and_no_buttons(opened: Opened) -> None:
    """Before printing all filtered rows are drawn; after it only those in view."""
    opened.load(made_up_report(500))
    opened.colours("light", "print")
    # A4, lying, as wide as its margins leave it.
    opened.size(1040, 720)
    opened.run("window.dispatchEvent(new Event('beforeprint'))")
    assert opened.run("return document.querySelectorAll('#rows tr[data-place]').length") == 500
    assert not opened.find("#copy").is_displayed()
    assert not opened.find("#search").is_displayed()
    assert opened.run("return getComputedStyle(document.querySelector('thead')).display") == "table-header-group"
    box = "const b = document.getElementById('box'); return b.scrollHeight <= b.clientHeight + 1"
    assert opened.run(box)
    assert opened.run("return document.documentElement.scrollWidth <= innerWidth")
    opened.screenshot("paper")
    opened.colours("light")
    opened.run("window.dispatchEvent(new Event('afterprint'))")
    assert opened.run("return document.querySelectorAll('#rows tr[data-place]').length") < 100


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("fragment", ["", "#f=behind&m=3.13", "#host=edge2.fra.example.net"])
def test_axe_finds_nothing(opened: Opened, scheme: str, fragment: str) -> None:
    """No violation of what axe-core checks, contrast among it."""
    opened.colours(scheme)
    opened.reopen(fragment)
    if scheme == "dark" and "host" in fragment:
        opened.screenshot("detail-dark")
    opened.run((node_modules() / "axe-core" / "axe.min.js").read_text())
    result = opened.browser.execute_async_script("axe.run().then(arguments[0])")
    found = [(each["id"], node["html"][:160]) for each in result["violations"] for node in each["nodes"]]
    assert found == []
    assert len(result["passes"]) > 15


def test_ten_thousand_hosts(opened: Opened) -> None:
    """The document stays small and the search is right; how long a key press takes is printed."""
    report = made_up_report(10_000)
    start = time.perf_counter()
    opened.load(report)
    seconds = time.perf_counter() - start
    count = "return document.querySelectorAll('#rows tr').length"
    assert opened.run(count) < 100
    assert opened.find("#table").get_attribute("aria-rowcount") == "10001"
    opened.screenshot("10000-hosts")
    opened.run("document.getElementById('box').scrollTop = 200000")
    opened.browser.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0]))")
    assert opened.run(count) < 100
    assert len(opened.hosts()) > 20
    words = ("c", "cv", "cve-2024", "cve-2024-8088", "cve-2024-8088 web", "web1", "musl", "musl 3.13")
    times = [opened.browser.execute_async_script(_KEY_PRESS, word) for word in words for _time in range(3)]
    figures = {
        "hosts": 10_000,
        "made_and_opened_seconds": round(seconds, 2),
        "first_key_press_ms": round(times[0], 1),
        "key_press_ms_median": round(statistics.median(times), 1),
        "key_press_ms_worst": round(max(times), 1),
    }
    print(f"\n{json.dumps(figures)}")
    opened.search("CVE-2024-8088 web")
    expected = [
        host
        for host in report["hosts"]
        if "web" in host["host"] and any("CVE-2024-8088" in home["advisories"] for home in host["homes"])
    ]
    assert opened.shown() == f"{len(expected):,} of 10,000 hosts"
    assert opened.complaints() == []
