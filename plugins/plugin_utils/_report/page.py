# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML file, which asks nobody for anything: styles, script and data stand in it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import jinja2

from ansible_collections.fleet.python.plugins.plugin_utils._report.gather import BYTES

# Not page/: ansible-core's loader takes a folder of that name for the module, and does not see this file.
FILES: Final = Path(__file__).with_name("page_files")
# In this order they are one script.
SCRIPTS: Final = ("text.js", "data.js", "columns.js", "address.js", "filter.js", "table.js", "detail.js", "main.js")

# The fields of a home that its build decides: very many hosts have the same.
_BUILD: Final = (
    "version",
    "minor",
    "release",
    "triple",
    "flavor",
    "build",
    "asset",
    "sha256",
    "source",
    "level",
    "libraries",
    "support",
    "newest",
    "behind",
    "lock",
    "advisories",
    "attestation",
)
_TABLES: Final = ("texts", "platforms", "builds", "others", "leftovers", "missing")
# What a browser would obey in place of showing it: control characters, marks and overrides of direction,
# what has no width. Half characters (surrogates) cannot be written as UTF-8.
_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_NO_MARKUP: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
_SUPPORT: Final = {
    "feature": "in development",
    "bugfix": "bug fixes",
    "security": "security fixes only",
    "end_of_life": "end of life",
    "unknown": "support unknown",
}


def page(report: Mapping[str, Any]) -> str:
    """Return the HTML text of a report, which is given in its JSON form."""
    style, script = _text("report.css"), joined_script()
    return _template().render(
        report=report,
        summary=report["summary"],
        counts=_counts(report),
        bars=_bars(report["summary"]),
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        data=embedded(compact(report)),
    )


def compact(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the script needs of a report: what recurs stands in tables, hosts and homes are rows.

    data.js reads it; the order of the fields in rows is the order there.
    """
    tables = {name: _Table() for name in _TABLES}
    hosts = [_host(host, tables) for host in report["hosts"]]
    advisories = report["advisories"]
    known = {} if advisories is None else advisories["known"]
    mentioned = dict.fromkeys(name for build in tables["builds"].values for name in build["advisories"] or ())
    return {
        "locked": report["lock"] is not None,
        "advised": advisories is not None,
        "known": {name: known[name] for name in mentioned if name in known},
        **{name: table.values for name, table in tables.items()},
        "hosts": hosts,
    }


class _Table:
    """Distinct values in the order of their first mention."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._places: dict[str, int] = {}

    def index(self, value: Any) -> int:
        """Return the place of a value, which is added where it is new."""
        key = value if isinstance(value, str) else json.dumps(value)
        place = self._places.setdefault(key, len(self.values))
        if place == len(self.values):
            self.values.append(value)
        return place


def _host(host: Mapping[str, Any], tables: Mapping[str, _Table]) -> list[Any]:
    text = tables["texts"].index
    return [
        host["host"],
        host["state"],
        text(host["reason"] or ""),
        host["findings"],
        text(host["root"] or ""),
        -1 if host["platform"] is None else tables["platforms"].index(host["platform"]),
        [_home(home, tables) for home in host["homes"]],
        [text(sentence) for sentence in host["drift"]],
        [tables["missing"].index(each) for each in host["missing"]],
        [tables["others"].index(each) for each in host["other_pythons"]],
        [tables["leftovers"].index(each) for each in host["left_overs"]],
        *([[host["transfers"][name] for name in BYTES]] if "transfers" in host else []),
    ]


def _home(home: Mapping[str, Any], tables: Mapping[str, _Table]) -> list[Any]:
    text = tables["texts"].index
    return [
        text(home["home"]),
        tables["builds"].index({name: home[name] for name in _BUILD}),
        home["installed"],
        home["linked_by"],
        home["previous_of"],
        home["processes"],
        home["size"],
        text(home["damage"] or ""),
        home["starts"],
    ]


def embedded(data: object) -> str:
    """Return data as JSON that no HTML parser can take for markup: of ASCII alone, without < > &."""
    return json.dumps(data, separators=(",", ":")).translate(_NO_MARKUP)


def visible(text: object) -> str:
    """Return a text in which nothing is hidden, such as ``\\x1b`` for an escape; text.js does the same."""
    return _UNSEEN.sub(_spelled, str(text))


def _spelled(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def _counts(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the filters with a count: their name in the address, their words, how many hosts they keep."""
    summary = report["summary"]
    words = [("damaged", "damaged", "damaged")]
    if report["advisories"] is not None:
        words.append(("affected", "affected by advisories", "affected"))
    words.append(("eol", "past end of life", "end_of_life"))
    if report["lock"] is not None:
        words.append(("drifted", "drifted from the lock", "drifted"))
    words += [("behind", "behind the newest patch", "behind"), ("leftovers", "with leftovers", "leftovers")]
    words.append(("unreachable", "unreachable", "unreachable"))
    # These are rare: they are shown where there are some.
    rare = [("refused", "refused", "refused"), ("unseen", "not looked at", "not_looked_at")]
    words += [each for each in rare if summary[each[2]]]
    return [{"name": name, "label": label, "hosts": summary[key]} for name, label, key in words]


def _bars(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the bars of the chart, each with its length in percent of the longest one."""
    bars = [
        {
            "minor": each["minor"],
            "hosts": each["hosts"],
            "support": each["support"] if each["support"] in _SUPPORT else "unknown",
        }
        for each in summary["minors"]
    ]
    if summary["without_python"]:
        bars.append({"minor": "none", "hosts": summary["without_python"], "support": "none"})
    longest = max((each["hosts"] for each in bars), default=0) or 1
    return [{**each, "percent": max(1, round(99 * each["hosts"] / longest, 2))} for each in bars]


def joined_script() -> str:
    """Return the one script that the files are together; nothing of it is visible to other scripts."""
    return "\n".join(["(() => {", "'use strict';", *(_text(name) for name in SCRIPTS), "})();"])


@cache
def _text(name: str) -> str:
    return (FILES / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["visible"] = visible
    environment.filters["count"] = _count
    environment.globals["support_words"] = _SUPPORT
    return environment.from_string(_text("report.html.j2"))


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
