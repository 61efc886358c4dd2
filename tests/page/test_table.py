# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The top and the table: counts, filters, search, order, the address."""

from __future__ import annotations

import re
from typing import Any

import pytest
from selenium.webdriver.common.by import By

from tests.page.made_up import made_up_report
from tests.page.opened import Opened

FLEET = made_up_report(60)
SUMMARY = FLEET["summary"]
COLUMNS = (
    "host",
    "state",
    "platform",
    "level",
    "python",
    "support",
    "newest",
    "openssl",
    "drift",
    "advisories",
    "processes",
    "size",
)
NUMBERS = ("drift", "advisories", "processes", "size")


def _natural(text: str | None) -> list[Any]:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text or "")]


def _bytes(text: str) -> float:
    number, unit = text.split()
    return float(number) * {"MB": 1, "GB": 1000}[unit]


def _named(wanted: dict[str, bool]) -> list[str]:
    return sorted(name for name, kept in wanted.items() if kept)


def test_it_opens_without_a_complaint_and_asks_nobody(opened: Opened) -> None:
    """Nothing in the console, nothing on the network, and the policy is in force."""
    opened.screenshot("light")
    assert opened.complaints() == []
    assert opened.requests() == []
    assert opened.run("return document.querySelectorAll('#rows tr[data-place]').length") > 20
    opened.run("const s = document.createElement('script'); s.text = 'window.added = 1'; document.body.append(s)")
    assert opened.run("return window.added") is None


def test_the_bars_say_how_many_hosts_and_their_support_in_words(opened: Opened) -> None:
    """One bar for each minor version, the longest for the most hosts."""
    bars = opened.browser.find_elements(By.CSS_SELECTOR, ".bar")
    said = [each.text.split("\n") for each in bars]
    words = {"bugfix": "bug fixes", "security": "security fixes only", "end_of_life": "end of life"}
    expected = [
        [each["minor"], f"{each['hosts']} host{'s' * (each['hosts'] != 1)}", words[each["support"]]]
        for each in SUMMARY["minors"]
    ]
    assert said == [*expected, ["none", f"{SUMMARY['without_python']} host", "no Python of ours"]]
    widths = [each.find_element(By.TAG_NAME, "rect").size["width"] for each in bars]
    hosts = [each["hosts"] for each in SUMMARY["minors"]]
    assert widths.index(max(widths)) == hosts.index(max(hosts))


def test_every_count_is_what_its_filter_keeps(opened: Opened) -> None:
    """Press each button alone: the rows are as many as it says."""
    buttons = opened.browser.find_elements(By.CSS_SELECTOR, ".count, .bar")
    assert len(buttons) == 9 + len(SUMMARY["minors"]) + 1
    for button in buttons:
        said = re.findall(r"^(\d+)(?: hosts?)?$", button.text, re.MULTILINE)
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        assert opened.shown() == f"{said[0]} of 60 hosts"
        button.click()
    assert opened.shown() == "60 hosts"


def test_the_worst_hosts_come_first(opened: Opened) -> None:
    """Whom nobody could look at, then by findings."""
    states = list(dict.fromkeys(opened.column("state")))
    assert states[:5] == ["unreachable", "refused", "not looked at", "damaged", "affected"]
    assert opened.find("[data-sort=state]").find_element(By.XPATH, "..").get_attribute("aria-sort") == "ascending"


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_sorts_both_ways(opened: Opened, name: str) -> None:
    """Who has nothing in the column comes last both times."""
    # High enough for all rows to be in the document.
    opened.size(1440, 4000)
    first = "descending" if name in NUMBERS else "ascending"
    if name == "state":
        opened.click("[data-sort=host]")
    for way in (first, "ascending" if first == "descending" else "descending"):
        opened.click(f"[data-sort={name}]")
        header = opened.find(f"th.column-{name}")
        assert header.get_attribute("aria-sort") == way
        found = opened.column(name)
        assert len(found) == 60
        words = [word for word in found if word]
        assert found[: len(words)] == words
        if name in ("host", "platform", "level", "drift", "advisories", "processes"):
            assert words == sorted(words, key=_natural, reverse=way == "descending")
        elif name == "size":
            sizes = [_bytes(word) for word in words]
            assert sizes == sorted(sizes, reverse=way == "descending")
        elif name in ("python", "openssl"):
            versions = [_natural(word.partition(",")[0]) for word in words if word[0] != "u"]
            assert versions == sorted(versions, reverse=way == "descending")
        elif name == "support":
            worst_first = ["end", "security", "bug"]
            ranks = [worst_first.index(word.split()[0]) for word in words]
            assert ranks == sorted(ranks, reverse=way == "descending")
        elif name == "newest":
            assert [word.split()[0] for word in words] == sorted(
                (word.split()[0] for word in words), reverse=way == "descending"
            )
        else:
            assert words[0 if way == "ascending" else -1] == "unreachable"


def test_versions_sort_as_versions(opened: Opened) -> None:
    """3.9 stands before 3.13, which stands before 3.14."""
    opened.size(1440, 4000)
    opened.click("[data-sort=python]")
    first = [str(word).partition(",")[0] for word in opened.column("python")]
    assert first.index("3.9.18") < first.index("3.13.2") < first.index("3.13.13") < first.index("3.14.8")


def test_typing_searches(opened: Opened) -> None:
    """Words of host, asset, library, reason and advisories find a host; all words must be there."""
    names = {host["host"]: host for host in FLEET["hosts"]}
    opened.search("web2.fra")
    assert opened.hosts() == ["web2.fra.example.net"]
    opened.search("cve-2024-8088")
    affected = {
        name: any("CVE-2024-8088" in home["advisories"] for home in host["homes"]) for name, host in names.items()
    }
    assert sorted(opened.hosts()) == _named(affected)
    opened.search("Timed Out")
    assert sorted(opened.hosts()) == _named({name: "timed out" in host["reason"] for name, host in names.items()})
    opened.search("openssl 3.0.9 aarch64")
    expected = {
        name: any(home["libraries"].get("openssl") == "3.0.9" and "aarch64" in home["asset"] for home in host["homes"])
        for name, host in names.items()
    }
    assert sorted(opened.hosts()) == _named(expected)
    opened.search("no such thing")
    assert opened.hosts() == []
    assert opened.shown() == "0 of 60 hosts"


def test_filters_combine(opened: Opened) -> None:
    """Two buttons and a bar keep the hosts that all three mean."""
    for selector in ("[data-filter=behind]", "[data-filter=affected]", "[data-minor='3.11']"):
        opened.click(selector)
    expected = {
        host["host"]: {"behind", "affected"} <= set(host["findings"])
        and any(home["minor"] == "3.11" for home in host["homes"])
        for host in FLEET["hosts"]
    }
    assert sorted(opened.hosts()) == _named(expected) != []
    opened.click("#clear")
    assert opened.shown() == "60 hosts"
    assert not opened.find("#clear").is_displayed()


def test_the_address_keeps_the_state_and_gives_it_back(opened: Opened) -> None:
    """It is written after each change, read at the start and when somebody edits it."""
    opened.click("[data-filter=behind]")
    opened.click("[data-filter=affected]")
    opened.click("[data-minor='3.13']")
    opened.click("[data-sort=size]")
    opened.search("x86_64 3.13.2")
    wanted = "#q=x86_64%203.13.2&f=behind,affected&m=3.13&sort=-size"
    opened.fragment(wanted)
    rows, shown = opened.hosts(), opened.shown()
    opened.reopen(wanted)
    assert (opened.hosts(), opened.shown()) == (rows, shown)
    assert opened.find("#search").get_attribute("value") == "x86_64 3.13.2"
    assert opened.find("[data-filter=affected]").get_attribute("aria-pressed") == "true"
    opened.go("#f=eol&host=web2.fra.example.net")
    assert opened.shown() == f"{SUMMARY['end_of_life']} of 60 hosts"
    assert opened.find("#detail-title").text == "web2.fra.example.net"
    opened.go("#sort=nonsense&f=nonsense&host=nobody")
    assert opened.shown() == "60 hosts"
    assert not opened.find("#detail").is_displayed()
    assert opened.complaints() == []


def test_the_link_is_copied(opened: Opened) -> None:
    """The button says so."""
    opened.click("[data-filter=eol]")
    opened.click("#copy")
    opened.browser.execute_async_script("setTimeout(arguments[0], 200)")
    assert opened.find("#copy").text == "Link copied"
    assert opened.run("return location.hash") == "#f=eol"


def test_nothing_is_claimed_of_what_was_not_looked_for(opened: Opened) -> None:
    """Without a lock there is no drift; without advisories the page says that nobody looked."""
    unsaid = {"affected", "drifted"}
    hosts = [{**host, "findings": [each for each in host["findings"] if each not in unsaid]} for host in FLEET["hosts"]]
    opened.load({**FLEET, "lock": None, "advisories": None, "hosts": hosts})
    text = opened.find("body").text
    assert "not looked for" in text
    assert "none given" in text
    assert not re.search("drift", text, re.IGNORECASE)
    assert "affected by" not in text
    assert opened.run("return document.querySelectorAll('thead th').length") == 10
    assert opened.complaints() == []
