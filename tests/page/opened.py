# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page of a report in a browser: what a person does with it, and what a person sees."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from ansible_collections.fleet.python.plugins.plugin_utils._report.page import page
from tests.gates.places import BUILD

_SCREENSHOTS = BUILD / "screenshots"
# The words of a column in the rows that are in the document, from the top on.
_COLUMN = """
return [...document.querySelectorAll('#rows tr[data-place]')].map((row) => {
    const cell = row.querySelector('.column-' + arguments[0]);
    return cell ? cell.textContent : null;
});
"""


class Opened:
    """A page in the browser. ``folder`` is where its file goes."""

    def __init__(self, browser: webdriver.Chrome, folder: Path) -> None:
        self.browser = browser
        self._file = folder / "report.html"

    def load(self, report: Mapping[str, Any], fragment: str = "") -> None:
        """Open the page of a report."""
        self._file.write_text(page(report), encoding="utf-8")
        self.reopen(fragment)

    def reopen(self, fragment: str = "") -> None:
        """Open the file anew, as a link to it does."""
        self.browser.get("about:blank")
        for kind in ("browser", "performance"):
            self._log(kind)
        self.browser.get(self._file.as_uri() + fragment)

    def run(self, script: str, *arguments: object) -> Any:
        """Run a script in the page and return its result."""
        return self.browser.execute_script(script, *arguments)

    def find(self, selector: str) -> WebElement:
        """Return the element that a CSS selector finds."""
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector: str) -> None:
        """Click on an element."""
        self.find(selector).click()

    def column(self, name: str) -> list[str | None]:
        """Return the words of a column, None where a row has a reason in its place."""
        words: list[str | None] = self.run(_COLUMN, name)
        return words

    def hosts(self) -> list[str]:
        """Return the names of the hosts in the document."""
        return [str(name) for name in self.column("host")]

    def shown(self) -> str:
        """Return what the page says of the number of rows."""
        return self.find("#shown").text

    def search(self, text: str) -> None:
        """Type into the search field, which is emptied before."""
        field = self.find("#search")
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text or Keys.DELETE)

    def press(self, *keys: str) -> None:
        """Press keys where the focus is."""
        self.browser.switch_to.active_element.send_keys(*keys)

    def focused(self) -> str:
        """Return the text of what has the focus."""
        return str(self.run("return document.activeElement.textContent"))

    def fragment(self, expected: str) -> None:
        """Wait until the address has a fragment: the page writes it a moment after a change."""
        wait = WebDriverWait(self.browser, 5, poll_frequency=0.05)
        wait.until(lambda _browser: self.run("return location.hash") == expected, f"no {expected!r}")

    def go(self, fragment: str) -> None:
        """Change the fragment as a person does who edits the address."""
        # The browser tells the page later, and the page draws in a frame after that.
        script = (
            "const done = arguments[1]; addEventListener('hashchange', () => requestAnimationFrame(() => "
            "requestAnimationFrame(() => done())), {once: true}); location.hash = arguments[0];"
        )
        self.browser.execute_async_script(script, fragment)

    def size(self, width: int, height: int) -> None:
        """Make the window so large."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def colours(self, scheme: str, media: str = "") -> None:
        """Set what the system prefers (light or dark), and for which medium the page is drawn."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features, "media": media})

    def screenshot(self, name: str) -> None:
        """Keep what is seen."""
        _SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.browser.save_screenshot(str(_SCREENSHOTS / f"{name}.png"))

    def _log(self, kind: str) -> list[dict[str, Any]]:
        """Return what a log of the browser has got since it was last asked; get_log() of selenium has no types."""
        entries: list[dict[str, Any]] = self.browser.execute("getLog", {"type": kind})["value"]
        return entries

    def complaints(self) -> list[str]:
        """Return what the console says."""
        return [entry["message"] for entry in self._log("browser")]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for, but for the page itself and data within it."""
        messages = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        sent = [each["params"] for each in messages if each["method"] == "Network.requestWillBeSent"]
        urls = [str(each["request"]["url"]) for each in sent]
        ours = (self._file.as_uri(), "data:", "about:blank")
        return [url for url in urls if not url.startswith(ours)]
